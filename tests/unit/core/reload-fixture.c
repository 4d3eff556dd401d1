/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>

#include "reload-fixture.h"

static void replace(char **text, const char *s)
{
    free(*text);
    *text = strdup(s);
    assert_non_null(*text);
}

EngineSpec *spec_next(void)
{
    EngineSpec *spec = spec_sample();

    replace(&spec->model_path, "/models/next.gguf");
    replace(&spec->engine_version, "b5000");
    spec->port = 8081;
    return spec;
}

void reload_within(Fixture *f, const char *ref, EngineSpec *spec, usec_t within_usec)
{
    ReloadRequest *request = calloc(1, sizeof(ReloadRequest));

    assert_non_null(request);
    replace(&request->model_ref, ref);
    request->spec = spec;
    step(f, (Event){.type = EVENT_RELOAD,
                    .command = {.operation = ++f->operations,
                                .reload = request,
                                .within_usec = within_usec}});
}

void reload(Fixture *f, const char *ref)
{
    reload_within(f, ref, NULL, RELOAD_WITHIN_USEC);
}

void reload_to(Fixture *f, EngineSpec *spec)
{
    reload_within(f, "hf:next", spec, RELOAD_WITHIN_USEC);
}

void staged_for(Fixture *f, uint64_t operation, const char *path)
{
    Event event = {.type = EVENT_STAGED, .staged = {.operation = operation}};

    if (path)
        replace(&event.staged.model_path, path);
    else
        (void)snprintf(event.staged.error, sizeof(event.staged.error), "HTTP status 404");
    step(f, event);
}

void staged(Fixture *f, const char *path)
{
    staged_for(f, f->pool->operation.id, path);
}

void staging_failed(Fixture *f)
{
    staged(f, NULL);
}

void release_lease(Fixture *f)
{
    char id[LEASE_ID_MAX + 1];

    lease_id_format(f->pool, f->pool->leases.first, id);
    assert_true(lease_release(f->pool, id));
    step(f, (Event){.type = EVENT_LEASES});
}

void driver_fault(Fixture *f)
{
    step(f, (Event){.type = EVENT_DRIVER_FAULT,
                    .generation = f->pool->generation,
                    .failure = "GPU 0 has fallen off the bus"});
}

void reach_phase(Fixture *f, ReloadPhase phase)
{
    fresh(f, POOL_READY);
    if (phase == RELOAD_DRAINING)
        (void)lease_for(f, SPEC_UNSET);
    if (phase == RELOAD_DRAINING || phase == RELOAD_STAGING)
        reload(f, "hf:next");
    else
        reload_to(f, spec_next());
    if (phase > RELOAD_LEAVING)
        observe(f, unit_left(CLD_EXITED, 0));
    if (phase > RELOAD_ARRIVING)
        facts_bad(f);
    assert_int_equal(f->pool->reload.phase, phase);
}

void arrive(Fixture *f)
{
    observe(f, unit_left(CLD_EXITED, 0));
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
}

void arriving_start_fails(Fixture *f)
{
    facts_good(f);
    start_failed(f);
}

void arriving_exits(Fixture *f)
{
    facts_good(f);
    observe(f, unit_failed(CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE));
}

void arriving_leaves(Fixture *f)
{
    facts_good(f);
    observe(f, unit_running());
    observe(f, unit_left(CLD_EXITED, 0));
}

void arriving_is_no_program(Fixture *f)
{
    facts_good(f);
    observe(f, unit_failed(CLD_EXITED, 203, UNIT_RESULT_EXIT_CODE));
}

void arriving_times_out(Fixture *f)
{
    facts_good(f);
    observe(f, unit_running());
    while (f->pool->state == POOL_WARMING) {
        if (f->pool->probe_running)
            probe(f, false);
        else
            timer(f);
    }
    observe(f, unit_left(CLD_KILLED, SIGTERM));
}

void arriving_has_driver_fault(Fixture *f)
{
    facts_good(f);
    observe(f, unit_running());
    driver_fault(f);
    observe(f, unit_left(CLD_KILLED, SIGTERM));
}

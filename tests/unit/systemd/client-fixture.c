/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <syslog.h>
/* after those that it needs */
#include <cmocka.h>

#include "client-fixture.h"
#include "systemd/journal.h"

static Seen *add(Fixture *f, SeenType type, const UnitName *name, const char *text)
{
    Seen *seen;

    assert_true(f->n_seen < ELEMENTSOF(f->seen));
    seen = &f->seen[f->n_seen++];
    *seen = (Seen){.type = type};
    if (name)
        seen->name = *name;
    (void)snprintf(seen->text, sizeof(seen->text), "%s", text ? text : "");
    return seen;
}

static void on_observed(const UnitName *name, const UnitObservation *u, void *userdata)
{
    add(userdata, SEEN_OBSERVED, name, NULL)->u = *u;
}

static void on_start_failed(const UnitName *name, const char *error_text, void *userdata)
{
    add(userdata, SEEN_START_FAILED, name, error_text);
}

static void on_stop_failed(const UnitName *name, const char *error_text, void *userdata)
{
    add(userdata, SEEN_STOP_FAILED, name, error_text);
}

static void on_attached(int error, const char *error_text, void *userdata)
{
    add(userdata, SEEN_ATTACHED, NULL, error_text)->error = error;
}

static UnitKnown on_known(const UnitName *name, uint32_t job, void *userdata)
{
    const Fixture *f = userdata;

    return f->known;
}

static const UnitClientCallbacks callbacks = {
        .observed = on_observed,
        .start_failed = on_start_failed,
        .stop_failed = on_stop_failed,
        .known = on_known,
        .attached = on_attached,
};

int fixture_set_up(void **state)
{
    Fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    journal_set_max_level(LOG_EMERG);
    f->manager = fake_new();
    assert_return_code(unit_client_new(fake_client(f->manager), &callbacks, f, &f->client), 0);
    fake_settle(f->manager);
    *state = f;
    return 0;
}

int fixture_tear_down(void **state)
{
    Fixture *f = *state;

    unit_client_free(f->client);
    fake_free(f->manager);
    free(f);
    return 0;
}

void fixture_attach(Fixture *f)
{
    assert_return_code(unit_client_attach(f->client), 0);
    fake_settle(f->manager);
    fake_reply(f->manager, fake_call(f->manager, "Subscribe", 0), "");
    fake_settle(f->manager);
    fake_reply(f->manager, fake_call(f->manager, "ListUnitsByPatterns", 0), "a(ssssssouso)", 0);
    fake_settle(f->manager);
    assert_int_equal(fixture_seen(f, SEEN_ATTACHED), 1);
    assert_int_equal(fixture_last(f, SEEN_ATTACHED)->error, 0);
    fake_forget(f->manager);
    fixture_forget(f);
}

size_t fixture_seen(const Fixture *f, SeenType type)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n_seen; i++)
        n += f->seen[i].type == type;
    return n;
}

const Seen *fixture_last(const Fixture *f, SeenType type)
{
    size_t i = f->n_seen;

    assert_true(fixture_seen(f, type) > 0);
    do
        i--;
    while (f->seen[i].type != type);
    return &f->seen[i];
}

void fixture_forget(Fixture *f)
{
    f->n_seen = 0;
}

sd_bus_message *fixture_only_call(Fixture *f, const char *member)
{
    sd_bus_message *m;

    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, NULL), 1);
    m = fake_call(f->manager, member, 0);
    fake_forget(f->manager);
    return m;
}

sd_bus_message *fixture_read_call(Fixture *f, const char *unit)
{
    assert_return_code(unit_client_query(f->client, unit), 0);
    fake_reply(f->manager, fixture_only_call(f, "GetUnit"), "o", PATH_A);
    return fixture_only_call(f, "GetAll");
}

int fixture_start(Fixture *f, const char *unit)
{
    UnitPlan plan = {0};

    (void)snprintf(plan.name, sizeof(plan.name), "%s", unit);
    return unit_client_start(f->client, &plan);
}

void assert_gone(const Seen *seen)
{
    assert_int_equal(seen->type, SEEN_OBSERVED);
    assert_int_equal(seen->u.fields, UNIT_FIELD_LOAD | UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB);
    assert_int_equal(seen->u.load, UNIT_LOAD_NOT_FOUND);
    assert_int_equal(seen->u.active, UNIT_ACTIVE_INACTIVE);
    assert_int_equal(seen->u.job, 0);
}

const char *unit_number(char buffer[static 64], unsigned n)
{
    (void)snprintf(buffer, 64, "pool@p%u:r0:g1.service", n);
    return buffer;
}

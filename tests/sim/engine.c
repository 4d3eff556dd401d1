/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>

#include "world.h"

static char *copy(const char *s)
{
    char *c = strdup(s);

    if (!c)
        abort();
    return c;
}

static uint64_t one_of(Prng *p, const uint64_t *values, size_t n)
{
    return values[prng_range(p, 0, n - 1)];
}

static void draw_policy(Prng *p, EngineSpec *spec)
{
    SupervisionSettings *numbers = &spec->policy.numbers;

    if (prng_one_in(p, 2))
        return;
    spec->policy.restart = (RestartPolicy)prng_range(p, 0, RESTART_MAX - 1);
    numbers->backoff_initial_usec = prng_range(p, 1, 2000) * USEC_PER_MSEC;
    numbers->breaker_threshold = prng_range(p, 1, 3);
    numbers->breaker_open_usec = prng_range(p, 1, 5000) * USEC_PER_MSEC;
    numbers->restart_limit = prng_range(p, 1, 5);
    numbers->counter_reset_usec = prng_range(p, 1, 20) * USEC_PER_SEC;
}

SpecId spec_draw(uint64_t seed, uint64_t model)
{
    Prng p = {seed};
    unsigned replica = prng_one_in(&p, 4);

    return (SpecId){seed, model, replica, (unsigned)prng_range(&p, 0, 2), 0};
}

bool spec_id_equal(SpecId a, SpecId b)
{
    return a.seed == b.seed && a.model == b.model && a.replica == b.replica && a.mask == b.mask;
}

static const char *const models[SIM_MODELS] = {"/model/0", "/model/1", "/model/2", "/model/3"};
static const char *const masks[] = {NULL, "0", "0,1"};

const char *model_path(uint64_t model)
{
    return models[model];
}

/* What spec_make() made, whatever has become of it: paths and masks are told by one character. */
SpecId spec_id(const EngineSpec *spec)
{
    if (!spec)
        return (SpecId){.seed = 0};
    return (SpecId){
            .seed = spec->ram_bytes,
            .model = (uint64_t)(spec->model_path[strlen("/model/")] - '0'),
            .replica = spec_replica(spec),
            .mask = !spec->device_mask             ? 0
                    : spec->device_mask[1] == '\0' ? 1
                                                   : 2,
            .port = spec->port,
    };
}

uint64_t spec_behaviour(const EngineSpec *spec)
{
    return spec->ram_bytes + spec_id(spec).model;
}

/* ram_bytes carries the seed. */
EngineSpec *spec_make(size_t pool, SpecId id)
{
    static const uint64_t timeouts[] = {SPEC_UNSET, SPEC_UNSET, 1, 300, 3000};
    static const uint64_t graces[] = {SPEC_UNSET, 0, 1, 200, 20000};
    static const uint64_t failures[] = {SPEC_UNSET, 1, 2, 5};
    Prng p = {id.seed};
    EngineSpec *spec;
    char text[32];

    if (id.seed == 0)
        return NULL;
    if (id.port == 0)
        id.port = (uint16_t)(8000 + pool);
    if (engine_spec_new(&spec) < 0)
        abort();
    spec->pool_id = copy(pool_name(pool));
    spec->replica_id = copy(id.replica ? "r1" : "r0");
    spec->binary_path = copy("/engine");
    spec->host = copy("127.0.0.1");
    spec->port = id.port;
    (void)snprintf(text, sizeof(text), "-m=%s", models[id.model]);
    if (strv_extend(&spec->flags, text) < 0)
        abort();
    (void)snprintf(text, sizeof(text), "--port=%u", (unsigned)id.port);
    /* Some cannot be told where to listen. */
    if (id.seed % 7 != 0 && strv_extend(&spec->flags, text) < 0)
        abort();
    spec->model_path = copy(models[id.model]);
    if (masks[id.mask])
        spec->device_mask = copy(masks[id.mask]);
    spec->engine = copy("llamacpp");
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)(id.seed % 8));
    spec->engine_version = copy(text);
    spec->ram_bytes = id.seed;
    spec->health.timeout_ms = one_of(&p, timeouts, ELEMENTSOF(timeouts));
    spec->health.failures = one_of(&p, failures, ELEMENTSOF(failures));
    spec->stop_grace_ms = one_of(&p, graces, ELEMENTSOF(graces));
    draw_policy(&p, spec);
    return spec;
}

unsigned spec_replica(const EngineSpec *spec)
{
    return spec->replica_id[1] == '0' ? 0 : 1;
}

static usec_t ms(Prng *p, uint64_t min, uint64_t max)
{
    return prng_range(p, min, max) * USEC_PER_MSEC;
}

static void draw_exit(Prng *p, Behaviour *b)
{
    static const struct {
        int code, status;
        UnitResult result;
    } exits[] = {
            {CLD_EXITED, 0, UNIT_RESULT_SUCCESS},
            {CLD_EXITED, 1, UNIT_RESULT_EXIT_CODE},
            {CLD_EXITED, 217, UNIT_RESULT_EXIT_CODE},
            {CLD_KILLED, SIGTERM, UNIT_RESULT_SUCCESS},
            {CLD_KILLED, SIGKILL, UNIT_RESULT_SIGNAL},
            {CLD_DUMPED, SIGSEGV, UNIT_RESULT_CORE_DUMP},
            {CLD_KILLED, SIGKILL, UNIT_RESULT_OOM_KILL},
    };
    size_t i = prng_range(p, 0, ELEMENTSOF(exits) - 1);

    b->exit_code = exits[i].code;
    b->exit_status = exits[i].status;
    b->exit_result = exits[i].result;
    b->exit_usec = USEC_INFINITY;
    if (prng_one_in(p, 6))
        b->exit_usec = ms(p, 0, 3); /* at once */
    else if (prng_one_in(p, 3))
        b->exit_usec = ms(p, 0, 60000);
}

static void draw_health(Prng *p, Behaviour *b)
{
    b->healthy_usec = b->unhealthy_usec = USEC_INFINITY;
    if (!prng_one_in(p, 6))
        b->healthy_usec = prng_one_in(p, 2) ? ms(p, 0, 20) : ms(p, 0, 4000);
    if (prng_one_in(p, 4))
        b->unhealthy_usec = ms(p, 0, 60000);
    if (prng_one_in(p, 4))
        b->flaky = prng_range(p, 2, 4);
}

static void draw_stop(Prng *p, Behaviour *b)
{
    b->term_usec = prng_one_in(p, 4) ? USEC_INFINITY : ms(p, 0, prng_one_in(p, 3) ? 8000 : 50);
    b->term_exits = prng_one_in(p, 2);
    b->kill_usec = prng_one_in(p, 12) ? ms(p, 0, 200000) : ms(p, 0, 30);
    if (prng_one_in(p, 5))
        b->children_usec = ms(p, 0, prng_one_in(p, 6) ? 200000 : 3000);
    b->refuse_stop = prng_one_in(p, 20);
}

void behaviour_draw(uint64_t seed, Behaviour *ret)
{
    Prng p = {seed ^ 0x5851f42d4c957f2d};

    *ret = (Behaviour){0};
    ret->refuse_start = prng_one_in(&p, 20);
    ret->exec_fails = prng_one_in(&p, 16);
    ret->queue_usec = prng_one_in(&p, 8) ? ms(&p, 0, 2000) : 0;
    ret->exec_usec = ms(&p, 0, prng_one_in(&p, 4) ? 300 : 10);
    draw_exit(&p, ret);
    draw_health(&p, ret);
    draw_stop(&p, ret);
}

/* Whether it answers a health check right now. */
bool engine_answers(World *w, const Unit *u)
{
    usec_t age = usec_sub(w->now, u->executed);

    if (!u->process || u->phase == UNIT_QUEUED || u->phase == UNIT_ACTIVATING)
        return false;
    if (u->behaviour.flaky > 0 && prng_one_in(&w->prng, u->behaviour.flaky))
        return false;
    return age >= u->behaviour.healthy_usec && age < u->behaviour.unhealthy_usec;
}

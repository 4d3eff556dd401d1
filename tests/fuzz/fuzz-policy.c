/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/machine.h"
#include "fuzz.h"
#include "manager/config.h"
#include "json/encode.h"
#include "json/reader.h"
#include "json/state_file.h"

/*
 * What becomes of a pool whose state file was accepted: the manager takes it over, and something
 * happens to it. The state file is followed by an empty line and by events, three bytes each: which
 * one, what of it, and how much later. Whatever is saved on the way can be read back.
 */

/* The defaults, but that fewer failures are enough for what follows from them. */
static Settings *settings;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const ConfigSources none = {.file = "/dev/null"};
    Error error = {0};

    REQUIRE(settings_load(&none, NULL, NULL, &settings, &error) >= 0);
    settings->policy.supervision.breaker_threshold = 2;
    settings->policy.supervision.storm_warning_count = 2;
    settings->policy.supervision.storm_breaker_count = 3;
    settings->policy.supervision.oom_storm_count = 2;
    return 0;
}

enum { EVENTS_MAX = 64 };

typedef struct Life {
    Pool *pool;
    Instant now;
    uint64_t operations;
    bool forgotten;
} Life;

static UnitObservation observe(const Pool *engine, uint8_t what)
{
    static const UnitActive active[] = {UNIT_ACTIVE_ACTIVE,       UNIT_ACTIVE_ACTIVATING,
                                        UNIT_ACTIVE_DEACTIVATING, UNIT_ACTIVE_FAILED,
                                        UNIT_ACTIVE_INACTIVE,     UNIT_ACTIVE_UNKNOWN};

    if (engine->generation == 0) /* no unit has that number */
        return (UnitObservation){.fields = UNIT_FIELD_LOAD, .load = UNIT_LOAD_NOT_FOUND};
    return (UnitObservation){
            .fields = UNIT_FIELD_LOAD | UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB | UNIT_FIELD_RESULT |
                      UNIT_FIELD_MAIN_PID | UNIT_FIELD_EXEC_MAIN_CODE |
                      UNIT_FIELD_EXEC_MAIN_STATUS | (what & 0x40 ? UNIT_FIELD_POPULATED : 0U),
            .load = what & 0x80 ? UNIT_LOAD_NOT_FOUND : UNIT_LOAD_LOADED,
            .active = active[(what & 7) % ELEMENTSOF(active)],
            .job = what & 8 ? 1 : 0,
            .result = (UnitResult)((what >> 3) % (UNIT_RESULT_OTHER + 1)),
            .main_pid = (what & 7) < 3 ? 4711 : 0,
            .exec_main_code = (what & 7) < 3 ? 0 : 1 + (what >> 4) % 3,
            .exec_main_status = what & 0x20 ? 203 : what >> 6,
            .populated = what & 0x40,
            .active_enter_real_usec = engine->started.real,
    };
}

/* False for an event that this target does not make. */
static bool make_event(Life *life, uint8_t type, uint8_t what, Event *ret)
{
    Pool *engine = what & 1 && life->pool->beside ? life->pool->beside : life->pool;
    Event e = {.type = (EventType)(type % EVENT_MAX), .uses_gpu = what & 2};

    if (e.type > EVENT_LEASES && e.type != EVENT_FACTS)
        e.generation = engine->generation;
    switch (e.type) {
    case EVENT_PRELOAD:
        if (!engine->spec || engine_spec_copy(engine->spec, &e.command.spec) < 0)
            return false;
        e.command.unattended = what & 4;
        break;
    case EVENT_RELOAD: /* its request is checked before */
    case EVENT_HANDOFF:
        return false;
    case EVENT_DRAIN:
        e.command.within_usec = what * USEC_PER_MSEC;
        break;
    case EVENT_LOAD:
        e.load.read_bytes = e.load.model_bytes = what;
        break;
    case EVENT_STAGED:
        e.staged.operation = life->pool->operation.id;
        e.staged.model_path = what & 4 ? strdup("/m/staged.gguf") : NULL;
        (void)snprintf(e.staged.error, sizeof(e.staged.error), "it failed");
        break;
    case EVENT_OUTPUT:
        e.output.failure = (FailureClass)(what % FAILURE_MAX);
        (void)snprintf(e.output.line, sizeof(e.output.line), "line %u", what);
        break;
    case EVENT_GPU_MEMORY:
        e.gpu_memory.memory = (GpuMemory)(what % 3);
        break;
    case EVENT_FACTS:
        e.facts.attempt = engine->attempt;
        if (what & 4)
            (void)error_set(&e.facts.error, PM_ERROR_PRELOAD_FAILED, NULL, "no");
        break;
    case EVENT_UNIT:
    case EVENT_RECOVER:
        e.unit = observe(engine, what);
        break;
    case EVENT_PROBE:
        e.probe.good = what & 4;
        break;
    default:
        break;
    }
    if (e.type <= EVENT_BREAKER_ALLOW)
        e.command.operation = ++life->operations;
    *ret = e;
    return true;
}

static void require_readable(const Pool *pool)
{
    _cleanup_(pool_freep) Pool *copy = NULL;
    _cleanup_free_ char *text = NULL;
    Error error = {0};
    size_t length;

    REQUIRE(json_text(json_state_file(pool), true, &text, &length) == 0);
    if (length <= PM_BODY_MAX && state_file_parse(text, length, pool->id, &copy, &error) < 0) {
        (void)fprintf(stderr, "%s: %s\n%s", error.field, error.text, text);
        abort();
    }
}

static void live(Life *life, Event *event)
{
    Effects effects = {.count = 0};

    pool_step(life->pool, event, &settings->policy, life->now, life->now.mono, &effects);
    for (size_t i = 0; i < effects.count && !life->forgotten; i++) {
        if (effects.items[i].type == EFFECT_SAVE)
            require_readable(life->pool);
        life->forgotten = effects.items[i].type == EFFECT_FORGET;
    }
    pool_bury(life->pool);
    REQUIRE(life->pool->state >= 0 && life->pool->state < POOL_STATE_MAX);
    REQUIRE(!pool_has_engine(life->pool) || life->pool->spec);
}

static void recover(Life *life, uint8_t first, uint8_t second)
{
    Event event = {.type = EVENT_RECOVER, .generation = life->pool->generation};
    Event beside = {.type = EVENT_RECOVER};
    bool has_beside = life->pool->beside;

    event.unit = observe(life->pool, first);
    if (has_beside) {
        beside.generation = life->pool->beside->generation;
        beside.unit = observe(life->pool->beside, second);
    }
    live(life, &event);
    if (has_beside && !life->forgotten)
        live(life, &beside);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memmem(data, size, "\n\n", 2);
    size_t length = end ? (size_t)(end - data) : size;
    _cleanup_free_ char *text = fuzz_bytes(data, length);
    _cleanup_(pool_freep) Pool *pool = NULL;
    Life life = {.now = {.mono = 1000 * USEC_PER_SEC, .real = 1700000000 * USEC_PER_SEC}};
    uint8_t first;

    if (state_file_parse(text, length, "p1", &pool, NULL) < 0)
        return 0;
    life.pool = pool;
    life.operations = pool->operation.id % 1000;
    data += length + (end ? 2 : 0);
    size -= length + (end ? 2 : 0);
    first = fuzz_take(&data, &size);
    recover(&life, first, fuzz_take(&data, &size));
    for (unsigned i = 0; i < EVENTS_MAX && size >= 3 && !life.forgotten; i++) {
        uint8_t type = fuzz_take(&data, &size), what = fuzz_take(&data, &size);
        uint8_t later = fuzz_take(&data, &size);
        Event event;

        life.now.mono += later * 250 * USEC_PER_MSEC;
        if (make_event(&life, type, what, &event))
            live(&life, &event);
    }
    return 0;
}

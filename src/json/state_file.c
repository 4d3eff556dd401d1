/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/state_file.h"

#include <inttypes.h>

#include "json/encode.h"
#include "json/fields.h"
#include "json/pool_fields.h"
#include "json/reader.h"
#include "json/refuse.h"
#include "json/spec_fields.h"
#include "json/state_fields.h"
#include "json/supervision_file.h"

enum {
    FORMAT = 1 /* a reader of another number must not guess */
};

static json_object *write_meta(const Pool *pool)
{
    Builder b;

    builder_init(&b);
    fields_write(&meta_table, &pool->meta, &b);
    return builder_take(&b);
}

/* The specs that a pool has. All lie on the same level, so that what can be read back as one can be
 * read back as each. */
static const struct {
    const char *name;
    size_t offset;
} specs[] = {
        {"spec", offsetof(Pool, spec)},
        {"reload_next", offsetof(Pool, reload.next)},
        {"reload_previous", offsetof(Pool, reload.previous)},
};

static EngineSpec **spec_at(Pool *pool, size_t i)
{
    return (EngineSpec **)(void *)((char *)pool + specs[i].offset);
}

/* The engine beside, without its spec: see there. */
static json_object *write_beside(const Pool *beside)
{
    Builder b;

    builder_init(&b);
    fields_write(&state_pool_table, beside, &b);
    return builder_take(&b);
}

#define BESIDE      "beside"
#define BESIDE_SPEC "beside_spec"

static void write_specs(const Pool *pool, Builder *b)
{
    for (size_t i = 0; i < ELEMENTSOF(specs); i++) {
        const EngineSpec *spec =
                *(EngineSpec *const *)(const void *)((const char *)pool + specs[i].offset);

        if (spec)
            builder_add_value(b, specs[i].name, spec_write(spec));
        else if (i == 0)
            builder_add_null(b, specs[i].name);
    }
    if (pool->beside && pool->beside->spec)
        builder_add_value(b, BESIDE_SPEC, spec_write(pool->beside->spec));
}

json_object *json_state_file(const Pool *pool)
{
    Builder b;

    builder_init(&b);
    builder_add_number(&b, "format", FORMAT);
    builder_add_string(&b, "pool_id", pool->id);
    fields_write(&state_pool_table, pool, &b);
    builder_add_value(&b, "registry", write_meta(pool));
    builder_add_value(&b, "supervision", supervision_write(&pool->supervision));
    if (pool->external)
        builder_add_value(&b, "external", handoff_write(pool->external));
    if (pool->beside)
        builder_add_value(&b, BESIDE, write_beside(pool->beside));
    write_specs(pool, &b);
    return builder_take(&b);
}

static int read_format(json_object *file, Error *error)
{
    json_object *value = NULL;

    json_object_object_get_ex(file, "format", &value);
    if (json_object_get_type(value) != json_type_int)
        return field_refuse(error, "format", "must be the integer %d", FORMAT);
    if (json_object_get_int64(value) > FORMAT)
        return field_refuse(error, "format",
                            "%" PRId64 " is newer than this version of the program can read (%d)",
                            json_object_get_int64(value), FORMAT);
    if (json_object_get_int64(value) != FORMAT)
        return field_refuse(error, "format", "must be %d, got %" PRId64, FORMAT,
                            json_object_get_int64(value));
    return 0;
}

static int read_pool_id(json_object *file, const char *pool_id, Error *error)
{
    json_object *value = NULL;
    char got[EXCERPT_SIZE];

    json_object_object_get_ex(file, "pool_id", &value);
    if (json_object_get_type(value) == json_type_string &&
        streq(json_object_get_string(value), pool_id))
        return 0;
    excerpt_value(value, got);
    return field_refuse(error, "pool_id", "must be \"%s\", got %s", pool_id, got);
}

static int read_one_spec(json_object *value, const char *name, const Pool *pool, EngineSpec **ret,
                         Error *error)
{
    char prefix[PM_ERROR_FIELD_MAX + 1], field[PM_ERROR_FIELD_MAX + 1];
    int r;

    if (json_object_get_type(value) != json_type_object)
        return field_refuse(error, name, "must be an object or null");
    field_name(name, ".", prefix);
    r = spec_read(value, prefix, ret, NULL, error);
    if (r < 0 || streq((*ret)->pool_id, pool->id))
        return r;
    field_name(prefix, "pool_id", field);
    return field_refuse(error, field, "must be \"%s\", got \"%s\"", pool->id, (*ret)->pool_id);
}

static int read_specs(json_object *file, Pool *pool, Error *error)
{
    for (size_t i = 0; i < ELEMENTSOF(specs); i++) {
        json_object *value = NULL;
        int r;

        if (!json_object_object_get_ex(file, specs[i].name, &value) && i == 0)
            return field_refuse(error, specs[i].name, "is required");
        if (!value)
            continue;
        r = read_one_spec(value, specs[i].name, pool, spec_at(pool, i), error);
        if (r < 0)
            return r;
    }
    return 0;
}

/* A file of a version that had none: what the registry knew came from the spec. */
static int read_meta(json_object *file, Pool *pool, Error *error)
{
    json_object *value = NULL;

    if (!json_object_object_get_ex(file, "registry", &value)) {
        if (pool->spec)
            pool_meta_from_spec(pool, pool->spec);
        return 0;
    }
    if (json_object_get_type(value) != json_type_object)
        return field_refuse(error, "registry", "must be an object");
    return fields_read(&meta_table, value, "registry.", &pool->meta, NULL, error);
}

static int read_supervision(json_object *file, Pool *pool, Error *error)
{
    json_object *value = NULL;

    if (!json_object_object_get_ex(file, "supervision", &value))
        return 0;
    if (json_object_get_type(value) != json_type_object)
        return field_refuse(error, "supervision", "must be an object");
    return supervision_read(value, "supervision.", &pool->supervision, error);
}

static int read_external(json_object *file, Pool *pool, Error *error)
{
    json_object *value = NULL;

    if (!json_object_object_get_ex(file, "external", &value)) {
        if (pool->state == POOL_EXTERNAL)
            return field_refuse(error, "external", "is required in the state external");
        return 0;
    }
    if (pool->state != POOL_EXTERNAL || json_object_get_type(value) != json_type_object)
        return field_refuse(error, "external", "must be an object, in the state external only");
    return handoff_read(value, "external.", &pool->external, NULL, error);
}

/* An operation that has ended may be on record still: it ends after the state is saved. */
static void drop_ended_operation(Pool *pool)
{
    switch (pool->state) {
    case POOL_READY:
        if (pool->operation.kind == OPERATION_RELOAD && pool->reload.strategy == RELOAD_BLUE_GREEN)
            return;
        break;
    case POOL_PREFLIGHT:
        /* It is on record as long as it waits for its turn, and goes on there. */
        if (pool->operation.kind == OPERATION_PRELOAD ||
            pool->operation.kind == OPERATION_RESTART || pool->operation.kind == OPERATION_RELOAD)
            return;
        break;
    case POOL_ADOPTING:
        /* It goes on once the engine has been looked at; one that has ended left another state. */
        if (pool->operation.kind == OPERATION_DRAIN || pool->operation.kind == OPERATION_RELOAD)
            return;
        break;
    case POOL_FAILED:
        if (pool->judging)
            return;
        break;
    case POOL_STARTING:
    case POOL_WARMING:
    case POOL_DRAINING:
    case POOL_STOPPING:
        return;
    default:
        break;
    }
    if (pool->beside && pool->state != POOL_READY && pool->state != POOL_ADOPTING)
        return; /* it waits for the end of that one too */
    pool->operation = (PoolOperation){.kind = OPERATION_NONE};
}

/* What holds between fields: the unit of an engine is named by its spec and generation, and what
 * waits for its restart has both a spec and a restart. */
static int check_engine(const Pool *pool, Error *error)
{
    bool waits = pool->state == POOL_BACKOFF || pool->state == POOL_TRIPPED;

    if (waits && !pool->supervision.pending)
        return field_refuse(error, "supervision.pending", "must be true in the state %s",
                            pool_state_to_string(pool->state));
    if (pool->judging && pool->state != POOL_FAILED)
        return field_refuse(error, "judging", "must be false in the state %s",
                            pool_state_to_string(pool->state));
    if (pool->releasing && pool->state != POOL_STOPPING)
        return field_refuse(error, "releasing", "must be false in the state %s",
                            pool_state_to_string(pool->state));
    if ((waits || pool->judging || pool_has_engine(pool)) && !pool->spec)
        return field_refuse(error, "spec", "is required in the state %s",
                            pool_state_to_string(pool->state));
    if (pool_has_engine(pool) && pool->generation == 0)
        return field_refuse(error, "generation", "must be at least 1 in the state %s",
                            pool_state_to_string(pool->state));
    return 0;
}

/* A reload belongs to its operation, and has the specs that its phase needs. */
static int check_reload(Pool *pool, Error *error)
{
    const Reload *reload = &pool->reload;

    if (pool->operation.kind != OPERATION_RELOAD) {
        reload_done(&pool->reload);
        return 0;
    }
    if (reload->phase == RELOAD_NONE || !reload->model_ref || !pool->spec)
        return field_refuse(error, "reload", "must have a phase and a model_ref during a reload");
    if (reload->phase == RELOAD_LEAVING && !reload->next)
        return field_refuse(error, "reload_next", "is required while the old engine leaves");
    if (reload->phase == RELOAD_ARRIVING && !reload->previous)
        return field_refuse(error, "reload_previous", "is required while the new engine arrives");
    if (reload->phase == RELOAD_BESIDE &&
        (!reload->next || !pool->beside || pool->beside->role != ROLE_ARRIVING))
        return field_refuse(error, BESIDE,
                            "and reload_next are required while an engine arrives "
                            "beside the other");
    return 0;
}

/* Which parts of the observation the file knew. */
static void note_observed(Pool *pool)
{
    if (*pool->unit.invocation_id)
        pool->unit.fields |= UNIT_FIELD_INVOCATION_ID;
    if (pool->unit.main_pid > 0)
        pool->unit.fields |= UNIT_FIELD_MAIN_PID;
    pool->end.exit_status = -1; /* last_error tells how it ended */
}

static int check_beside(const Pool *pool, Error *error)
{
    const Pool *b = pool->beside;

    if (b->role != ROLE_ARRIVING && b->role != ROLE_LEAVING)
        return field_refuse(error, BESIDE ".role", "must be \"arriving\" or \"leaving\"");
    if (b->generation == 0 || b->generation == pool->generation)
        return field_refuse(error, BESIDE ".generation",
                            "must be at least 1, and not that of the pool's other engine");
    if (!b->spec)
        return field_refuse(error, BESIDE_SPEC, "is required for the engine beside");
    if (!pool_has_engine(b) && b->state != POOL_PREFLIGHT &&
        !(b->judging && b->state == POOL_FAILED))
        return field_refuse(error, BESIDE ".state", "must be that of an engine, got %s",
                            pool_state_to_string(b->state));
    return 0;
}

static int read_beside_members(json_object *file, json_object *value, Pool *pool, Error *error)
{
    Pool *b = pool->beside;
    json_object *spec = NULL;
    int r = fields_read(&state_pool_table, value, BESIDE ".", b, NULL, error);

    if (r >= 0 && json_object_object_get_ex(file, BESIDE_SPEC, &spec) && spec)
        r = read_one_spec(spec, BESIDE_SPEC, pool, &b->spec, error);
    if (r >= 0)
        r = check_beside(pool, error);
    if (r < 0)
        return r;
    /* What belongs to the pool is with the pool. */
    b->operation = (PoolOperation){.kind = OPERATION_NONE};
    b->automatic = false;
    reload_done(&b->reload);
    pool_meta_from_spec(b, b->spec);
    note_observed(b);
    return 0;
}

/* After the registry's part, whose mask counts for both. */
static int read_beside(json_object *file, Pool *pool, Error *error)
{
    json_object *value = NULL;
    char *mask = NULL;
    int r;

    if (pool->role != ROLE_SERVING)
        return field_refuse(error, "role", "must be \"serving\"");
    if (!json_object_object_get_ex(file, BESIDE, &value))
        return 0;
    if (json_object_get_type(value) != json_type_object)
        return field_refuse(error, BESIDE, "must be an object");
    if (pool_new(pool->id, &pool->beside) < 0)
        return refuse_no_memory(error);
    r = read_beside_members(file, value, pool, error);
    if (r < 0)
        return r;
    if (pool->meta.device_mask) {
        mask = strdup(pool->meta.device_mask);
        if (!mask)
            return refuse_no_memory(error);
    }
    free(pool->beside->meta.device_mask);
    pool->beside->meta.device_mask = mask;
    return 0;
}

static int read_pool(json_object *file, const char *pool_id, Pool **ret, Error *error)
{
    _cleanup_(pool_freep) Pool *pool = NULL;
    int r;

    if (json_object_get_type(file) != json_type_object)
        return error_set(error, PM_ERROR_INVALID_FIELD, NULL, "a state file must be an object");
    r = read_format(file, error);
    if (r < 0)
        return r;
    r = read_pool_id(file, pool_id, error);
    if (r < 0)
        return r;
    r = pool_new(pool_id, &pool);
    if (r < 0)
        return r == -ENOMEM ? refuse_no_memory(error)
                            : field_refuse(error, "pool_id", "%s", check_id(pool_id));
    r = fields_read(&state_pool_table, file, "", pool, NULL, error);
    if (r < 0)
        return r;
    r = read_specs(file, pool, error);
    if (r < 0)
        return r;
    r = read_meta(file, pool, error);
    if (r < 0)
        return r;
    r = read_supervision(file, pool, error);
    if (r < 0)
        return r;
    r = read_external(file, pool, error);
    if (r < 0)
        return r;
    r = read_beside(file, pool, error);
    if (r < 0)
        return r;
    r = check_engine(pool, error);
    if (r < 0)
        return r;
    drop_ended_operation(pool);
    r = check_reload(pool, error);
    if (r < 0)
        return r;
    note_observed(pool);
    *ret = TAKE_PTR(pool);
    return 0;
}

int state_file_parse(const char *text, size_t length, const char *pool_id, Pool **ret, Error *error)
{
    _cleanup_json_ json_object *file = NULL;
    int r;

    r = json_read(text, length, &file, error);
    if (r < 0)
        return r;
    return read_pool(file, pool_id, ret, error);
}

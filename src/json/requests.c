/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/requests.h"

#include <poolmgr/limits.h>

#include "core/device_mask.h"
#include "core/spec.h"
#include "json/pool_fields.h"
#include "json/prepared_engine.h"
#include "json/reader.h"
#include "json/refuse.h"
#include "json/storable.h"

enum {
    TTL_DAYS_MAX = 366,
};
#define TTL_MS_MAX ((uint64_t)TTL_DAYS_MAX * 24 * 60 * 60 * 1000)

/* The object that the text is; of an empty text an empty one. */
static int read_object(const char *text, size_t length, json_object **ret, Error *error)
{
    _cleanup_json_ json_object *object = NULL;
    char got[EXCERPT_SIZE];
    int r;

    if (length == 0) {
        object = json_object_new_object();
        if (!object)
            return refuse_no_memory(error);
        *ret = TAKE_PTR(object);
        return 0;
    }
    r = json_read(text, length, &object, error);
    if (r < 0)
        return r;
    if (!json_object_is_type(object, json_type_object)) {
        excerpt_value(object, got);
        return error_set(error, PM_ERROR_INVALID_JSON, NULL,
                         "the body must be a JSON object, got %s", got);
    }
    *ret = TAKE_PTR(object);
    return 0;
}

/* Reads the object of a text into `base`, with its warnings. */
static int read_fields(const FieldTable *table, json_object *object, void *base,
                       char ***ret_warnings, Error *error)
{
    Warnings warnings = {0};
    int r = warnings_finish(&warnings, fields_read(table, object, "", base, &warnings, error),
                            ret_warnings);

    return r == -ENOMEM ? refuse_no_memory(error) : r;
}

/* Which fields of the update the object has; null is given, too: it clears. */
static unsigned given_fields(json_object *object)
{
    static const struct {
        const char *name;
        PoolField field;
    } names[] = {
            {"engine_version", POOL_FIELD_ENGINE_VERSION},
            {"engine_digest", POOL_FIELD_ENGINE_DIGEST},
            {"engine_catalog_id", POOL_FIELD_ENGINE_CATALOG_ID},
            {"version", POOL_FIELD_VERSION},
            {"device_mask", POOL_FIELD_DEVICE_MASK},
            {"perf_hints", POOL_FIELD_PERF_HINTS},
            {"slots_total", POOL_FIELD_SLOTS_TOTAL},
            {"slots_free", POOL_FIELD_SLOTS_FREE},
    };
    unsigned given = 0;

    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        if (json_object_object_get_ex(object, names[i].name, NULL))
            given |= (unsigned)names[i].field;
    return given;
}

/* The hints are of any shape, and lie one level deeper in the state file than in the body. */
static int check_hints(const char *hints, Error *error)
{
    Builder b;

    if (!hints)
        return 0;
    builder_init(&b);
    builder_add_text(&b, "perf_hints", hints);
    return check_storable("registry", builder_take(&b), error);
}

int pool_update_parse(const char *text, size_t length, PoolUpdate *ret, char ***ret_warnings,
                      Error *error)
{
    _cleanup_json_ json_object *object = NULL;
    PoolUpdate update = {.given = 0};
    char **warnings = NULL;
    int r = read_object(text, length, &object, error);

    if (r < 0)
        return r;
    clamp_slots_free(object);
    pool_meta_init(&update.meta);
    r = read_fields(&meta_table, object, &update.meta, &warnings, error);
    if (r >= 0)
        r = device_mask_canonicalize(&update.meta.device_mask, "device_mask", error);
    if (r >= 0)
        r = check_hints(update.meta.perf_hints, error);
    if (r < 0) {
        strv_free(warnings);
        pool_meta_done(&update.meta);
        return r;
    }
    update.given = given_fields(object);
    *ret = update;
    if (ret_warnings)
        *ret_warnings = warnings;
    else
        strv_free(warnings);
    return 0;
}

static int check_handoff_pool(json_object *object, const Handoff *handoff, const char *pool_id,
                              Error *error)
{
    json_object *given = NULL;

    if (!pool_id || streq(handoff->pool_id, pool_id))
        return 0;
    if (!json_object_object_get_ex(object, "pool_id", &given) || !given)
        return 0;
    return field_refuse(error, "pool_id", "must equal the pool of the request, \"%s\", got \"%s\"",
                        pool_id, handoff->pool_id);
}

static int name_pool(Handoff *handoff, const char *pool_id, Error *error)
{
    char *copy;

    if (!pool_id || streq(handoff->pool_id, pool_id))
        return 0;
    copy = strdup(pool_id);
    if (!copy)
        return refuse_no_memory(error);
    free(handoff->pool_id);
    handoff->pool_id = copy;
    return 0;
}

int handoff_parse(const char *text, size_t length, const char *pool_id, Handoff **ret,
                  char ***ret_warnings, Error *error)
{
    _cleanup_json_ json_object *object = NULL;
    _cleanup_(handoff_freep) Handoff *handoff = NULL;
    Warnings warnings = {0};
    int r = read_object(text, length, &object, error);

    if (r < 0)
        return r;
    clamp_slots_free(object);
    r = handoff_read(object, "", &handoff, &warnings, error);
    if (r >= 0)
        r = check_handoff_pool(object, handoff, pool_id, error);
    if (r >= 0)
        r = name_pool(handoff, pool_id, error);
    if (r >= 0 && !handoff->managed) /* those are not taken anyway */
        r = device_mask_canonicalize(&handoff->device_mask, "device_mask", error);
    r = warnings_finish(&warnings, r, ret_warnings);
    if (r < 0)
        return r == -ENOMEM ? refuse_no_memory(error) : r;
    *ret = TAKE_PTR(handoff);
    return 0;
}

static const char *check_owner(const char *s)
{
    return *s ? check_printable(s) : "must not be empty";
}

static const Field lease_fields[] = {
        {"owner", FIELD_STRING, .max = PM_LEASE_OWNER_MAX, .offset = offsetof(LeaseBody, owner),
         .check = check_owner},
        {"ttl_ms", FIELD_U64, .min = 1, .max = TTL_MS_MAX, .offset = offsetof(LeaseBody, ttl_ms)},
};
static const FieldTable lease_table = {lease_fields, ELEMENTSOF(lease_fields)};

int lease_body_parse(const char *text, size_t length, LeaseBody *ret, char ***ret_warnings,
                     Error *error)
{
    _cleanup_json_ json_object *object = NULL;
    LeaseBody body = {.ttl_ms = SPEC_UNSET};
    int r = read_object(text, length, &object, error);

    if (r >= 0)
        r = read_fields(&lease_table, object, &body, ret_warnings, error);
    if (r < 0) {
        lease_body_done(&body);
        return r;
    }
    *ret = body;
    return 0;
}

void lease_body_done(LeaseBody *body)
{
    free(body->owner);
    *body = (LeaseBody){.ttl_ms = SPEC_UNSET};
}

/* A body whose one field is a number that may be left out. */
typedef struct NumberBody {
    uint64_t number;
} NumberBody;

static int number_parse(const FieldTable *table, const char *text, size_t length, uint64_t *ret,
                        char ***ret_warnings, Error *error)
{
    _cleanup_json_ json_object *object = NULL;
    NumberBody body = {.number = SPEC_UNSET};
    int r = read_object(text, length, &object, error);

    if (r >= 0)
        r = read_fields(table, object, &body, ret_warnings, error);
    if (r < 0)
        return r;
    *ret = body.number;
    return 0;
}

int heartbeat_parse(const char *text, size_t length, uint64_t *ret_ms, char ***ret_warnings,
                    Error *error)
{
    static const Field fields[] = {
            {"timestamp_ms", FIELD_U64, .min = 1, .max = INT64_MAX / USEC_PER_MSEC},
    };
    static const FieldTable table = {fields, ELEMENTSOF(fields)};

    return number_parse(&table, text, length, ret_ms, ret_warnings, error);
}

int drain_parse(const char *text, size_t length, uint64_t *ret_ms, char ***ret_warnings,
                Error *error)
{
    static const Field fields[] = {{"deadline_ms", FIELD_U64, .max = DRAIN_MS_MAX}};
    static const FieldTable table = {fields, ELEMENTSOF(fields)};

    return number_parse(&table, text, length, ret_ms, ret_warnings, error);
}

/* The reference becomes an argument of the model provisioner. */
static const char *check_reference(const char *s)
{
    return *s == '-' ? "must not begin with \"-\"" : check_printable(s);
}

static const char *check_strategy(const char *s)
{
    for (int i = 0; i < RELOAD_STRATEGY_MAX; i++)
        if (streq(s, reload_strategy_to_string(i)))
            return NULL;
    return "must be \"drain\" or \"blue-green\"";
}

typedef struct ReloadBody {
    char *model_ref;
    char *strategy; /* NULL: the first */
    uint64_t deadline_ms;
    char *prepared; /* not looked at: the member is read by itself */
} ReloadBody;

static const Field reload_fields[] = {
        {"new_model_ref", FIELD_STRING, .required = true, .max = PM_STRING_MAX,
         .offset = offsetof(ReloadBody, model_ref), .check = check_reference},
        {"strategy", FIELD_STRING, .max = PM_STRING_MAX, .offset = offsetof(ReloadBody, strategy),
         .check = check_strategy},
        {"drain_deadline_ms", FIELD_U64, .max = DRAIN_MS_MAX,
         .offset = offsetof(ReloadBody, deadline_ms)},
        {"prepared", FIELD_OBJECT, .max = UINT64_MAX, .offset = offsetof(ReloadBody, prepared)},
};
static const FieldTable reload_table = {reload_fields, ELEMENTSOF(reload_fields)};

static void reload_body_done(ReloadBody *body)
{
    free(body->model_ref);
    free(body->strategy);
    free(body->prepared);
}

/* Makes a request of what was read. */
static int reload_request_new(json_object *object, const char *pool_id, ReloadBody *body,
                              ReloadRequest **ret, Warnings *warnings, Error *error)
{
    _cleanup_(reload_request_freep) ReloadRequest *request = calloc(1, sizeof(*request));
    json_object *prepared = NULL;
    int r;

    if (!request)
        return refuse_no_memory(error);
    while (body->strategy && !streq(body->strategy, reload_strategy_to_string(request->strategy)))
        request->strategy++;
    request->model_ref = TAKE_PTR(body->model_ref);
    if (json_object_object_get_ex(object, "prepared", &prepared) && prepared) {
        r = prepared_engine_read(prepared, "prepared.", pool_id, &request->spec, warnings, error);
        if (r < 0)
            return r;
    }
    *ret = TAKE_PTR(request);
    return 0;
}

int reload_parse(const char *text, size_t length, const char *pool_id, ReloadRequest **ret,
                 uint64_t *ret_deadline_ms, char ***ret_warnings, Error *error)
{
    _cleanup_json_ json_object *object = NULL;
    _cleanup_(reload_body_done) ReloadBody body = {.deadline_ms = SPEC_UNSET};
    _cleanup_(reload_request_freep) ReloadRequest *request = NULL;
    Warnings warnings = {0};
    int r = read_object(text, length, &object, error);

    if (r < 0)
        return r;
    r = fields_read(&reload_table, object, "", &body, &warnings, error);
    if (r >= 0)
        r = reload_request_new(object, pool_id, &body, &request, &warnings, error);
    r = warnings_finish(&warnings, r, ret_warnings);
    if (r < 0)
        return r == -ENOMEM ? refuse_no_memory(error) : r;
    *ret = TAKE_PTR(request);
    *ret_deadline_ms = body.deadline_ms;
    return 0;
}

int empty_body_parse(const char *text, size_t length, char ***ret_warnings, Error *error)
{
    static const FieldTable nothing = {NULL, 0};
    _cleanup_json_ json_object *object = NULL;
    int r = read_object(text, length, &object, error);

    return r < 0 ? r : read_fields(&nothing, object, NULL, ret_warnings, error);
}

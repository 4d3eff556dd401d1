/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/pool_fields.h"

#include <poolmgr/limits.h>
#include <poolmgr/names.h>

#include "core/device_mask.h"
#include "core/handoff.h"
#include "core/pool_update.h"
#include "json/refuse.h"

/* Numbers travel as int64_t in many places outside. */
#define ANY INT64_MAX

enum {
    TEXT_MAX = 1024,
    HINTS_MAX = 4096,
};

#define AT(member) .offset = offsetof(PoolMeta, member)
#define TEXT(n)    .type = FIELD_STRING, .max = (n), .check = check_printable

static const Field meta_fields[] = {
        {"engine_version", TEXT(PM_STRING_MAX), AT(engine_version)},
        {"engine_digest", TEXT(PM_STRING_MAX), AT(engine_digest)},
        {"engine_catalog_id", TEXT(PM_STRING_MAX), AT(engine_catalog_id)},
        {"version", TEXT(PM_STRING_MAX), AT(version)},
        {"device_mask", TEXT(DEVICE_MASK_TEXT_MAX), AT(device_mask)},
        {"perf_hints", FIELD_OBJECT, .max = HINTS_MAX, AT(perf_hints)},
        {"slots_total", FIELD_U64, .min = 1, .max = ANY, AT(slots_total)},
        {"slots_free", FIELD_U64, .max = ANY, AT(slots_free)},
};
const FieldTable meta_table = {meta_fields, ELEMENTSOF(meta_fields)};

#undef AT

/* A handoff as it is written: what we do not use is known all the same, and so no reason to warn.
 */
typedef struct HandoffFields {
    Handoff handoff;
    char *mode;
    char **flags;
    uint64_t pid, generation;
    char *url;
} HandoffFields;

#define AT(member) .offset = offsetof(HandoffFields, member)

static const Field model_fields[] = {
        {"path", TEXT(PM_STRING_MAX), AT(handoff.model_path)},
        {"id", TEXT(PM_STRING_MAX), AT(handoff.model_id)},
};
static const FieldTable model_table = {model_fields, ELEMENTSOF(model_fields)};

static const Field handoff_fields[] = {
        {"pool_id", FIELD_STRING, .max = PM_STRING_MAX, AT(handoff.pool_id), .check = check_id,
         .fallback = PM_DEFAULT_POOL},
        {"replica_id", FIELD_STRING, .max = PM_STRING_MAX, AT(handoff.replica_id),
         .check = check_id, .fallback = PM_DEFAULT_REPLICA},
        {"url", TEXT(PM_STRING_MAX), .required = true, AT(url)},
        {"engine", TEXT(TEXT_MAX), AT(handoff.engine)},
        {"engine_version", TEXT(PM_STRING_MAX), AT(handoff.engine_version)},
        {"provisioning_mode", TEXT(TEXT_MAX), AT(mode)},
        {"model", FIELD_GROUP, .group = &model_table},
        {"flags", FIELD_LIST, .max = PM_FLAGS_MAX, AT(flags)},
        {"device_mask", TEXT(DEVICE_MASK_TEXT_MAX), AT(handoff.device_mask)},
        {"slots_total", FIELD_U64, .min = 1, .max = ANY, AT(handoff.slots_total)},
        {"slots_free", FIELD_U64, .max = ANY, AT(handoff.slots_free)},
        {"pid", FIELD_U64, .max = ANY, AT(pid)},
        {"generation", FIELD_U64, .max = ANY, AT(generation)},
};
static const FieldTable handoff_table = {handoff_fields, ELEMENTSOF(handoff_fields)};

static void fields_done(HandoffFields *f)
{
    free(f->mode);
    strv_free(f->flags);
    free(f->url);
}

static int take_url(HandoffFields *f, const char *prefix, Error *error)
{
    char name[PM_ERROR_FIELD_MAX + 1], got[EXCERPT_SIZE];
    const char *expected;
    int r = handoff_set_url(&f->handoff, f->url, &expected);

    if (r == -ENOMEM)
        return refuse_no_memory(error);
    if (r >= 0)
        return 0;
    field_name(prefix, "url", name);
    excerpt_text(f->url, strlen(f->url), got);
    return field_refuse(error, name, "%s, got %s", expected, got);
}

int handoff_read(json_object *object, const char *prefix, Handoff **ret, Warnings *warnings,
                 Error *error)
{
    HandoffFields fields = {.pid = SPEC_UNSET, .generation = SPEC_UNSET};
    _cleanup_(handoff_freep) Handoff *handoff = NULL;
    int r;

    if (handoff_new(&handoff) < 0)
        return refuse_no_memory(error);
    fields.handoff = *handoff;
    r = fields_read(&handoff_table, object, prefix, &fields, warnings, error);
    if (r >= 0)
        r = take_url(&fields, prefix, error);
    *handoff = fields.handoff;
    handoff->managed = fields.mode && streq(fields.mode, "managed");
    fields_done(&fields);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(handoff);
    return 0;
}

json_object *handoff_write(const Handoff *handoff)
{
    const HandoffFields fields = {
            .handoff = *handoff,
            .url = handoff->url,
            .pid = SPEC_UNSET,
            .generation = SPEC_UNSET,
    };
    Builder b;

    builder_init(&b);
    fields_write(&handoff_table, &fields, &b);
    return builder_take(&b);
}

void clamp_slots_free(json_object *object)
{
    json_object *value = NULL;

    if (json_object_object_get_ex(object, "slots_free", &value) &&
        json_object_is_type(value, json_type_int) && json_object_get_int64(value) < 0)
        (void)json_object_set_int64(value, 0);
}

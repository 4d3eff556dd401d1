/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/prepared_engine.h"

#include <poolmgr/names.h>

#include "core/device_mask.h"
#include "json/reader.h"
#include "json/refuse.h"
#include "json/sandbox_fields.h"
#include "json/spec_fields.h"
#include "json/storable.h"

#define WRAPPER "prepared"

/* The object that has the fields; beside "prepared" nothing is expected. */
static int unwrap(json_object *body, json_object **ret, Warnings *warnings, Error *error)
{
    struct json_object_iter member;
    json_object *prepared;
    char got[EXCERPT_SIZE];

    if (json_object_get_type(body) != json_type_object) {
        excerpt_value(body, got);
        return error_set(error, PM_ERROR_BAD_REQUEST, NULL,
                         "the body must be an object with the member \"" WRAPPER "\", got %s", got);
    }
    if (!json_object_object_get_ex(body, WRAPPER, &prepared)) {
        *ret = body;
        return 0;
    }
    if (json_object_get_type(prepared) != json_type_object) {
        excerpt_value(prepared, got);
        return field_refuse(error, WRAPPER, "must be an object, got %s", got);
    }
    json_object_object_foreachC(body, member)
    {
        char name[PM_ERROR_FIELD_MAX + 1];

        field_name("", member.key, name);
        if (!streq(member.key, WRAPPER) &&
            warnings_add(warnings, "unknown field \"%s\" beside \"" WRAPPER "\" was ignored",
                         name) < 0)
            return refuse_no_memory(error);
    }
    *ret = prepared;
    return 0;
}

static int check_mask(EngineSpec *spec, const char *prefix, Error *error)
{
    char field[PM_ERROR_FIELD_MAX + 1], name[PM_ERROR_FIELD_MAX + 1];
    const char *variable = device_mask_contradiction(spec->env);

    if (spec->device_mask && variable) {
        field_name(prefix, "env.", name);
        field_name(name, variable, field);
        return field_refuse(error, field,
                            "must not be set together with device_mask, use device_mask only");
    }
    field_name(prefix, "device_mask", field);
    return device_mask_canonicalize(&spec->device_mask, field, error);
}

/* Flags of llama.cpp's server that say the same. */
static const char *find_split_flag(const EngineSpec *spec)
{
    static const char *const names[] = {"--tensor-split", "-ts"};

    STRV_FOREACH (flag, spec->flags)
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
            if (streq(*flag, names[i]))
                return names[i];
    return NULL;
}

/* How many GPUs there are is known only where the mask is. */
static int check_ratios(const EngineSpec *spec, const char *field, Error *error)
{
    DeviceMask mask;

    if (spec->split.mode != SPLIT_RATIOS || !spec->device_mask ||
        device_mask_parse(spec->device_mask, field, &mask, NULL) < 0 ||
        mask.count == spec->split.count)
        return 0;
    return field_refuse(error, field,
                        "must have one ratio for each of the %zu devices of device_mask, got %zu",
                        mask.count, spec->split.count);
}

static int check_split(const EngineSpec *spec, const char *prefix, Error *error)
{
    char field[PM_ERROR_FIELD_MAX + 1];
    const char *flag = find_split_flag(spec);

    if (spec->split.mode == SPLIT_NONE)
        return 0;
    field_name(prefix, "split", field);
    if (!streq(spec->engine, PM_DEFAULT_ENGINE))
        return field_refuse(error, field,
                            "must not be set for the engine \"%s\": only " PM_DEFAULT_ENGINE
                            " can be told of it, other engines by flags of theirs",
                            spec->engine);
    if (flag)
        return field_refuse(error, field, "must not be set together with the flag %s", flag);
    return check_ratios(spec, field, error);
}

/* What holds between fields. */
static int check_together(EngineSpec *spec, const char *prefix, const char *pool_id, Error *error)
{
    char field[PM_ERROR_FIELD_MAX + 1];
    int r;

    if (pool_id && !streq(spec->pool_id, pool_id)) {
        field_name(prefix, "pool_id", field);
        return field_refuse(error, field, "must equal the pool of the request, \"%s\", got \"%s\"",
                            pool_id, spec->pool_id);
    }
    r = check_mask(spec, prefix, error);
    return r < 0 ? r : check_split(spec, prefix, error);
}

int prepared_engine_read(json_object *prepared, const char *prefix, const char *pool_id,
                         EngineSpec **ret, Warnings *warnings, Error *error)
{
    _cleanup_spec_ EngineSpec *spec = NULL;
    int r;

    r = spec_read(prepared, prefix, &spec, warnings, error);
    if (r < 0)
        return r;
    r = check_together(spec, prefix, pool_id, error);
    if (r >= 0)
        r = sandbox_check(spec, prefix, warnings, error);
    if (r < 0)
        return r;
    r = check_storable("spec", spec_write(spec), error);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(spec);
    return 0;
}

static int parse_object(json_object *body, const char *pool_id, EngineSpec **ret,
                        Warnings *warnings, Error *error)
{
    json_object *prepared = NULL;
    int r;

    r = unwrap(body, &prepared, warnings, error);
    return r < 0 ? r : prepared_engine_read(prepared, "", pool_id, ret, warnings, error);
}

int prepared_engine_parse(const char *text, size_t length, const char *pool_id, EngineSpec **ret,
                          char ***ret_warnings, Error *error)
{
    _cleanup_json_ json_object *body = NULL;
    _cleanup_spec_ EngineSpec *spec = NULL;
    Warnings warnings = {0};
    int r;

    r = json_read(text, length, &body, error);
    if (r < 0) {
        error_strip_field(error, WRAPPER ".");
        return r;
    }
    r = warnings_finish(&warnings, parse_object(body, pool_id, &spec, &warnings, error),
                        ret_warnings);
    if (r < 0)
        return r == -ENOMEM ? refuse_no_memory(error) : r;
    *ret = TAKE_PTR(spec);
    return 0;
}

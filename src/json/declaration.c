/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/declaration.h"

#include "json/prepared_engine.h"
#include "json/reader.h"
#include "json/refuse.h"

#define AUTOSTART "autostart"

/* Takes the member out of the object: it is none of the engine's. */
static int take_autostart(json_object *file, bool *ret, Error *error)
{
    json_object *value;
    char got[EXCERPT_SIZE];

    *ret = true;
    if (!json_object_object_get_ex(file, AUTOSTART, &value))
        return 0;
    if (value && !json_object_is_type(value, json_type_boolean)) {
        excerpt_value(value, got);
        return field_refuse(error, AUTOSTART, "must be true or false, got %s", got);
    }
    *ret = !value || json_object_get_boolean(value);
    json_object_object_del(file, AUTOSTART);
    return 0;
}

/* What a body of a preload has, and a file has not. */
static int refuse_wrapped(json_object *file, Error *error)
{
    if (!json_object_object_get_ex(file, "prepared", NULL))
        return 0;
    return field_refuse(error, "prepared",
                        "the members of the object stand in the file themselves: take this away");
}

static int check_name(json_object *file, const char *pool_id, Error *error)
{
    json_object *value;
    char got[EXCERPT_SIZE];

    if (!json_object_object_get_ex(file, "pool_id", &value) ||
        !json_object_is_type(value, json_type_string) ||
        streq(json_object_get_string(value), pool_id))
        return 0;
    excerpt_value(value, got);
    return field_refuse(error, "pool_id",
                        "the file is called %s.json, so it must be \"%s\", got %s: rename the file "
                        "or the pool",
                        pool_id, pool_id, got);
}

static int read_object(json_object *file, const char *pool_id, Declaration *ret, Warnings *warnings,
                       Error *error)
{
    char got[EXCERPT_SIZE];
    int r;

    if (!json_object_is_type(file, json_type_object)) {
        excerpt_value(file, got);
        return error_set(error, PM_ERROR_BAD_REQUEST, NULL, "must be a JSON object, got %s", got);
    }
    r = take_autostart(file, &ret->autostart, error);
    if (r >= 0)
        r = refuse_wrapped(file, error);
    if (r >= 0)
        r = check_name(file, pool_id, error);
    return r < 0 ? r : prepared_engine_read(file, "", pool_id, &ret->spec, warnings, error);
}

int declaration_parse(const char *text, size_t length, const char *pool_id, Declaration *ret,
                      char ***ret_warnings, Error *error)
{
    _cleanup_json_ json_object *file = NULL;
    Warnings warnings = {0};
    Declaration d = {0};
    int r = json_read(text, length, &file, error);

    if (r < 0)
        return r;
    r = warnings_finish(&warnings, read_object(file, pool_id, &d, &warnings, error), ret_warnings);
    if (r < 0) {
        declaration_done(&d);
        return r == -ENOMEM ? refuse_no_memory(error) : r;
    }
    *ret = d;
    return 0;
}

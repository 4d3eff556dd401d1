/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "base/nearest.h"
#include "json/field_store.h"
#include "json/refuse.h"
#include "json/split_field.h"
#include "json/write.h"

enum {
    FIELDS_MAX = 32, /* of a table, to look for the nearest name */
};

/* The known member that was probably meant, NULL when none is near. */
static const char *nearest_field(const FieldTable *table, const char *key)
{
    const char *names[FIELDS_MAX] = {0};

    for (size_t i = 0; i < table->count && i < FIELDS_MAX; i++)
        names[i] = table->fields[i].name;
    return nearest_name(key, names, ELEMENTSOF(names));
}

static int warn_unknown(const FieldTable *table, const char *prefix, const char *key,
                        Warnings *warnings, Error *error)
{
    char name[PM_ERROR_FIELD_MAX + 1] = "", known[PM_ERROR_FIELD_MAX + 1];
    const char *nearest = NULL;
    int r;

    if (warnings_has_room(warnings)) {
        field_name(prefix, key, name);
        nearest = nearest_field(table, key);
    }
    if (nearest) {
        field_name(prefix, nearest, known);
        r = warnings_add(warnings, "unknown field \"%s\" was ignored, did you mean \"%s\"?", name,
                         known);
    } else {
        r = warnings_add(warnings, "unknown field \"%s\" was ignored", name);
    }
    return r < 0 ? refuse_no_memory(error) : 0;
}

static int store_object(const Target *t, json_object *value)
{
    _cleanup_free_ char *text = NULL;
    size_t length;

    if (json_object_get_type(value) != json_type_object)
        return refuse_value(t, "an object", value);
    if (json_write_text(value, false, &text, &length) < 0)
        return refuse_no_memory(t->error);
    if (length > t->field->max)
        return field_refuse(t->error, t->name, "must be at most %" PRIu64 " bytes long, got %zu",
                            t->field->max, length);
    *(char **)t->place = TAKE_PTR(text);
    return 0;
}

static int store_group(const Target *t, json_object *value, void *base, Warnings *warnings)
{
    char prefix[PM_ERROR_FIELD_MAX + 1];

    if (json_object_get_type(value) != json_type_object)
        return refuse_value(t, "an object", value);
    field_name(t->name, ".", prefix);
    return fields_read(t->field->group, value, prefix, base, warnings, t->error);
}

static int store_value(const Target *t, json_object *value, void *base, Warnings *warnings)
{
    switch (t->field->type) {
    case FIELD_STRING:
    case FIELD_BUFFER:
        return store_string(t, value);
    case FIELD_BOOL:
        return store_bool(t, value);
    case FIELD_FLAG:
        return store_flag(t, value);
    case FIELD_U64:
    case FIELD_U16:
    case FIELD_PID:
    case FIELD_REAL_MS:
    case FIELD_SPAN_MS:
        return store_number(t, value);
    case FIELD_ENUM:
        return store_enum(t, value);
    case FIELD_LIST:
        return store_list(t, value);
    case FIELD_MAP:
        return store_map(t, value);
    case FIELD_OBJECT:
        return store_object(t, value);
    case FIELD_SPLIT:
        return store_split(t, value);
    case FIELD_GROUP:
        return store_group(t, value, base, warnings);
    }
    return error_set(t->error, PM_ERROR_INTERNAL, t->name, "%s: has no type", t->name);
}

/* A field that is left out or null. */
static int store_nothing(const Target *t, bool is_null)
{
    if (t->field->required && !(t->field->nullable && is_null))
        return field_refuse(t->error, t->name, "is required%s", is_null ? ", got null" : "");
    if (!t->field->fallback)
        return 0;
    *(char **)t->place = strdup(t->field->fallback);
    return *(char **)t->place ? 0 : refuse_no_memory(t->error);
}

static const Field *find_field(const FieldTable *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (streq(table->fields[i].name, name))
            return &table->fields[i];
    return NULL;
}

int fields_read(const FieldTable *table, json_object *object, const char *prefix, void *base,
                Warnings *warnings, Error *error)
{
    struct json_object_iter member;
    int r;

    for (size_t i = 0; i < table->count; i++) {
        const Field *f = &table->fields[i];
        char name[PM_ERROR_FIELD_MAX + 1];
        const Target target = {f, name, (char *)base + f->offset, error};
        json_object *value = NULL;
        bool there = json_object_object_get_ex(object, f->name, &value);

        field_name(prefix, f->name, name);
        r = value ? store_value(&target, value, base, warnings) : store_nothing(&target, there);
        if (r < 0)
            return r;
    }

    json_object_object_foreachC(object, member)
    {
        if (find_field(table, member.key))
            continue;
        r = warn_unknown(table, prefix, member.key, warnings, error);
        if (r < 0)
            return r;
    }
    return 0;
}

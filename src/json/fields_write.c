/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/types.h>

#include "base/usec.h"
#include "core/spec.h"
#include "json/fields.h"
#include "json/split_field.h"

static uint64_t load_span(usec_t span_usec)
{
    return span_usec == SPEC_UNSET ? SPEC_UNSET : usec_to_ms(span_usec);
}

/* The number at `place`, SPEC_UNSET when it is unset. */
static uint64_t load_number(FieldType type, const void *place)
{
    uint64_t number;

    if (type == FIELD_U64)
        return *(const uint64_t *)place;
    if (type == FIELD_SPAN_MS)
        return load_span(*(const usec_t *)place);
    if (type == FIELD_U16)
        number = *(const uint16_t *)place;
    else if (type == FIELD_PID)
        number = (uint64_t) * (const pid_t *)place;
    else
        number = usec_to_ms(*(const usec_t *)place);
    return number > 0 ? number : SPEC_UNSET;
}

/* The text of a string or enum at `place`, NULL when it is unset. */
static const char *load_text(const Field *f, const void *place)
{
    int value;

    if (f->type == FIELD_ENUM) {
        memcpy(&value, place, sizeof(value));
        return f->enum_name(value);
    }
    if (f->type == FIELD_BUFFER)
        return *(const char *)place ? place : NULL;
    return *(char *const *)place;
}

/* "name=value" as a member; neither name nor credential path has a '=' or '/' that would be taken
 * for another. */
static int write_map_item(json_object *map, const char *item)
{
    const char *equals = strchr(item, '=');
    char *name = strndup(item, (size_t)(equals - item));
    json_object *value = json_object_new_string(equals + 1);
    bool added = name && value && json_object_object_add(map, name, value) == 0;

    if (!added)
        json_object_put(value);
    free(name);
    return added ? 0 : -ENOMEM;
}

static json_object *write_map(char *const *items)
{
    json_object *map = json_object_new_object();

    for (char *const *item = items; map && item && *item; item++) {
        if (write_map_item(map, *item) < 0) {
            json_object_put(map);
            return NULL;
        }
    }
    return map;
}

static void write_unset(Builder *b, const Field *f)
{
    if (f->required)
        builder_add_null(b, f->name);
}

static void write_flag(Builder *b, const Field *f, const void *place)
{
    Flag flag;

    memcpy(&flag, place, sizeof(flag));
    if (flag == FLAG_UNSET)
        write_unset(b, f);
    else
        builder_add_bool(b, f->name, flag == FLAG_ON);
}

static void write_strings(Builder *b, const Field *f, char *const *strings)
{
    if (!strings && !f->required)
        return;
    builder_add_value(b, f->name,
                      f->type == FIELD_MAP ? write_map(strings) : json_string_array(strings));
}

static void write_group(Builder *b, const Field *f, const void *base)
{
    json_object *object;
    Builder group;

    builder_init(&group);
    fields_write(f->group, base, &group);
    object = builder_take(&group);
    if (object && !f->required && json_object_object_length(object) == 0)
        json_object_put(object);
    else
        builder_add_value(b, f->name, object);
}

static void write_field(Builder *b, const Field *f, const void *base)
{
    const void *place = (const char *)base + f->offset;

    switch (f->type) {
    case FIELD_STRING:
    case FIELD_BUFFER:
    case FIELD_ENUM:
    case FIELD_OBJECT: {
        const char *text = load_text(f, place);

        if (!text)
            write_unset(b, f);
        else if (f->type == FIELD_OBJECT)
            builder_add_text(b, f->name, text);
        else
            builder_add_string(b, f->name, text);
        break;
    }
    case FIELD_BOOL:
        builder_add_bool(b, f->name, *(const bool *)place);
        break;
    case FIELD_FLAG:
        write_flag(b, f, place);
        break;
    case FIELD_SPLIT:
        write_split(b, f->name, place);
        break;
    case FIELD_U64:
    case FIELD_U16:
    case FIELD_PID:
    case FIELD_REAL_MS:
    case FIELD_SPAN_MS: {
        uint64_t number = load_number(f->type, place);

        if (number == SPEC_UNSET)
            write_unset(b, f);
        else
            builder_add_number(b, f->name, number);
        break;
    }
    case FIELD_LIST:
    case FIELD_MAP:
        write_strings(b, f, *(char **const *)place);
        break;
    case FIELD_GROUP:
        write_group(b, f, base);
        break;
    }
}

void fields_write(const FieldTable *table, const void *base, Builder *b)
{
    for (size_t i = 0; i < table->count; i++)
        if (!table->fields[i].refused)
            write_field(b, &table->fields[i], base);
}

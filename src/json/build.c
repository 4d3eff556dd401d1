/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/build.h"

#include "base/parse.h"
#include "base/strv.h"
#include "core/spec.h"
#include "json/reader.h"

void builder_init(Builder *b)
{
    *b = (Builder){.object = json_object_new_object()};
    b->failed = !b->object;
}

/* A value of NULL is null. */
static void add(Builder *b, const char *key, json_object *value)
{
    if (b->failed ||
        json_object_object_add_ex(b->object, key, value, JSON_C_OBJECT_ADD_CONSTANT_KEY) < 0) {
        b->failed = true;
        json_object_put(value);
    }
}

static json_object *new_string(const char *s)
{
    char *clean;
    json_object *value;

    if (utf8_is_valid(s, strlen(s)))
        return json_object_new_string(s);
    clean = strdup(s);
    if (!clean)
        return NULL;
    utf8_repair(clean);
    value = json_object_new_string(clean);
    free(clean);
    return value;
}

void builder_add_string(Builder *b, const char *key, const char *s)
{
    if (s)
        builder_add_value(b, key, new_string(s));
    else
        builder_add_null(b, key);
}

void builder_add_number(Builder *b, const char *key, uint64_t number)
{
    if (number != SPEC_UNSET)
        builder_add_value(b, key, json_object_new_uint64(number));
    else
        builder_add_null(b, key);
}

void builder_add_bool(Builder *b, const char *key, bool value)
{
    builder_add_value(b, key, json_object_new_boolean(value));
}

void builder_add_null(Builder *b, const char *key)
{
    add(b, key, NULL);
}

void builder_add_value(Builder *b, const char *key, json_object *value)
{
    if (value)
        add(b, key, value);
    else
        b->failed = true;
}

void builder_add_text(Builder *b, const char *key, const char *text)
{
    json_object *value = NULL;

    if (text && json_read(text, strlen(text), &value, NULL) < 0)
        b->failed = true;
    else
        add(b, key, value);
}

json_object *builder_take(Builder *b)
{
    if (b->failed) {
        json_object_put(b->object);
        b->object = NULL;
    }
    return TAKE_PTR(b->object);
}

json_object *json_string_array(char *const *strings)
{
    json_object *array = json_object_new_array();

    for (char *const *s = strings; array && s && *s; s++) {
        json_object *item = new_string(*s);

        if (!item || json_object_array_add(array, item) < 0) {
            json_object_put(item);
            json_object_put(array);
            return NULL;
        }
    }
    return array;
}

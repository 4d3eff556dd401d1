/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/update_words.h"

#include "base/nearest.h"
#include "base/parse.h"
#include "base/strv.h"
#include "json/build.h"
#include "json/reader.h"

typedef enum KeyType {
    KEY_TEXT,
    KEY_NUMBER,
    KEY_OBJECT,
} KeyType;

static const struct {
    const char *name;
    KeyType type;
} keys[] = {
        {"engine_version", KEY_TEXT}, {"engine_digest", KEY_TEXT}, {"engine_catalog_id", KEY_TEXT},
        {"version", KEY_TEXT},        {"device_mask", KEY_TEXT},   {"slots_total", KEY_NUMBER},
        {"slots_free", KEY_NUMBER},   {"perf_hints", KEY_OBJECT},
};

const char *update_key_at(size_t i)
{
    return i < ELEMENTSOF(keys) ? keys[i].name : NULL;
}

static int unknown_key(const char *name, Error *error)
{
    const char *names[ELEMENTSOF(keys)];
    const char *nearest;

    for (size_t i = 0; i < ELEMENTSOF(keys); i++)
        names[i] = keys[i].name;
    nearest = nearest_name(name, names, ELEMENTSOF(names));
    if (nearest)
        return error_set(error, PM_ERROR_INVALID_FIELD, name,
                         "%s: there is no such key; did you mean %s?", name, nearest);
    return error_set(error, PM_ERROR_INVALID_FIELD, name,
                     "%s: there is no such key; see: poolctl set --help", name);
}

static int find_key(const char *name, size_t *ret, Error *error)
{
    for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
        if (streq(keys[i].name, name)) {
            *ret = i;
            return 0;
        }
    }
    return unknown_key(name, error);
}

static int read_object(const char *name, const char *text, json_object **ret, Error *error)
{
    _cleanup_json_ json_object *object = NULL;
    Error malformed = {0};

    if (json_read(text, strlen(text), &object, &malformed) < 0)
        return error_set(error, PM_ERROR_INVALID_FIELD, name, "%s: %s", name, malformed.text);
    if (!json_object_is_type(object, json_type_object))
        return error_set(error, PM_ERROR_INVALID_FIELD, name,
                         "%s: must be a JSON object, such as '{\"batch\": 512}'", name);
    *ret = TAKE_PTR(object);
    return 0;
}

static int add_value(Builder *b, size_t key, const char *text, Error *error)
{
    const char *name = keys[key].name;
    json_object *object;
    uint64_t number;

    if (!text[0]) {
        builder_add_null(b, name);
        return 0;
    }
    switch (keys[key].type) {
    case KEY_TEXT:
        if (!utf8_is_valid(text, strlen(text)))
            return error_set(error, PM_ERROR_INVALID_FIELD, name, "%s: is no UTF-8", name);
        builder_add_string(b, name, text);
        return 0;
    case KEY_NUMBER:
        if (parse_u64(text, 0, INT64_MAX, &number) < 0)
            return error_set(error, PM_ERROR_INVALID_FIELD, name, "%s: must be a number from 0 on",
                             name);
        builder_add_number(b, name, number);
        return 0;
    default:
        if (read_object(name, text, &object, error) < 0)
            return -EINVAL;
        builder_add_value(b, name, object);
        return 0;
    }
}

static int add_word(Builder *b, const char *word, unsigned *given, Error *error)
{
    const char *value = strchr(word, '=');
    _cleanup_free_ char *name = NULL;
    size_t key;
    int r;

    if (!value)
        return error_set(error, PM_ERROR_BAD_REQUEST, NULL,
                         "%s: must be KEY=VALUE; see: poolctl set --help", word);
    name = strndup(word, (size_t)(value - word));
    if (!name)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "%s", strerror(ENOMEM));
    r = find_key(name, &key, error);
    if (r < 0)
        return r;
    if (*given & (1U << key))
        return error_set(error, PM_ERROR_BAD_REQUEST, name, "%s: is given twice", name);
    *given |= 1U << key;
    return add_value(b, key, value + 1, error);
}

int update_words_parse(char *const *words, json_object **ret, Error *error)
{
    _cleanup_json_ json_object *update = NULL;
    unsigned given = 0;
    Builder b;
    int r = 0;

    builder_init(&b);
    for (; *words && r >= 0; words++)
        r = add_word(&b, *words, &given, error);
    update = builder_take(&b);
    if (r < 0)
        return r;
    if (!update)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "%s", strerror(ENOMEM));
    *ret = TAKE_PTR(update);
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/update_words.h"

#include <errno.h>

#include "base/nearest.h"
#include "base/parse.h"
#include "base/strv.h"
#include "json/build.h"
#include "json/reader.h"

typedef enum KeyType {
    KEY_TEXT,
    KEY_NUMBER,
    KEY_SIZE, /* bytes, with a unit or without */
    KEY_OBJECT,
} KeyType;

typedef struct Key {
    const char *name;
    KeyType type;
} Key;

static const Key registry_keys[] = {
        {"engine_version", KEY_TEXT}, {"engine_digest", KEY_TEXT}, {"engine_catalog_id", KEY_TEXT},
        {"version", KEY_TEXT},        {"device_mask", KEY_TEXT},   {"slots_total", KEY_NUMBER},
        {"slots_free", KEY_NUMBER},   {"perf_hints", KEY_OBJECT},
};
static const Key resource_keys[] = {
        {"memory_max", KEY_SIZE},  {"memory_high", KEY_SIZE}, {"cpu_weight", KEY_NUMBER},
        {"tasks_max", KEY_NUMBER}, {"io_weight", KEY_NUMBER},
};
enum { KEYS_MAX = 8 };

static const struct {
    const Key *keys;
    size_t count;
    const char *verb;
} kinds[] = {
        [UPDATE_REGISTRY] = {registry_keys, ELEMENTSOF(registry_keys), "set"},
        [UPDATE_RESOURCES] = {resource_keys, ELEMENTSOF(resource_keys), "set-property"},
};

const char *update_key_at(UpdateKind kind, size_t i)
{
    return i < kinds[kind].count ? kinds[kind].keys[i].name : NULL;
}

static int unknown_key(UpdateKind kind, const char *name, Error *error)
{
    const char *names[KEYS_MAX] = {0};
    const char *nearest;

    for (size_t i = 0; i < kinds[kind].count; i++)
        names[i] = kinds[kind].keys[i].name;
    nearest = nearest_name(name, names, kinds[kind].count);
    if (nearest)
        return error_set(error, PM_ERROR_INVALID_FIELD, name,
                         "%s: there is no such key; did you mean %s?", name, nearest);
    return error_set(error, PM_ERROR_INVALID_FIELD, name,
                     "%s: there is no such key; see: poolctl %s --help", name, kinds[kind].verb);
}

static int find_key(UpdateKind kind, const char *name, size_t *ret, Error *error)
{
    for (size_t i = 0; i < kinds[kind].count; i++) {
        if (streq(kinds[kind].keys[i].name, name)) {
            *ret = i;
            return 0;
        }
    }
    return unknown_key(kind, name, error);
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

/* "24G": as systemd writes it, to the base of 1024. */
static int parse_size(const char *text, uint64_t *ret)
{
    static const char units[] = "KMGT";
    size_t length = strlen(text);
    const char *unit = length > 0 ? strchr(units, text[length - 1]) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    _cleanup_free_ char *digits = strndup(text, unit ? length - 1 : length);
    int r = digits ? parse_u64(digits, 0, (uint64_t)INT64_MAX >> shift, ret) : -ENOMEM;

    *ret <<= shift;
    return r;
}

static int add_value(Builder *b, const Key *key, const char *text, Error *error)
{
    const char *name = key->name;
    json_object *object;
    uint64_t number;

    if (!text[0]) {
        builder_add_null(b, name);
        return 0;
    }
    switch (key->type) {
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
    case KEY_SIZE:
        number = 0;
        if (parse_size(text, &number) < 0)
            return error_set(error, PM_ERROR_INVALID_FIELD, name,
                             "%s: must be a number of bytes, such as 24G", name);
        builder_add_number(b, name, number);
        return 0;
    default:
        if (read_object(name, text, &object, error) < 0)
            return -EINVAL;
        builder_add_value(b, name, object);
        return 0;
    }
}

static int add_word(UpdateKind kind, Builder *b, const char *word, unsigned *given, Error *error)
{
    const char *value = strchr(word, '=');
    _cleanup_free_ char *name = NULL;
    size_t key;
    int r;

    if (!value)
        return error_set(error, PM_ERROR_BAD_REQUEST, NULL,
                         "%s: must be KEY=VALUE; see: poolctl %s --help", word, kinds[kind].verb);
    name = strndup(word, (size_t)(value - word));
    if (!name)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "%s", strerror(ENOMEM));
    r = find_key(kind, name, &key, error);
    if (r < 0)
        return r;
    if (*given & (1U << key))
        return error_set(error, PM_ERROR_BAD_REQUEST, name, "%s: is given twice", name);
    *given |= 1U << key;
    return add_value(b, &kinds[kind].keys[key], value + 1, error);
}

int update_words_parse(UpdateKind kind, char *const *words, json_object **ret, Error *error)
{
    _cleanup_json_ json_object *update = NULL;
    unsigned given = 0;
    Builder b;
    int r = 0;

    builder_init(&b);
    for (; *words && r >= 0; words++)
        r = add_word(kind, &b, *words, &given, error);
    update = builder_take(&b);
    if (r < 0)
        return r;
    if (!update)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "%s", strerror(ENOMEM));
    *ret = TAKE_PTR(update);
    return 0;
}

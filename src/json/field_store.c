/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/field_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/text.h"
#include "base/usec.h"
#include "core/sandbox.h"
#include "json/refuse.h"

int refuse_value(const Target *t, const char *expected, json_object *value)
{
    char got[EXCERPT_SIZE];

    excerpt_value(value, got);
    return field_refuse(t->error, t->name, "must be %s, got %s", expected, got);
}

int store_bool(const Target *t, json_object *value)
{
    bool flag;

    if (json_object_get_type(value) != json_type_boolean)
        return refuse_value(t, "true or false", value);
    flag = json_object_get_boolean(value);
    memcpy(t->place, &flag, sizeof(flag));
    return 0;
}

int store_flag(const Target *t, json_object *value)
{
    Flag flag;

    if (json_object_get_type(value) != json_type_boolean)
        return refuse_value(t, "true or false", value);
    flag = json_object_get_boolean(value) ? FLAG_ON : FLAG_OFF;
    memcpy(t->place, &flag, sizeof(flag));
    return 0;
}

/* Returns whether `value` is an integer that is not negative. */
static bool get_integer(json_object *value, uint64_t *ret)
{
    if (json_object_get_type(value) != json_type_int || json_object_get_int64(value) < 0)
        return false;
    *ret = json_object_get_uint64(value);
    return true;
}

int store_number(const Target *t, json_object *value)
{
    const Field *f = t->field;
    char expected[64];
    uint64_t number;

    if (!get_integer(value, &number) || number < f->min || number > f->max) {
        if (f->max >= INT64_MAX)
            (void)snprintf(expected, sizeof(expected), "an integer of at least %" PRIu64, f->min);
        else
            (void)snprintf(expected, sizeof(expected), "an integer from %" PRIu64 " to %" PRIu64,
                           f->min, f->max);
        return refuse_value(t, expected, value);
    }
    if (f->type == FIELD_U16)
        *(uint16_t *)t->place = (uint16_t)number;
    else if (f->type == FIELD_PID)
        *(pid_t *)t->place = (pid_t)number;
    else if (f->type == FIELD_REAL_MS || f->type == FIELD_SPAN_MS)
        *(usec_t *)t->place = number * USEC_PER_MSEC;
    else
        *(uint64_t *)t->place = number;
    return 0;
}

/* The text of a string of at most `max` bytes, as long as `value` lives; NULL when it is refused.
 */
static const char *get_string(const Target *t, json_object *value, uint64_t max, StringCheck check)
{
    const char *s, *wrong;

    if (json_object_get_type(value) != json_type_string) {
        refuse_value(t, "a string", value);
        return NULL;
    }
    s = json_object_get_string(value);
    if (strlen(s) > max) {
        field_refuse(t->error, t->name, "must be at most %" PRIu64 " bytes long, got %zu", max,
                     strlen(s));
        return NULL;
    }
    wrong = check ? check(s) : NULL;
    if (wrong) {
        char got[EXCERPT_SIZE];

        excerpt_text(s, strlen(s), got);
        field_refuse(t->error, t->name, "%s, got %s", wrong, got);
        return NULL;
    }
    return s;
}

int store_string(const Target *t, json_object *value)
{
    const char *s = get_string(t, value, t->field->max, t->field->check);
    char *copy;

    if (!s)
        return -EINVAL;
    if (*s == '\0')
        return field_refuse(t->error, t->name, "must not be empty");
    if (t->field->type == FIELD_BUFFER) {
        memcpy(t->place, s, strlen(s) + 1);
        return 0;
    }
    copy = strdup(s);
    if (!copy)
        return refuse_no_memory(t->error);
    *(char **)t->place = copy;
    return 0;
}

static int refuse_name(const Target *t, json_object *value)
{
    _cleanup_free_ char *expected = NULL;
    Text text = {0};

    text_append(&text, "one of");
    for (int i = 0; i < (int)t->field->max; i++) {
        const char *name = t->field->enum_name(i);

        if (name)
            text_printf(&text, "%s %s", text.length > strlen("one of") ? "," : "", name);
    }
    if (text_take(&text, &expected) < 0)
        return refuse_no_memory(t->error);
    return refuse_value(t, expected, value);
}

int store_enum(const Target *t, json_object *value)
{
    const char *s = get_string(t, value, PM_STRING_MAX, NULL);

    if (!s)
        return -EINVAL;
    for (int i = 0; i < (int)t->field->max; i++) {
        const char *name = t->field->enum_name(i);

        if (name && streq(name, s)) {
            memcpy(t->place, &i, sizeof(i));
            return 0;
        }
    }
    return refuse_name(t, value);
}

int store_list(const Target *t, json_object *value)
{
    size_t count;

    if (json_object_get_type(value) != json_type_array)
        return refuse_value(t, "an array of strings", value);
    count = json_object_array_length(value);
    if (count > t->field->max)
        return field_refuse(t->error, t->name, "must have at most %" PRIu64 " items, got %zu",
                            t->field->max, count);
    for (size_t i = 0; i < count; i++) {
        char name[PM_ERROR_FIELD_MAX + 1], index[24];
        const Target item = {t->field, name, t->place, t->error};
        const char *s;

        (void)snprintf(index, sizeof(index), "[%zu]", i);
        field_name(t->name, index, name);
        s = get_string(&item, json_object_array_get_idx(value, i), PM_FLAG_MAX, t->field->check);
        if (!s)
            return -EINVAL;
        if (strv_extend((char ***)t->place, s) < 0)
            return refuse_no_memory(t->error);
    }
    return 0;
}

static int store_map_item(const Target *t, const char *key, json_object *value)
{
    char prefix[PM_ERROR_FIELD_MAX + 1], name[PM_ERROR_FIELD_MAX + 1];
    const Target item = {t->field, name, t->place, t->error};
    const char *wrong, *s;

    field_name(t->name, ".", prefix);
    field_name(prefix, key, name);
    wrong = t->field->check_name(key);
    if (wrong)
        return field_refuse(t->error, name, "the name %s", wrong);
    s = get_string(&item, value, PM_FLAG_MAX, t->field->check);
    if (!s)
        return -EINVAL;
    return strv_extendf((char ***)t->place, "%s=%s", key, s) < 0 ? refuse_no_memory(t->error) : 0;
}

int store_map(const Target *t, json_object *value)
{
    int count;

    if (json_object_get_type(value) != json_type_object)
        return refuse_value(t, "an object of strings", value);
    count = json_object_object_length(value);
    if ((uint64_t)count > t->field->max)
        return field_refuse(t->error, t->name, "must have at most %" PRIu64 " members, got %d",
                            t->field->max, count);
    json_object_object_foreach(value, key, member)
    {
        int r = store_map_item(t, key, member);

        if (r < 0)
            return r;
    }
    return 0;
}

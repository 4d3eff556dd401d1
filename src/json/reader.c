/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/reader.h"

#include <stdlib.h>

#include "json/refuse.h"
#include "json/scan.h"

static int read_value(Scan *s, json_object **ret);

static int read_item(Scan *s, Level *level)
{
    json_object *value;
    int r = read_value(s, &value);

    if (r < 0)
        return r;
    if (json_object_array_add(level->value, value) < 0) {
        json_object_put(value);
        return refuse_no_memory(s->error);
    }
    return 0;
}

static int read_key(Scan *s, Level *level)
{
    size_t start = s->at, length;
    int r;

    if (scan_peek(s, 0) != '"')
        return scan_expected(s, "a key in double quotes");
    r = scan_string(s, &level->key, &length);
    if (r < 0)
        return r;
    if (json_object_object_get_ex(level->value, level->key, NULL))
        return scan_refuse(s, start, "the key is there twice in one object");
    scan_skip_space(s);
    if (scan_peek(s, 0) != ':')
        return scan_expected(s, "a colon after the key");
    s->at++;
    return 0;
}

static int read_member(Scan *s, Level *level)
{
    json_object *value;
    int r;

    r = read_key(s, level);
    if (r >= 0)
        r = read_value(s, &value);
    if (r < 0)
        return r;
    if (json_object_object_add(level->value, level->key, value) < 0) {
        json_object_put(value);
        return refuse_no_memory(s->error);
    }
    free(level->key);
    level->key = NULL;
    return 0;
}

/* The items or members up to the closing bracket; the opening one has been read. */
static int read_members(Scan *s, Level *level, char close)
{
    int r;

    scan_skip_space(s);
    if (scan_peek(s, 0) == close) {
        s->at++;
        return 0;
    }
    for (;;) {
        r = close == '}' ? read_member(s, level) : read_item(s, level);
        if (r < 0)
            return r;
        scan_skip_space(s);
        if (scan_peek(s, 0) == close) {
            s->at++;
            return 0;
        }
        if (scan_peek(s, 0) != ',')
            return scan_expected(s, close == '}' ? "a comma or }" : "a comma or ]");
        s->at++;
        level->index++;
        scan_skip_space(s);
    }
}

static int read_container(Scan *s, json_object **ret)
{
    bool object = scan_peek(s, 0) == '{';
    Level *level;
    int r;

    if (s->depth >= PM_JSON_DEPTH_MAX)
        return scan_refuse(s, s->at, "nested more than %d levels deep", PM_JSON_DEPTH_MAX);
    level = &s->levels[s->depth];
    *level = (Level){.value = object ? json_object_new_object() : json_object_new_array()};
    if (!level->value)
        return refuse_no_memory(s->error);
    s->depth++;
    s->at++;
    r = read_members(s, level, object ? '}' : ']');
    s->depth--;
    free(level->key);
    if (r < 0)
        json_object_put(level->value);
    else
        *ret = level->value;
    return r;
}

static int read_string(Scan *s, json_object **ret)
{
    _cleanup_free_ char *text = NULL;
    size_t length;
    int r = scan_string(s, &text, &length);

    if (r < 0)
        return r;
    *ret = json_object_new_string_len(text, (int)length);
    return *ret ? 0 : refuse_no_memory(s->error);
}

static int read_value(Scan *s, json_object **ret)
{
    scan_skip_space(s);
    switch (scan_peek(s, 0)) {
    case '{':
    case '[':
        return read_container(s, ret);
    case '"':
        return read_string(s, ret);
    case '-':
    case '0' ... '9':
        return scan_number(s, ret);
    default:
        return scan_literal(s, ret);
    }
}

int json_read(const char *text, size_t length, json_object **ret, Error *error)
{
    Scan s = {.text = text, .length = length, .error = error};
    json_object *value;
    int r;

    if (length > PM_BODY_MAX)
        return error_set(error, PM_ERROR_BODY_TOO_LARGE, NULL,
                         "the JSON text has %zu bytes, at most %d are allowed", length,
                         PM_BODY_MAX);
    r = read_value(&s, &value);
    if (r < 0)
        return r;
    scan_skip_space(&s);
    if (s.at < length) {
        json_object_put(value);
        return scan_expected(&s, "the end of the text");
    }
    *ret = value;
    return 0;
}

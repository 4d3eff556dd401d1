/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/reader.h"

#include "json/refuse.h"
#include "json/scan.h"

/*
 * Builds the value out of a text that scan_json() has passed. That is as strict as JSON is: asked
 * to be strict as well, json-c 0.18 (Debian 13) refuses each string that is not ASCII.
 */
static int build_value(json_tokener *tokener, const char *text, size_t length, json_object **ret,
                       Error *error)
{
    json_object *value;

    value = json_tokener_parse_ex(tokener, text, (int)length);
    /* A number or literal on its own ends only where something follows it. */
    if (json_tokener_get_error(tokener) == json_tokener_continue)
        value = json_tokener_parse_ex(tokener, "", 1);
    /* The next one, which older versions do not know: out of memory. */
    if (json_tokener_get_error(tokener) > json_tokener_error_parse_utf8_string)
        return refuse_no_memory(error);
    if (json_tokener_get_error(tokener) != json_tokener_success)
        return error_set(error, PM_ERROR_INVALID_JSON, NULL, "invalid JSON: %s",
                         json_tokener_error_desc(json_tokener_get_error(tokener)));
    *ret = value;
    return 0;
}

int json_read(const char *text, size_t length, json_object **ret, Error *error)
{
    json_tokener *tokener;
    size_t start, value_length;
    int r;

    if (length > PM_BODY_MAX)
        return error_set(error, PM_ERROR_BODY_TOO_LARGE, NULL,
                         "the JSON text has %zu bytes, at most %d are allowed", length,
                         PM_BODY_MAX);
    r = scan_json(text, length, &start, &value_length, error);
    if (r < 0)
        return r;

    /* json-c counts a scalar as a level of its own. */
    tokener = json_tokener_new_ex(PM_JSON_DEPTH_MAX + 1);
    if (!tokener)
        return refuse_no_memory(error);
    r = build_value(tokener, text + start, value_length, ret, error);
    json_tokener_free(tokener);
    return r;
}

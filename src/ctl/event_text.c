/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/event_text.h"

#include "ctl/fields.h"
#include "ctl/terminal.h"

/* Members of a status that say nothing new: they follow from the others, or always change. */
static bool is_noise(const char *name)
{
    static const char *const names[] = {"pool_id", "live", "uptime_ms", "invocation_id",
                                        "last_heartbeat_ms"};

    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        if (streq(name, names[i]))
            return true;
    return false;
}

static const char *value_text(json_object *value)
{
    const char *text = json_object_is_type(value, json_type_string)
                               ? json_object_get_string(value)
                               : json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);

    return !value || !text || !text[0] ? "-" : text;
}

static void append_separator(Text *text)
{
    if (text->length > 0)
        text_append(text, ", ");
}

static void append_load(json_object *load, Text *text)
{
    if (status_number(load, "percent") == UINT64_MAX)
        return;
    append_separator(text);
    text_printf(text, "%s %% of the model read",
                value_text(json_object_object_get(load, "percent")));
}

static void append_change(const char *name, json_object *before, json_object *value, Text *text)
{
    if (streq(name, "load")) {
        append_load(value, text);
        return;
    }
    append_separator(text);
    text_printf(text, "%s ", name);
    /* Of what is yes or no, the one tells the other. */
    if (before && !json_object_is_type(before, json_type_boolean))
        text_printf(text, "%s %s ", value_text(before), terminal_is_utf8() ? "→" : "->");
    text_append(text, value_text(value));
}

static void append_pool(json_object *before, json_object *data, Text *text)
{
    json_object_object_foreach(data, name, value)
    {
        json_object *old = before ? json_object_object_get(before, name) : NULL;

        if (is_noise(name) || (before ? json_object_equal(old, value) : !value))
            continue;
        /* Of a pool that nothing was known of, only what matters. */
        if (!before && !streq(name, "state") && !streq(name, "active_leases") &&
            !streq(name, "last_error"))
            continue;
        append_change(name, old, value, text);
    }
}

static void append_operation(json_object *data, Text *text)
{
    const char *error = status_string(status_object(data, "result"), "error");

    text_printf(text, "operation %s, %s: %s", status_string(data, "id"),
                status_string(data, "kind"), status_string(data, "phase"));
    if (error[0])
        text_printf(text, ": %s", error);
}

void event_text(const char *type, json_object *before, json_object *data, Text *text)
{
    if (!json_object_is_type(data, json_type_object))
        text_append(text, type);
    else if (streq(type, "pool"))
        append_pool(before, data, text);
    else if (streq(type, "pool_removed"))
        text_append(text, "removed");
    else if (streq(type, "operation"))
        append_operation(data, text);
    else
        text_printf(text, "%s %s", type, value_text(data));
}

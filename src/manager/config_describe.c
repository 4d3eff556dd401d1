/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/text.h"
#include "manager/config_table.h"
#include "json/build.h"
#include "json/encode.h"

/* The settings, as they are shown. */

static void add_origin(Builder *b, const ConfigOrigin *o)
{
    builder_add_string(b, "value", o->value);
    builder_add_string(b, "source", config_source_to_string(o->source));
    builder_add_string(b, "where", o->where);
}

static void add_pending(Builder *b, const ConfigOrigin *o)
{
    Builder pending;

    if (!o->value) {
        builder_add_null(b, "pending");
        return;
    }
    builder_init(&pending);
    add_origin(&pending, o);
    builder_add_value(b, "pending", builder_take(&pending));
}

static json_object *describe_key(const ConfigKey *key, const ConfigOrigin *origin,
                                 const ConfigOrigin *pending)
{
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "section", key->section);
    builder_add_string(&b, "key", key->key);
    add_origin(&b, origin);
    builder_add_string(&b, "default", key->fallback);
    builder_add_bool(&b, "needs_restart", !key->reload);
    add_pending(&b, pending);
    return builder_take(&b);
}

static json_object *describe_keys(const Settings *s)
{
    json_object *array = json_object_new_array_ext((int)config_keys_count);

    for (size_t i = 0; array && i < config_keys_count; i++) {
        json_object *key = describe_key(&config_keys[i], &s->origins[i], &s->pending[i]);

        if (key && json_object_array_add(array, key) == 0)
            continue;
        json_object_put(key);
        json_object_put(array);
        return NULL;
    }
    return array;
}

int settings_describe(const Settings *s, char **ret_text, size_t *ret_length)
{
    Builder b;

    builder_init(&b);
    builder_add_value(&b, "files", json_string_array(s->files));
    builder_add_value(&b, "keys", describe_keys(s));
    return json_text(builder_take(&b), false, ret_text, ret_length);
}

/* Whether an earlier key of the table is in the same section. */
static bool section_is_done(size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (streq(config_keys[k].section, config_keys[i].section))
            return true;
    return false;
}

int settings_text(const Settings *s, char **ret)
{
    Text t = {0};

    for (size_t i = 0; i < config_keys_count; i++) {
        if (section_is_done(i))
            continue;
        text_printf(&t, "%s[%s]\n", t.length > 0 ? "\n" : "", config_keys[i].section);
        for (size_t k = i; k < config_keys_count; k++)
            if (streq(config_keys[k].section, config_keys[i].section))
                text_printf(&t, "# %s\n%s=%s\n", s->origins[k].where, config_keys[k].key,
                            s->origins[k].value);
    }
    return text_take(&t, ret);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "manager/config_origin.h"

const char *config_source_to_string(ConfigSource source)
{
    static const char *const names[CONFIG_SOURCE_MAX] = {
            [CONFIG_SOURCE_DEFAULT] = "default",
            [CONFIG_SOURCE_FILE] = "file",
            [CONFIG_SOURCE_ENVIRONMENT] = "environment",
            [CONFIG_SOURCE_COMMAND_LINE] = "command_line",
    };

    return source >= 0 && source < CONFIG_SOURCE_MAX ? names[source] : NULL;
}

int config_origin_set(ConfigOrigin *o, ConfigSource source, const char *where, const char *value)
{
    _cleanup_free_ char *w = strdup(where), *v = strdup(value);

    if (!w || !v)
        return -ENOMEM;
    config_origin_done(o);
    *o = (ConfigOrigin){.source = source, .where = TAKE_PTR(w), .value = TAKE_PTR(v)};
    return 0;
}

void config_origin_done(ConfigOrigin *o)
{
    free(o->where);
    free(o->value);
    *o = (ConfigOrigin){0};
}

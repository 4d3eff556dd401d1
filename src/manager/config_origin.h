/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macros.h"

/* Where the value of a key comes from; the later one wins. */
typedef enum ConfigSource {
    CONFIG_SOURCE_DEFAULT,
    CONFIG_SOURCE_FILE,
    CONFIG_SOURCE_ENVIRONMENT,
    CONFIG_SOURCE_COMMAND_LINE,
    CONFIG_SOURCE_MAX,
    CONFIG_SOURCE_INVALID = -EINVAL,
} ConfigSource;

typedef struct ConfigOrigin {
    ConfigSource source;
    char *where; /* for people: "FILE:LINE", "environment variable NAME", … */
    char *value; /* as it was written; NULL: nothing is known */
} ConfigOrigin;

/* "default", "file", "environment", "command_line" */
const char *config_source_to_string(ConfigSource source);

/* Takes copies. Returns 0, or -ENOMEM with *o as it was. */
int config_origin_set(ConfigOrigin *o, ConfigSource source, const char *where, const char *value);
void config_origin_done(ConfigOrigin *o);

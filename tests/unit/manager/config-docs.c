/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "manager/config_table.h"

/* Prints the keys of the configuration for docs/man/generate, one a line, with tabs between
 * section, key, type, smallest and largest, choices, default, environment variable, and whether a
 * change needs a restart. */

static const char *type_name(ConfigType type)
{
    switch (type) {
    case CONFIG_SPAN:
        return "span";
    case CONFIG_BOOL:
        return "bool";
    case CONFIG_NUMBER:
        return "number";
    case CONFIG_STRING:
        return "string";
    case CONFIG_CHOICE:
        return "choice";
    }
    return "";
}

int main(void)
{
    for (size_t i = 0; i < config_keys_count; i++) {
        const ConfigKey *k = &config_keys[i];

        printf("%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%s\t%s\t%s\t%s\n", k->section, k->key,
               type_name(k->type), k->min, k->max, k->choices ? k->choices : "",
               k->fallback ? k->fallback : "", k->environment ? k->environment : "",
               k->reload ? "" : "restart");
    }
    return 0;
}

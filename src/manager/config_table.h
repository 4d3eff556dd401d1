/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/config.h"

typedef enum ConfigType {
    CONFIG_SPAN,   /* usec_t, systemd.time(7) */
    CONFIG_BOOL,   /* bool */
    CONFIG_NUMBER, /* uint64_t within min..max */
    CONFIG_STRING, /* char * */
    CONFIG_CHOICE, /* char *, one of `choices` */
} ConfigType;

/* One key: its name, type, bounds, default, and where it is kept. */
typedef struct ConfigKey {
    const char *section;
    const char *key;
    ConfigType type;
    const char *fallback;    /* the default, as one would write it; NULL: worked out at start */
    const char *environment; /* variable, or NULL */
    size_t offset;           /* in Settings */
    uint64_t min, max;       /* of spans (in µs) and numbers */
    const char *choices;     /* separated by '|' */
    bool reload;             /* may change while the daemon runs */
} ConfigKey;

extern const ConfigKey config_keys[];
extern const size_t config_keys_count;

/*
 * Sets `key` of `s` from text. Returns 0; -EINVAL with *ret_expected saying what would have been
 * right; -ENOMEM.
 */
int config_key_set(const ConfigKey *key, Settings *s, const char *value, char expected[static 128]);

/* Whether both have the same value. */
bool config_key_equal(const ConfigKey *key, const Settings *a, const Settings *b);

/* Sets the value of `s` to that of `from`. Returns 0 or -ENOMEM. */
int config_key_copy(const ConfigKey *key, Settings *s, const Settings *from);

/* The value of a string or a choice, NULL for other types and where nothing is set. */
const char *config_key_string(const ConfigKey *key, const Settings *s);

/* NULL when there is none. */
const ConfigKey *config_key_find(const char *section, const char *key);

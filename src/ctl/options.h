/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "base/error.h"

typedef enum JsonMode {
    JSON_OFF,
    JSON_SHORT,  /* one line */
    JSON_PRETTY, /* for people */
} JsonMode;

/* Options that only some verbs take. */
typedef enum VerbOption {
    VERB_OPTION_WAIT = 1 << 0,
    VERB_OPTION_FOLLOW = 1 << 1,
    VERB_OPTION_LINES = 1 << 2,
    VERB_OPTION_GENERATION = 1 << 3,
    VERB_OPTION_LEGEND = 1 << 4,
} VerbOption;

#define LINES_ALL UINT64_MAX

typedef struct Options {
    bool help;
    bool version;
    bool user;
    JsonMode json;
    bool legend;
    bool wait;
    bool follow;
    uint64_t lines;      /* LINES_ALL: no limit */
    uint64_t generation; /* 0: every one */
    unsigned given;      /* of VerbOption: what stood on the command line */
} Options;

/*
 * Reads the options of the command line, which may stand anywhere in it. *ret_arguments are the
 * other words, in their order, ending in NULL; they belong to `argv`. Returns 0, or -EINVAL with
 * `error` set.
 */
int options_parse(int argc, char **argv, Options *ret, char ***ret_arguments, Error *error);

/* The name on the command line of the lowest of `options`. */
const char *verb_option_name(unsigned options);

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
    VERB_OPTION_OWNER = 1 << 5,
    VERB_OPTION_TTL = 1 << 6,
    VERB_OPTION_ENFORCE_SLOTS = 1 << 7,
    VERB_OPTION_HANDOFF = 1 << 8,
    VERB_OPTION_FORCE = 1 << 9,
    VERB_OPTION_TIMESTAMP = 1 << 10,
    VERB_OPTION_SINCE_ID = 1 << 11,
    VERB_OPTION_DEADLINE = 1 << 12,
    VERB_OPTION_PREPARED = 1 << 13,
    VERB_OPTION_STRATEGY = 1 << 14,
} VerbOption;

#define LINES_ALL UINT64_MAX

typedef struct Options {
    bool help;
    bool version;
    bool user;
    JsonMode json;
    bool legend;
    bool wait; /* true unless --no-wait; a verb that waits only on demand looks at `given` too */
    bool follow;
    uint64_t lines;      /* LINES_ALL: no limit */
    uint64_t generation; /* 0: every one */
    const char *owner;   /* NULL: not given */
    uint64_t ttl_ms;     /* UINT64_MAX: not given, for ever */
    bool enforce_slots;
    const char *handoff; /* a path, "-" or NULL */
    bool force;
    uint64_t timestamp_ms; /* UINT64_MAX: not given, now */
    uint64_t since_id;     /* UINT64_MAX: not given */
    uint64_t deadline_ms;  /* UINT64_MAX: not given, as the daemon has it */
    const char *prepared;  /* a path, "-" or NULL */
    const char *strategy;  /* NULL: not given, as the daemon has it */
    unsigned given;        /* of VerbOption: what stood on the command line */
} Options;

/* One option, as help and completion show it. */
typedef struct OptionInfo {
    const char *name;     /* without its dashes */
    char letter;          /* 0: it has none */
    const char *argument; /* what stands for it in a help text; NULL: it takes none */
    bool optional;        /* the argument may be left out */
    unsigned verbs;       /* of VerbOption; 0: every verb takes it */
    const char *values;   /* what the argument may be, for completion: words, "FILE", or NULL */
    const char *help;     /* one line */
} OptionInfo;

/* The i-th option, NULL behind the last. */
const OptionInfo *option_at(size_t i);

/*
 * Reads the options of the command line, which may stand anywhere in it before "--". *ret_arguments
 * are the other words, in their order, ending in NULL; they belong to `argv`. Returns 0, or -EINVAL
 * with `error` set.
 */
int options_parse(int argc, char **argv, Options *ret, char ***ret_arguments, Error *error);

/* The name on the command line of the lowest of `given`, which are of VerbOption. */
const char *verb_option_name(unsigned given);

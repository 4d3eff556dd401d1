/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/options.h"

/* What a word after the verb is, for completion. */
typedef enum WordKind {
    WORD_OTHER, /* nothing that we could offer */
    WORD_POOL,
    WORD_FILE,
    WORD_POOL_OR_FILE,
    WORD_UPDATE,   /* KEY=VALUE of `set` */
    WORD_RESOURCE, /* KEY=VALUE of `set-property` */
    WORD_COMMAND,
} WordKind;

typedef struct Verb {
    const char *name;
    const char *synopsis;    /* the words after the verb, "" for none */
    const char *summary;     /* for the list of verbs */
    const char *description; /* for its own help: lines of at most 79 columns */
    const char *examples;    /* the same, each line a command */
    size_t min_words;
    size_t max_words;
    WordKind first;   /* the kind of the first word */
    WordKind rest;    /* and of those that follow */
    unsigned options; /* of VerbOption: what it takes beside what all take */
    /*
     * `words` is what follows the verb, of the number that is allowed, ending in NULL. It reports
     * its errors itself and returns poolctl's exit status: 0, or that of the error table.
     */
    int (*run)(const Options *options, char **words);
} Verb;

/* The verbs, one file each. */
extern const Verb verb_list, verb_status, verb_preload, verb_stop, verb_drain, verb_restart,
        verb_lease, verb_release, verb_logs, verb_events, verb_register, verb_deregister, verb_set,
        verb_heartbeat, verb_operation, verb_reload, verb_reset_breaker, verb_allow_restart,
        verb_config, verb_devices, verb_plan, verb_set_property;

/* The i-th verb, NULL behind the last. */
const Verb *verb_at(size_t i);

/* NULL when there is none of that name. */
const Verb *verb_find(const char *name);

/* The one that `name` most likely meant, or NULL. */
const char *verb_nearest(const char *name);

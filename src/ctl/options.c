/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/options.h"

#include <getopt.h>

#include "base/nearest.h"
#include "base/parse.h"

typedef enum OptionId {
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_USER,
    OPTION_SYSTEM,
    OPTION_JSON,
    OPTION_NO_PAGER,
    OPTION_NO_LEGEND,
    OPTION_WAIT,
    OPTION_NO_WAIT,
    OPTION_FOLLOW,
    OPTION_LINES,
    OPTION_GENERATION,
    OPTION_OWNER,
    OPTION_TTL,
    OPTION_ENFORCE_SLOTS,
    OPTION_HANDOFF,
    OPTION_FORCE,
    OPTION_TIMESTAMP,
    OPTION_SINCE_ID,
    OPTION_DEADLINE,
    OPTION_PREPARED,
    OPTION_STRATEGY,
    OPTION_MAX,
} OptionId;

/* getopt's value of an option: what letters do not reach. */
enum { ARG_FIRST = 256 };

static const OptionInfo options[OPTION_MAX] = {
        [OPTION_HELP] = {"help", 'h', NULL, false, 0, NULL, "This, or after a verb more about it"},
        [OPTION_VERSION] = {"version", 0, NULL, false, 0, NULL, "The version of this program"},
        [OPTION_USER] = {"user", 0, NULL, false, 0, NULL, "The daemon of your user"},
        [OPTION_SYSTEM] = {"system", 0, NULL, false, 0, NULL,
                           "The daemon of the host (the default)"},
        [OPTION_JSON] = {"json", 0, "MODE", true, 0, "short pretty",
                         "JSON, short or pretty; else by what reads it"},
        [OPTION_NO_PAGER] = {"no-pager", 0, NULL, false, 0, NULL, "Accepted; there is none"},
        [OPTION_NO_LEGEND] = {"no-legend", 0, NULL, false, VERB_OPTION_LEGEND, NULL,
                              "Without headers and count"},
        [OPTION_WAIT] = {"wait", 0, NULL, false, VERB_OPTION_WAIT, NULL,
                         "Wait until it is done, and show how far it is"},
        [OPTION_NO_WAIT] = {"no-wait", 0, NULL, false, VERB_OPTION_WAIT, NULL,
                            "Return as soon as the operation is under way"},
        [OPTION_FOLLOW] = {"follow", 'f', NULL, false, VERB_OPTION_FOLLOW, NULL,
                           "Go on with what is written from now on"},
        [OPTION_LINES] = {"lines", 'n', "LINES", false, VERB_OPTION_LINES, "all 10 100 1000",
                          "The last so many, or all; else 100, with -f 10"},
        [OPTION_GENERATION] = {"generation", 0, "N", false, VERB_OPTION_GENERATION, NULL,
                               "Only of the pool's Nth start"},
        [OPTION_OWNER] = {"owner", 0, "NAME", false, VERB_OPTION_OWNER, NULL,
                          "Who the lease is for; else the command's name"},
        [OPTION_TTL] = {"ttl", 0, "SPAN", false, VERB_OPTION_TTL, "30s 1min 10min 1h",
                        "End the lease after this time, such as 5min"},
        [OPTION_ENFORCE_SLOTS] = {"enforce-slots", 0, NULL, false, VERB_OPTION_ENFORCE_SLOTS, NULL,
                                  "Fail when all slots are taken"},
        [OPTION_HANDOFF] = {"handoff", 0, "FILE", false, VERB_OPTION_HANDOFF, "FILE",
                            "For an engine that runs: its handoff, - is stdin"},
        [OPTION_FORCE] = {"force", 0, NULL, false, VERB_OPTION_FORCE, NULL,
                          "Stop an engine that still runs"},
        [OPTION_TIMESTAMP] = {"timestamp", 0, "MS", false, VERB_OPTION_TIMESTAMP, NULL,
                              "When it was, in Unix milliseconds; else now"},
        [OPTION_SINCE_ID] = {"since-id", 0, "ID", false, VERB_OPTION_SINCE_ID, "0",
                             "First the events behind ID that are still kept"},
        [OPTION_DEADLINE] = {"deadline", 0, "SPAN", false, VERB_OPTION_DEADLINE,
                             "0 30s 1min 5min 1h", "How long leases are waited for at most"},
        [OPTION_PREPARED] = {"prepared", 0, "FILE", false, VERB_OPTION_PREPARED, "FILE",
                             "The new engine, as for preload, - is stdin"},
        [OPTION_STRATEGY] = {"strategy", 0, "NAME", false, VERB_OPTION_STRATEGY, "drain blue-green",
                             "Stop the old one before or, blue-green, after"},
};

const OptionInfo *option_at(size_t i)
{
    return i < OPTION_MAX ? &options[i] : NULL;
}

const char *verb_option_name(unsigned given)
{
    static const char *const names[] = {
            "--wait or --no-wait", "--follow",   "--lines",     "--generation",
            "--no-legend",         "--owner",    "--ttl",       "--enforce-slots",
            "--handoff",           "--force",    "--timestamp", "--since-id",
            "--deadline",          "--prepared", "--strategy",
    };

    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        if (given & (1U << i))
            return names[i];
    return NULL;
}

static int parse_json_mode(const char *s, JsonMode *ret, Error *error)
{
    if (!s)
        *ret = isatty(STDOUT_FILENO) ? JSON_PRETTY : JSON_SHORT;
    else if (streq(s, "short"))
        *ret = JSON_SHORT;
    else if (streq(s, "pretty"))
        *ret = JSON_PRETTY;
    else
        return error_set(error, PM_ERROR_BAD_REQUEST, NULL,
                         "--json=%s: must be --json=short or --json=pretty", s);
    return 0;
}

static int parse_count(OptionId id, const char *s, uint64_t min, uint64_t *ret, Error *error)
{
    if (parse_u64(s, min, INT64_MAX, ret) < 0)
        return error_set(error, PM_ERROR_BAD_REQUEST, NULL, "--%s %s: must be a number from %d on",
                         options[id].name, s, (int)min);
    return 0;
}

static int parse_lines(const char *s, uint64_t *ret, Error *error)
{
    if (streq(s, "all")) {
        *ret = LINES_ALL;
        return 0;
    }
    return parse_count(OPTION_LINES, s, 0, ret, error);
}

static int parse_owner(const char *s, const char **ret, Error *error)
{
    if (!s[0] || strlen(s) > PM_LEASE_OWNER_MAX)
        return error_set(error, PM_ERROR_BAD_REQUEST, "owner",
                         "--owner: must be a name of 1 to %d bytes", PM_LEASE_OWNER_MAX);
    *ret = s;
    return 0;
}

static int parse_ttl(const char *s, uint64_t *ret, Error *error)
{
    usec_t span;

    if (parse_span(s, &span) < 0 || span == USEC_INFINITY || span < USEC_PER_MSEC)
        return error_set(error, PM_ERROR_BAD_REQUEST, "ttl_ms",
                         "--ttl %s: must be a time from 1ms on, such as 90s, 5min", s);
    *ret = usec_to_ms(span);
    return 0;
}

static int parse_deadline(const char *s, uint64_t *ret, Error *error)
{
    usec_t span;

    if (parse_span(s, &span) < 0 || span == USEC_INFINITY)
        return error_set(error, PM_ERROR_BAD_REQUEST, "deadline_ms",
                         "--deadline %s: must be a time, such as 0, 90s, 5min", s);
    *ret = usec_to_ms(span);
    return 0;
}

static int parse_strategy(const char *s, const char **ret, Error *error)
{
    if (!streq(s, "drain") && !streq(s, "blue-green"))
        return error_set(error, PM_ERROR_BAD_REQUEST, "strategy",
                         "--strategy %s: must be drain or blue-green", s);
    *ret = s;
    return 0;
}

/* The options that only some verbs take and that have a value. */
static int parse_value(OptionId id, const char *argument, Options *o, Error *error)
{
    switch (id) {
    case OPTION_LINES:
        return parse_lines(argument, &o->lines, error);
    case OPTION_GENERATION:
        return parse_count(id, argument, 1, &o->generation, error);
    case OPTION_OWNER:
        return parse_owner(argument, &o->owner, error);
    case OPTION_TTL:
        return parse_ttl(argument, &o->ttl_ms, error);
    case OPTION_DEADLINE:
        return parse_deadline(argument, &o->deadline_ms, error);
    case OPTION_HANDOFF:
        o->handoff = argument;
        return 0;
    case OPTION_PREPARED:
        o->prepared = argument;
        return 0;
    case OPTION_STRATEGY:
        return parse_strategy(argument, &o->strategy, error);
    case OPTION_TIMESTAMP:
        return parse_count(id, argument, 1, &o->timestamp_ms, error);
    case OPTION_SINCE_ID:
        return parse_count(id, argument, 0, &o->since_id, error);
    default:
        return -EINVAL;
    }
}

static int parse_option(OptionId id, const char *argument, Options *o, Error *error)
{
    o->given |= options[id].verbs;
    switch (id) {
    case OPTION_HELP:
        o->help = true;
        return 0;
    case OPTION_VERSION:
        o->version = true;
        return 0;
    case OPTION_USER:
    case OPTION_SYSTEM:
        o->user = id == OPTION_USER;
        return 0;
    case OPTION_JSON:
        return parse_json_mode(argument, &o->json, error);
    case OPTION_NO_PAGER: /* there is none; accepted because hands type it */
        return 0;
    case OPTION_NO_LEGEND:
        o->legend = false;
        return 0;
    case OPTION_WAIT:
    case OPTION_NO_WAIT:
        o->wait = id == OPTION_WAIT;
        return 0;
    case OPTION_FOLLOW:
        o->follow = true;
        return 0;
    case OPTION_ENFORCE_SLOTS:
        o->enforce_slots = true;
        return 0;
    case OPTION_FORCE:
        o->force = true;
        return 0;
    default:
        return parse_value(id, argument, o, error);
    }
}

/* getopt's tables out of ours. */
static void getopt_tables(struct option *ret_long, char *ret_short)
{
    *ret_short++ = ':'; /* tell a missing value from an unknown option */
    for (size_t i = 0; i < OPTION_MAX; i++) {
        const OptionInfo *info = &options[i];
        int argument = !info->argument  ? no_argument
                       : info->optional ? optional_argument
                                        : required_argument;

        ret_long[i] = (struct option){info->name, argument, NULL, ARG_FIRST + (int)i};
        if (!info->letter)
            continue;
        *ret_short++ = info->letter;
        if (argument == required_argument)
            *ret_short++ = ':';
    }
    ret_long[OPTION_MAX] = (struct option){0};
    *ret_short = '\0';
}

static OptionId option_of(int c)
{
    if (c >= ARG_FIRST)
        return (OptionId)(c - ARG_FIRST);
    for (size_t i = 0; i < OPTION_MAX; i++)
        if (options[i].letter == c)
            return (OptionId)i;
    return OPTION_MAX;
}

/* `word` is where getopt stood; `c` is the letter that it did not know, 0 for a long option. */
static int unknown_option(const char *word, int c, Error *error)
{
    const char *names[OPTION_MAX];
    _cleanup_free_ char *name = NULL;
    const char *nearest;

    if (c >= ARG_FIRST)
        return error_set(error, PM_ERROR_BAD_REQUEST, NULL, "--%s takes no value",
                         options[option_of(c)].name);
    if (c != 0)
        return error_set(error, PM_ERROR_BAD_REQUEST, NULL,
                         "-%c: no such option; see: poolctl --help", c);
    for (size_t i = 0; i < OPTION_MAX; i++)
        names[i] = options[i].name;
    name = strndup(word + 2, strcspn(word + 2, "="));
    nearest = name ? nearest_name(name, names, OPTION_MAX) : NULL;
    if (nearest)
        return error_set(error, PM_ERROR_BAD_REQUEST, NULL,
                         "%s: no such option; did you mean --%s?", word, nearest);
    return error_set(error, PM_ERROR_BAD_REQUEST, NULL, "%s: no such option; see: poolctl --help",
                     word);
}

int options_parse(int argc, char **argv, Options *ret, char ***ret_arguments, Error *error)
{
    Options o = {.legend = true,
                 .wait = true,
                 .lines = 100,
                 .ttl_ms = UINT64_MAX,
                 .timestamp_ms = UINT64_MAX,
                 .since_id = UINT64_MAX,
                 .deadline_ms = UINT64_MAX};
    struct option long_options[OPTION_MAX + 1];
    char letters[2 * OPTION_MAX + 2];
    int c;
    int r;

    getopt_tables(long_options, letters);
    opterr = 0;
    while ((c = getopt_long(argc, argv, letters, long_options, NULL)) >= 0) {
        if (c == ':')
            return error_set(error, PM_ERROR_BAD_REQUEST, NULL,
                             "%s: needs a value; see: poolctl --help", argv[optind - 1]);
        if (c == '?')
            return unknown_option(argv[optind - 1], optopt, error);
        r = parse_option(option_of(c), optarg, &o, error);
        if (r < 0)
            return r;
    }
    if (o.follow && !(o.given & VERB_OPTION_LINES))
        o.lines = 10;
    *ret = o;
    *ret_arguments = argv + optind;
    return 0;
}

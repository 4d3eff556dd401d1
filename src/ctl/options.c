/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/options.h"

#include <getopt.h>

#include "base/parse.h"

enum {
    ARG_VERSION = 256,
    ARG_USER,
    ARG_SYSTEM,
    ARG_JSON,
    ARG_NO_LEGEND,
    ARG_NO_PAGER,
    ARG_WAIT,
    ARG_NO_WAIT,
    ARG_GENERATION,
};

static const struct option long_options[] = {
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, ARG_VERSION},
        {"user", no_argument, NULL, ARG_USER},
        {"system", no_argument, NULL, ARG_SYSTEM},
        {"json", optional_argument, NULL, ARG_JSON},
        {"no-legend", no_argument, NULL, ARG_NO_LEGEND},
        {"no-pager", no_argument, NULL, ARG_NO_PAGER},
        {"wait", no_argument, NULL, ARG_WAIT},
        {"no-wait", no_argument, NULL, ARG_NO_WAIT},
        {"follow", no_argument, NULL, 'f'},
        {"lines", required_argument, NULL, 'n'},
        {"generation", required_argument, NULL, ARG_GENERATION},
        {},
};

const char *verb_option_name(unsigned options)
{
    static const char *const names[] = {"--wait or --no-wait", "--follow", "--lines",
                                        "--generation", "--no-legend"};

    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        if (options & (1U << i))
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

static int parse_count(const char *name, const char *s, uint64_t min, uint64_t *ret, Error *error)
{
    if (parse_u64(s, min, INT64_MAX, ret) < 0)
        return error_set(error, PM_ERROR_BAD_REQUEST, NULL, "%s %s: must be a number from %d on",
                         name, s, (int)min);
    return 0;
}

static int parse_lines(const char *s, uint64_t *ret, Error *error)
{
    if (streq(s, "all")) {
        *ret = LINES_ALL;
        return 0;
    }
    return parse_count("--lines", s, 0, ret, error);
}

/* The options that only some verbs take. */
static int parse_verb_option(int c, const char *argument, Options *o, Error *error)
{
    switch (c) {
    case ARG_NO_LEGEND:
        o->legend = false;
        o->given |= VERB_OPTION_LEGEND;
        return 0;
    case ARG_WAIT:
    case ARG_NO_WAIT:
        o->wait = c == ARG_WAIT;
        o->given |= VERB_OPTION_WAIT;
        return 0;
    case 'f':
        o->follow = true;
        o->given |= VERB_OPTION_FOLLOW;
        return 0;
    case 'n':
        o->given |= VERB_OPTION_LINES;
        return parse_lines(argument, &o->lines, error);
    case ARG_GENERATION:
        o->given |= VERB_OPTION_GENERATION;
        return parse_count("--generation", argument, 1, &o->generation, error);
    default:
        return -EINVAL;
    }
}

static int parse_option(int c, const char *argument, Options *o, Error *error)
{
    switch (c) {
    case 'h':
        o->help = true;
        return 0;
    case ARG_VERSION:
        o->version = true;
        return 0;
    case ARG_USER:
    case ARG_SYSTEM:
        o->user = c == ARG_USER;
        return 0;
    case ARG_JSON:
        return parse_json_mode(argument, &o->json, error);
    case ARG_NO_PAGER: /* there is none; accepted because hands type it */
        return 0;
    default:
        return parse_verb_option(c, argument, o, error);
    }
}

int options_parse(int argc, char **argv, Options *ret, char ***ret_arguments, Error *error)
{
    Options o = {.legend = true, .wait = true, .lines = 100};
    int c;
    int r;

    opterr = 0;
    while ((c = getopt_long(argc, argv, ":hfn:", long_options, NULL)) >= 0) {
        if (c == ':')
            return error_set(error, PM_ERROR_BAD_REQUEST, NULL,
                             "%s: needs a value; see: poolctl --help", argv[optind - 1]);
        if (c == '?')
            return error_set(error, PM_ERROR_BAD_REQUEST, NULL,
                             "%s: no such option, or not with that value; see: poolctl --help",
                             argv[optind - 1]);
        r = parse_option(c, optarg, &o, error);
        if (r < 0)
            return r;
    }
    if (o.follow && !(o.given & VERB_OPTION_LINES))
        o.lines = 10;
    *ret = o;
    *ret_arguments = argv + optind;
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/parse.h"
#include "world.h"

/*
 * sim-pool: random schedules for the machine of src/core. Each seed is a world of its own in which
 * the invariants of docs/architecture.md are checked after every step.
 */

typedef struct Options {
    uint64_t seeds;
    uint64_t long_seeds; /* 0: as many */
    uint64_t first;
    uint64_t steps;
    bool verbose;
    bool require_coverage;
} Options;

static void usage(FILE *f)
{
    fputs("Usage: sim-pool [--seeds N] [--long-seeds N] [--first SEED] [--steps N] "
          "[--require-coverage] [--verbose]\n"
          "Runs N seeds (default 1000) of N steps (default 400) each and checks the invariants "
          "of the pool machine.\n"
          "  --long-seeds N      how many instead when POOL_MANAGERD_TEST_LONG=1 is set\n"
          "  --first SEED        the first seed (default 1)\n"
          "  --require-coverage  fail when something that should be reachable was never seen\n"
          "  --verbose           tell all that happens\n",
          f);
}

static uint64_t number(const char *s)
{
    uint64_t n;

    if (parse_u64(s, 0, UINT64_MAX, &n) < 0) {
        fprintf(stderr, "sim-pool: %s is not a number\n", s);
        exit(2);
    }
    return n;
}

static void parse_options(int argc, char **argv, Options *o)
{
    static const struct option options[] = {
            {"seeds", required_argument, NULL, 's'}, {"long-seeds", required_argument, NULL, 'l'},
            {"first", required_argument, NULL, 'f'}, {"steps", required_argument, NULL, 'n'},
            {"verbose", no_argument, NULL, 'v'},     {"require-coverage", no_argument, NULL, 'c'},
            {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 's':
            o->seeds = number(optarg);
            break;
        case 'l':
            o->long_seeds = number(optarg);
            break;
        case 'f':
            o->first = number(optarg);
            break;
        case 'n':
            o->steps = number(optarg);
            break;
        case 'v':
            o->verbose = true;
            break;
        case 'c':
            o->require_coverage = true;
            break;
        case 'h':
            usage(stdout);
            exit(EXIT_SUCCESS);
        default:
            usage(stderr);
            exit(2);
        }
    }
}

static bool takes_long(void)
{
    const char *s = getenv("POOL_MANAGERD_TEST_LONG");

    return s && streq(s, "1");
}

int main(int argc, char **argv)
{
    Options o = {.seeds = 1000, .first = 1, .steps = 400};
    Coverage coverage = {.steps = 0};

    parse_options(argc, argv, &o);
    if (o.long_seeds > 0 && takes_long())
        o.seeds = o.long_seeds;
    for (uint64_t i = 0; i < o.seeds; i++)
        world_run(o.first + i, o.steps, o.verbose, &coverage);
    coverage_print(&coverage);
    printf("%" PRIu64 " seeds, %" PRIu64 " steps, %" PRIu64 " deaths of the manager: all well.\n",
           coverage.seeds, coverage.steps, coverage.kills);
    if (o.require_coverage && coverage_missing(&coverage) > 0)
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}

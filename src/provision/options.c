/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/options.h"

#include <getopt.h>
#include <poolmgr/names.h>
#include <stdio.h>

#include "base/parse.h"
#include "provision/failure.h"

#define PROGRAM "pool-managerd-provision"

enum {
    RETRIES_DEFAULT = 5,
    RETRIES_MAX = 1000,
};

static void help(void)
{
    (void)printf(
            PROGRAM
            " [OPTIONS...] REFERENCE\n\n"
            "Makes sure that a model is there, fetching it where need be, and prints where:\n"
            "{\"model_path\":\"/path\",\"sha256\":\"digest\"}\n\n"
            "REFERENCE:\n"
            "  /path, file:///path       A GGUF file, or a folder as Hugging Face lays it out\n"
            "  http://..., https://...   A GGUF file, kept in the cache\n"
            "  ...#sha256=DIGEST         The same, only with this SHA-256 (64 hex digits)\n\n"
            "Options:\n"
            "  -h --help                 Show this text\n"
            "     --version              Show the version\n"
            "     --cache-dir=DIR        Keep what is fetched in DIR. Default: $CACHE_DIRECTORY;\n"
            "                            without it /var/cache/pool-managerd/models for root,\n"
            "                            $XDG_CACHE_HOME/pool-managerd/models for others\n"
            "     --progress             Write lines of JSON to standard error on the way; so\n"
            "                            does $" PM_PROVISION_PROGRESS_ENV "=1\n"
            "     --retries=N            Give up after N vain tries in a row (default 5)\n"
            "     --retry-wait=TIME      Wait before the first of them (default 1s), then twice\n"
            "                            as long before each further one, 30s at most\n"
            "     --stall-timeout=TIME   Give up a connection without a byte for so long\n"
            "                            (default 60s)\n\n"
            "Exit status: 0 done, 1 failed, 2 wrong usage, 75 failed and may succeed later.\n"
            "The last line on standard error says why. What was fetched until then is kept\n"
            "and gone on with. Nothing is removed from the cache: remove by hand what is no\n"
            "longer needed.\n");
}

static int parse_time(const char *name, const char *s, usec_t *ret, Error *error)
{
    usec_t span;

    if (parse_span(s, &span) < 0 || span < USEC_PER_MSEC || span > 24 * 60 * USEC_PER_MINUTE)
        return error_set(error, FAILURE_USAGE, NULL,
                         "--%s=%s: must be a time from 1ms to 1d, such as 30s", name, s);
    *ret = span;
    return 0;
}

static int parse_retries(const char *s, unsigned *ret, Error *error)
{
    uint64_t n;

    if (parse_u64(s, 0, RETRIES_MAX, &n) < 0)
        return error_set(error, FAILURE_USAGE, NULL, "--retries=%s: must be a number from 0 to %d",
                         s, RETRIES_MAX);
    *ret = (unsigned)n;
    return 0;
}

static int set_cache_dir(Options *o, const char *what, const char *path, Error *error)
{
    if (!path_is_absolute_and_plain(path))
        return error_set(error, FAILURE_USAGE, NULL,
                         "%s must be an absolute path without \"..\", got \"%s\"", what, path);
    if (!utf8_is_valid(path, strlen(path)))
        return error_set(error, FAILURE_USAGE, NULL, "%s must be UTF-8", what);
    free(o->cache_dir);
    o->cache_dir = strdup(path);
    return o->cache_dir ? 0 : failure_no_memory(error);
}

/* systemd lists all folders of CacheDirectory= with ':' between them; the first one is ours. */
static int cache_dir_of_unit(Options *o, const char *list, Error *error)
{
    _cleanup_free_ char *first = strndup(list, strcspn(list, ":"));

    return first ? set_cache_dir(o, "$CACHE_DIRECTORY", first, error) : failure_no_memory(error);
}

static int cache_dir_below(Options *o, const char *what, const char *base, const char *rest,
                           Error *error)
{
    _cleanup_free_ char *path = NULL;

    if (asprintf(&path, "%s%s", base, rest) < 0) {
        path = NULL;
        return failure_no_memory(error);
    }
    return set_cache_dir(o, what, path, error);
}

static int default_cache_dir(Options *o, Error *error)
{
    const char *unit = getenv("CACHE_DIRECTORY"), *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");

    if (unit && unit[0])
        return cache_dir_of_unit(o, unit, error);
    if (geteuid() == 0)
        return set_cache_dir(o, "the cache", "/var/cache/pool-managerd/models", error);
    if (cache && cache[0] == '/')
        return cache_dir_below(o, "$XDG_CACHE_HOME", cache, "/pool-managerd/models", error);
    if (home && home[0])
        return cache_dir_below(o, "$HOME", home, "/.cache/pool-managerd/models", error);
    return error_set(error, FAILURE_USAGE, NULL,
                     "nothing says where to keep models; say --cache-dir=DIR");
}

static int set_option(Options *o, int option, const char *value, Error *error)
{
    switch (option) {
    case 'h':
        help();
        return 0;
    case 'V':
        (void)printf(PROGRAM " %s\n", PM_VERSION);
        return 0;
    case 'p':
        o->progress = true;
        return 1;
    case 'c':
        return set_cache_dir(o, "--cache-dir=", value, error) < 0 ? -EINVAL : 1;
    case 'r':
        return parse_retries(value, &o->retries, error) < 0 ? -EINVAL : 1;
    case 'w':
        return parse_time("retry-wait", value, &o->retry_wait_usec, error) < 0 ? -EINVAL : 1;
    case 's':
        return parse_time("stall-timeout", value, &o->stall_usec, error) < 0 ? -EINVAL : 1;
    default:
        return -EINVAL;
    }
}

static int parse_words(int argc, char **argv, Options *o, Error *error)
{
    static const struct option options[] = {
            {"help", no_argument, NULL, 'h'},
            {"version", no_argument, NULL, 'V'},
            {"progress", no_argument, NULL, 'p'},
            {"cache-dir", required_argument, NULL, 'c'},
            {"retries", required_argument, NULL, 'r'},
            {"retry-wait", required_argument, NULL, 'w'},
            {"stall-timeout", required_argument, NULL, 's'},
            {NULL, 0, NULL, 0},
    };
    int option, r = 1;

    opterr = 0;
    while (r > 0 && (option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == ':' || option == '?')
            return error_set(
                    error, FAILURE_USAGE, NULL,
                    "%s: no such option, or with or without a value that it needs; see: " PROGRAM
                    " --help",
                    argv[optind - 1]);
        r = set_option(o, option, optarg, error);
    }
    if (r <= 0)
        return r;
    if (argc - optind != 1)
        return error_set(error, FAILURE_USAGE, NULL,
                         "give exactly one model, as a path or an address; see: " PROGRAM
                         " --help");
    o->reference = argv[optind];
    return 1;
}

/* How pool-managerd asks for it, which gives no options to whatever provisioner it runs. */
static bool progress_is_wanted(void)
{
    const char *value = getenv(PM_PROVISION_PROGRESS_ENV);

    return value && streq(value, "1");
}

int options_parse(int argc, char **argv, Options *ret, Error *error)
{
    Options o = {.progress = progress_is_wanted(),
                 .retries = RETRIES_DEFAULT,
                 .retry_wait_usec = USEC_PER_SEC,
                 .stall_usec = USEC_PER_MINUTE};
    int r = parse_words(argc, argv, &o, error);

    if (r > 0 && !o.cache_dir && default_cache_dir(&o, error) < 0)
        r = -EINVAL;
    if (r > 0)
        *ret = o;
    else
        options_done(&o);
    return r;
}

void options_done(Options *o)
{
    free(o->cache_dir);
    *o = (Options){0};
}

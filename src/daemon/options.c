/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "daemon/options.h"

static void help(void)
{
    (void)printf("pool-managerd [OPTIONS...]\n\n"
                 "Runs LLM engines in pools, each engine as a unit of systemd.\n\n"
                 "  -h --help                  Show this text\n"
                 "     --version               Show the version\n"
                 "     --system                Use the system's service manager and bus (default "
                 "for root)\n"
                 "     --user                  Use the user's service manager and bus\n"
                 "  -c --config=FILE           Read FILE instead of the standard places\n"
                 "  -l --listen=ADDRESS        Serve HTTP on ADDRESS: 127.0.0.1:9200, [::1]:9200, "
                 "unix:/path\n"
                 "     --runtime-dir=PATH      Keep the runtime files in PATH\n"
                 "     --log-format=FORMAT     auto, journal, json or text\n"
                 "     --log-level=LEVEL       err, warning, notice, info or debug\n"
                 "     --set=SECTION.KEY=VALUE Set any key of the configuration\n"
                 "     --print-config          Check configuration and pools, show them, start "
                 "nothing\n\n"
                 "Files: /etc/pool-managerd/pool-managerd.conf, pool-managerd.conf.d/*.conf,\n"
                 "       pools.d/*.json\n"
                 "Client: poolctl\n");
}

/* Options that are another way to write --set. */
static const struct {
    int option;
    const char *key;
} shorthands[] = {
        {'l', "Manager.Listen"},
        {'r', "Manager.RuntimeDirectory"},
        {'f', "Manager.LogFormat"},
        {'L', "Manager.LogLevel"},
};

static int set_shorthand(Options *o, int option, const char *value)
{
    for (size_t i = 0; i < ELEMENTSOF(shorthands); i++)
        if (shorthands[i].option == option)
            return strv_extendf(&o->overrides, "%s=%s", shorthands[i].key, value);
    return -EINVAL;
}

static int set_option(Options *o, int option, const char *value)
{
    switch (option) {
    case 'h':
        help();
        return 0;
    case 'V':
        (void)printf("pool-managerd %s\n", PM_VERSION);
        return 0;
    case 'u':
    case 's':
        o->user_mode = option == 'u';
        return 1;
    case 'c':
        o->config_file = value;
        return 1;
    case 'p':
        o->print_config = true;
        return 1;
    case 'S':
        return strv_extend(&o->overrides, value) < 0 ? -ENOMEM : 1;
    case '?':
        (void)fprintf(stderr, "Try \"pool-managerd --help\".\n");
        return -EINVAL;
    default:
        return set_shorthand(o, option, value) < 0 ? -ENOMEM : 1;
    }
}

int options_parse(int argc, char **argv, Options *ret)
{
    static const struct option options[] = {
            {"help", no_argument, NULL, 'h'},
            {"version", no_argument, NULL, 'V'},
            {"user", no_argument, NULL, 'u'},
            {"system", no_argument, NULL, 's'},
            {"config", required_argument, NULL, 'c'},
            {"listen", required_argument, NULL, 'l'},
            {"runtime-dir", required_argument, NULL, 'r'},
            {"log-format", required_argument, NULL, 'f'},
            {"log-level", required_argument, NULL, 'L'},
            {"set", required_argument, NULL, 'S'},
            {"print-config", no_argument, NULL, 'p'},
            {NULL, 0, NULL, 0},
    };
    Options o = {.user_mode = false};
    int option, r = 1;

    while (r > 0 && (option = getopt_long(argc, argv, "hc:l:", options, NULL)) != -1)
        r = set_option(&o, option, optarg);
    if (r > 0 && optind < argc) {
        (void)fprintf(stderr,
                      "pool-managerd takes no argument \"%s\". Try \"pool-managerd --help\".\n",
                      argv[optind]);
        r = -EINVAL;
    }
    if (r > 0)
        *ret = o;
    else
        options_done(&o);
    return r;
}

void options_done(Options *o)
{
    o->overrides = strv_free(o->overrides);
}

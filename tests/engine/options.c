/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macros.h"
#include "options.h"

typedef enum OptionKind {
    OPTION_HELP,
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_TIME,   /* milliseconds, int64_t */
    OPTION_STATUS, /* 0 to 999, int */
    OPTION_PORT,
    OPTION_SCRIPT,
    OPTION_NEVER_HEALTHY,
    OPTION_EXIT_AT_ONCE,
} OptionKind;

typedef struct OptionRow {
    const char *name;
    const char *argument; /* for the usage; NULL: takes none */
    OptionKind kind;
    size_t offset; /* in EngineOptions */
    const char *help;
} OptionRow;

#define AT(member) offsetof(EngineOptions, member)

static const OptionRow rows[] = {
        {"help", NULL, OPTION_HELP, 0, "say this"},
        {"port", "N", OPTION_PORT, 0, "where to listen; needed"},
        {"host", "ADDRESS", OPTION_TEXT, AT(host), "IPv4 address (127.0.0.1)"},
        {"health-path", "PATH", OPTION_TEXT, AT(health_path),
         "where it answers health checks (/health)"},
        {"status", "N", OPTION_STATUS, AT(status), "answers health checks with this status"},
        {"never-healthy", NULL, OPTION_NEVER_HEALTHY, 0, "the same as --status 503"},
        {"healthy-after-ms", "N", OPTION_TIME, AT(healthy_after_ms), "503 at first"},
        {"unhealthy-after-ms", "N", OPTION_TIME, AT(unhealthy_after_ms), "503 from then on"},
        {"hang-health", NULL, OPTION_FLAG, AT(hang_health), "takes health checks, never answers"},
        {"slow-health-byte-ms", "N", OPTION_TIME, AT(slow_health_byte_ms),
         "a pause after each byte"},
        {"big-headers", NULL, OPTION_FLAG, AT(big_headers), "health answers with 1 MiB of headers"},
        {"health-answer", "KIND", OPTION_SCRIPT, AT(health_answer),
         "what is none of HTTP, see below"},
        {"http10", NULL, OPTION_FLAG, AT(http10), "answers as HTTP/1.0"},
        {"close-port-after-ms", "N", OPTION_TIME, AT(close_port_after_ms), "stops listening"},
        {"exit-after-ms", "N", OPTION_TIME, AT(exit_after_ms), "exits with --exit-status"},
        {"exit-status", "N", OPTION_STATUS, AT(exit_status), "0 unless given"},
        {"exit-at-once", "N", OPTION_EXIT_AT_ONCE, 0, "exits with this status before it listens"},
        {"abort", NULL, OPTION_FLAG, AT(abort_at_once), "dies of SIGABRT before it listens"},
        {"ignore-sigterm", NULL, OPTION_FLAG, AT(ignore_sigterm), "only SIGKILL ends it"},
        {"stop-takes-ms", "N", OPTION_TIME, AT(stop_takes_ms), "from SIGTERM to the exit"},
        {"setsid-child", NULL, OPTION_FLAG, AT(setsid_child),
         "leaves a child in its own session behind"},
        {"child-serves", NULL, OPTION_FLAG, AT(child_serves),
         "a child listens and answers; the main process does nothing"},
        {"forks", "N", OPTION_TIME, AT(forks), "children that do nothing, as fast as they come"},
        {"comet", NULL, OPTION_FLAG, AT(comet),
         "a child that forks and exits, and so does that one, without end"},
        {"print", "TEXT", OPTION_TEXT, AT(print), "a line on standard output"},
        {"print-stderr", "TEXT", OPTION_TEXT, AT(print_stderr), "a line on standard error"},
        {"flood", NULL, OPTION_FLAG, AT(flood), "writes lines without end"},
        {"dump", "FILE", OPTION_TEXT, AT(dump),
         "argv and environment as JSON lines; stdout is a FILE"},
};

static void print_usage(FILE *f)
{
    fputs("usage: fake-engine --port N [OPTION]... [ANYTHING]...\n\n", f);
    for (size_t i = 0; i < ELEMENTSOF(rows); i++)
        fprintf(f, "  --%-20s %-8s %s\n", rows[i].name, rows[i].argument ? rows[i].argument : "",
                rows[i].help);
    fputs("\nOver its port: GET /self, GET /requests, GET /wait?checks=N, GET /open?path=PATH,\n"
          "POST /control?health=STATUS|hang, POST /exit?status=N, POST /kill?signal=N\n",
          f);
    fputs("\nKinds of --health-answer:\n", f);
    for (const Script *s = script_at(0); s; s = script_at((size_t)(s - script_at(0)) + 1))
        fprintf(f, "  %-9s %s\n", s->name, s->help);
}

static const Script *parse_script(const char *name)
{
    const Script *script = script_find(name);

    if (!script) {
        fprintf(stderr, "fake-engine: no kind of --health-answer is called '%s'\n", name);
        exit(2);
    }
    return script;
}

static int64_t parse_number(const OptionRow *row, const char *s, int64_t max)
{
    char *end;
    long long n;

    errno = 0;
    n = strtoll(s, &end, 10);
    if (errno || end == s || *end || n < 0 || n > max) {
        fprintf(stderr, "fake-engine: --%s takes a number from 0 to %lld, not '%s'\n", row->name,
                (long long)max, s);
        exit(2);
    }
    return n;
}

static void option_apply(EngineOptions *o, const OptionRow *row, const char *value)
{
    void *member = (char *)o + row->offset;

    switch (row->kind) {
    case OPTION_HELP:
        print_usage(stdout);
        exit(0);
    case OPTION_FLAG:
        *(bool *)member = true;
        break;
    case OPTION_TEXT:
        *(const char **)member = value;
        break;
    case OPTION_TIME:
        *(int64_t *)member = parse_number(row, value, 1000LL * 3600);
        break;
    case OPTION_STATUS:
        *(int *)member = (int)parse_number(row, value, 999);
        break;
    case OPTION_PORT:
        o->port = (uint16_t)parse_number(row, value, UINT16_MAX);
        break;
    case OPTION_SCRIPT:
        o->health_answer = parse_script(value);
        break;
    case OPTION_NEVER_HEALTHY:
        o->status = 503;
        break;
    case OPTION_EXIT_AT_ONCE:
        o->exit_at_once = true;
        o->exit_status = (int)parse_number(row, value, 255);
        break;
    default:
        abort();
    }
}

void engine_options_parse(EngineOptions *ret, int argc, char **argv)
{
    struct option longs[ELEMENTSOF(rows) + 1] = {};
    EngineOptions o = {
            .host = "127.0.0.1",
            .health_path = "/health",
            .status = 200,
            .healthy_after_ms = OPTION_UNSET,
            .unhealthy_after_ms = OPTION_UNSET,
            .close_port_after_ms = OPTION_UNSET,
            .exit_after_ms = OPTION_UNSET,
    };
    int index = 0, c;

    for (size_t i = 0; i < ELEMENTSOF(rows); i++)
        longs[i] = (struct option){
                .name = rows[i].name,
                .has_arg = rows[i].argument ? required_argument : no_argument,
        };
    while ((c = getopt_long(argc, argv, "", longs, &index)) != -1) {
        if (c != 0)
            exit(2);
        option_apply(&o, &rows[index], optarg);
    }
    if (o.port == 0) {
        print_usage(stderr);
        exit(2);
    }
    *ret = o;
}

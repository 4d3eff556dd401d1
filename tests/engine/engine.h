/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "options.h"

enum {
    ENGINE_CHECKS_MAX = 4096, /* health checks whose times are kept */
};

/* What the engine is and how it answers now. All times are milliseconds since its start. */
typedef struct Engine {
    EngineOptions options;
    char **argv;
    int64_t start_ms; /* CLOCK_MONOTONIC */
    pid_t child;      /* of --setsid-child, 0: none */

    int health_status;
    bool health_hangs;
    bool port_closed;
    int64_t stop_at_ms; /* OPTION_UNSET: nobody asked */

    uint64_t checks;
    int64_t check_ms[ENGINE_CHECKS_MAX];
    int64_t first_check_unix_ms;
} Engine;

/* `argv`, and the strings of `options` in it, must outlive the engine. */
void engine_init(Engine *e, const EngineOptions *options, char **argv);

/* What happens before it listens: its lines, its child, its early death. */
void engine_start(Engine *e);

int64_t engine_now_ms(const Engine *e);

/* A health check came in. */
void engine_count_check(Engine *e);

/* SIGTERM or SIGINT came in. */
void engine_asked_to_stop(Engine *e);

/* Does what is due now; may not return. Returns when it wants to be called again, OPTION_UNSET for
 * never. */
int64_t engine_tick(Engine *e);

/* {"checks", "since_start_ms", "gaps_ms", "first_unix_ms"} as JSON text; the caller frees. */
char *engine_describe_checks(const Engine *e);

/* {"pid", "argv", "environment", …} as JSON text; the caller frees. */
char *engine_describe(const Engine *e);

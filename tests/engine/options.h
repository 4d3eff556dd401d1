/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "scripts.h"

#define OPTION_UNSET INT64_MAX /* of the times below: never */

/* How the engine behaves, from its command line. The strings belong to argv. */
typedef struct EngineOptions {
    const char *host;
    uint16_t port;
    const char *health_path;
    const char *print;
    const char *print_stderr;
    const char *dump; /* a file, or "stdout" */

    const Script *health_answer; /* NULL: one of HTTP */

    int status; /* what a health check is answered with */
    int exit_status;
    int64_t healthy_after_ms; /* 503 before; all times count from the start */
    int64_t unhealthy_after_ms;
    int64_t close_port_after_ms;
    int64_t exit_after_ms;
    int64_t stop_takes_ms;       /* from SIGTERM to the exit */
    int64_t forks;               /* children that do nothing; a number, not a time */
    int64_t slow_health_byte_ms; /* pause between two bytes of a health answer; 0: none */

    bool exit_at_once;
    bool abort_at_once;
    bool ignore_sigterm;
    bool setsid_child;
    bool hang_health;
    bool http10;
    bool big_headers;
    bool flood;
    bool comet;
    bool child_serves;
} EngineOptions;

/* Reads the command line; on an error says what is wrong and how it is used, and exits with
 * status 2. */
void engine_options_parse(EngineOptions *ret, int argc, char **argv);

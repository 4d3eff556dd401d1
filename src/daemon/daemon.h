/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/options.h"

enum {
    EXIT_CONFIG = 78, /* sysexits.h(3): a configuration that cannot be used */
};

/* Runs until SIGTERM or SIGINT, or until the bus goes away. Returns the exit status of the process.
 */
int daemon_run(const Options *options);

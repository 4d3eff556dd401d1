/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/options.h"
#include "manager/config.h"

/*
 * Reads the configuration and checks what only this program can: the addresses, which may be beyond
 * loopback only with a token. Warnings and errors go to the log. Returns 0, -EINVAL for one that
 * cannot be used, or -ENOMEM.
 */
int configuration_load(const Options *options, bool has_token, Settings **ret);

/* How the daemon logs from now on. */
void configuration_apply_to_log(const Settings *s);

/* Prints the configuration as a file, with where each value comes from. Returns the exit status of
 * the process. */
int configuration_print(const Options *options);

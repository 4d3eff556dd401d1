/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/options.h"

/*
 * The verbs, one file each. `arguments` is what follows the verb, of the number that the verb table
 * allows, ending in NULL. Each reports its errors itself and returns poolctl's exit status: 0, or
 * that of the error table.
 */
int verb_list(const Options *options, char **arguments);
int verb_status(const Options *options, char **arguments);
int verb_preload(const Options *options, char **arguments);
int verb_stop(const Options *options, char **arguments);
int verb_logs(const Options *options, char **arguments);

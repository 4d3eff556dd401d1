/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "ctl/options.h"

/*
 * Says on standard error what went wrong, and with --json also on standard output, as HTTP would.
 * `pool_id` may be NULL. Returns the exit status that belongs to the error.
 */
int report_error(const Options *options, const Error *error, const char *pool_id);

/* Out of memory, or what else has no row in the error table. Returns the exit status. */
int report_errno(const Options *options, int error);

/* A remark on standard error. */
void report_note(const char *format, ...) _printf_(1, 2);

/* The sentences in the member `warnings` of an answer, as remarks. */
void report_warnings(json_object *answer);

/* Prints JSON as the options ask; takes the reference. Returns 0 or the exit status. */
int report_json(const Options *options, json_object *object);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "base/error.h"

/*
 * `s` when the bus would take it, else a text that says that it would not: a message with invalid
 * UTF-8 costs the sender its connection. NULL is "".
 */
const char *bus_text(const char *s);

/* Answers `call` with the row of the one error table. Returns what sd-bus says. */
int bus_reply_error(sd_bus_message *call, const Error *error);

/* The same for a method handler that returns it. Always negative. */
int bus_error_from(sd_bus_error *ret, const Error *error);

/* Answers `call` with JSON text, without its trailing newline. Returns what sd-bus says. */
int bus_reply_json(sd_bus_message *call, char *text);

/* Cuts the newline off that ends a JSON text. */
char *bus_json_chomp(char *text);

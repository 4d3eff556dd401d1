/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "systemd/journal_format.h"

#define JOURNAL_NATIVE_SOCKET "/run/systemd/journal/socket"

/*
 * Sends the entry to journald as one datagram of its native protocol, control characters escaped,
 * to the socket `path` (JOURNAL_NATIVE_SOCKET but in tests). Never blocks, which sd_journal_sendv()
 * does while journald hangs. `*fd` is the socket that is kept between calls, -1 at first. Returns
 * 0, or negative errno: -EAGAIN when journald takes nothing for now, -ENOENT, -ECONNREFUSED when
 * there is none, -EMSGSIZE, -ENOMEM.
 */
int journal_socket_send(int *fd, const char *path, const LogEntry *e);

/* The datagram alone. */
void log_entry_append_native(Text *t, const LogEntry *e);

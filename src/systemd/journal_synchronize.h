/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/usec.h"

#define JOURNAL_SOCKET "/run/systemd/journal/io.systemd.journal"

/*
 * Returns once all that was written to the journal before is in its files, which takes a fraction
 * of a millisecond as a rule: what a process has said last is otherwise on its way for a moment
 * after its end. Blocks, hence not for the event loop, but not for longer than `within_usec` for
 * each of two steps. Returns 0 or negative errno: -EACCES where only root may ask (systemd before
 * 257), -ENOENT where there is no journal, -ETIMEDOUT, -EPROTO. `path` is the socket of the
 * service, JOURNAL_SOCKET but in tests.
 */
int journal_synchronize(const char *path, usec_t within_usec);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <systemd/sd-event.h>

#include "base/macros.h"
#include "base/usec.h"

/*
 * The files of one folder, each replaced atomically and synced to disk with its folder, by a thread
 * of its own: the caller never waits for the disk. Of several texts for one file the last one wins.
 * What cannot be written is tried again, a second later each time, until it is, or until it is
 * replaced or removed.
 */
typedef struct StateWriter StateWriter;

/* Told from the loop: writing has begun to fail (`error` is a negative errno, `name` the first file
 * of which that is so, "" the folder), or all that had failed is on disk (0, NULL). */
typedef void (*StateWriterFunc)(const char *name, int error, void *userdata);

/* `dir_fd` is taken over, on failure too. Returns 0 or negative errno. */
int state_writer_new(int dir_fd, sd_event *event, StateWriterFunc f, void *userdata,
                     StateWriter **ret);

/* Does not wait: what is not on disk by now is given up. */
StateWriter *state_writer_free(StateWriter *w);

/* The file `name`, a single component, is to be `text`, which is taken over. Returns 0 or -ENOMEM.
 */
int state_writer_put(StateWriter *w, const char *name, char **text);

/*
 * The file is gone when this returns, for whoever looks; that it stays gone after a power cut comes
 * later. 0 too when there is none. Returns 0 or negative errno.
 */
int state_writer_remove(StateWriter *w, const char *name);

/*
 * Waits until everything was tried, `within` at most. From then on nothing is tried a second time.
 * Returns how many files are not on disk.
 */
size_t state_writer_flush(StateWriter *w, usec_t within);

DEFINE_CLEANUP(StateWriter *, state_writer_free)

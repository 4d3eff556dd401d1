/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/api.h"

/* A manager whose pools are what the test makes them, and whose operations end when the test says
 * so. */

Manager *fake_manager_new(void);
Manager *fake_manager_free(Manager *m);

void fake_manager_set_recovered(Manager *m, bool recovered);
void fake_manager_add_pool(Manager *m, const char *id);
void fake_manager_remove_pool(Manager *m, const char *id); /* which is there */

/* The list of pools is `bytes` longer from now on. */
void fake_manager_set_list_size(Manager *m, size_t bytes);

/* The metrics have so many lines more from now on. */
void fake_manager_set_more_metrics(Manager *m, size_t lines);

/* Operations that are started from now on have ended when they are returned. */
void fake_manager_set_instant(Manager *m, bool instant);

/* The correlation id and the warnings that the last command came with; "" and 0: none. */
const char *fake_manager_correlation_id(const Manager *m);
size_t fake_manager_count_warnings(const Manager *m);

/* Commands that were accepted, and those among them that somebody waits for. */
size_t fake_manager_count_operations(const Manager *m);
size_t fake_manager_count_waiters(const Manager *m);

/* Ends all operations of the pool. `code` PM_ERROR_NONE: with success. */
void fake_manager_end(Manager *m, const char *pool_id, PmErrorCode code, const char *text);

/* The last function that was called under the lock, and what with, in words. */
const char *fake_manager_last_call(const Manager *m);

/* Somebody else holds the registry lock from now on. Those who wait get it when he lets it go, or
 * an error when they are told that they have waited enough. */
void fake_manager_hold_lock(Manager *m, bool held);
void fake_manager_lock_times_out(Manager *m);
size_t fake_manager_count_access_waiters(const Manager *m);
/* What is done inside of the lock takes at least so long from now on. */
void fake_manager_set_slow(Manager *m, usec_t usec);
/* Accesses that were granted. */
unsigned fake_manager_count_reads(const Manager *m);
unsigned fake_manager_count_writes(const Manager *m);

/* Adds an event, whose data is that JSON text. The last 8 are kept. */
void fake_manager_add_event(Manager *m, const char *pool_id, const char *data);

/* The end of a pipe that the next one who asks for logs gets. */
void fake_manager_set_logs(Manager *m, int fd);
/* What logs were asked for last. */
const LogQuery *fake_manager_logs(const Manager *m);

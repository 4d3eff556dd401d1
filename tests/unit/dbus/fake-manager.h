/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/api.h"

/* A manager whose pools are what the test makes them, whose operations end when the test says so,
 * and which writes down what was asked of it. */

Manager *fake_manager_new(void);
Manager *fake_manager_free(Manager *m);

void fake_manager_set_recovered(Manager *m, bool recovered);

/* A new pool, off; in the order of the ids. It is told to the listener. */
Pool *fake_manager_add_pool(Manager *m, const char *id);
void fake_manager_remove_pool(Manager *m, const char *id);
void fake_manager_drop_listener(Manager *m);
void fake_manager_tell_changed(Manager *m, const Pool *pool);

/* What acted was last asked for, in words: "heartbeat chat 5". "" for nothing; then "" again. */
const char *fake_manager_take_asked(Manager *m);

/* A lock that another process takes and gives back; or keeps until those who wait are told so. */
void fake_manager_lock(Manager *m);
void fake_manager_unlock(Manager *m);
void fake_manager_refuse_lock(Manager *m);
size_t fake_manager_count_waiting(const Manager *m);

/* Adds an event with data of so many bytes, and tells it to the listener. Old ones can be lost. */
void fake_manager_add_event(Manager *m, const char *type, const char *pool_id, size_t bytes);
void fake_manager_lose_event(Manager *m);

/* The clock, which stands still otherwise. */
void fake_manager_advance(Manager *m, usec_t usec);

/* How many operations were ever started, and the nth of them, from 0. */
size_t fake_manager_count_operations(const Manager *m);
Operation *fake_manager_operation(const Manager *m, size_t n);
const char *fake_operation_correlation_id(const Operation *o);

/* Ends it and tells the listener and whoever waits. `code` PM_ERROR_NONE: with success. */
void fake_manager_end(Manager *m, Operation *o, PmErrorCode code, const char *text);

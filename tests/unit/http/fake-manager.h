/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/api.h"

/* A manager whose pools are what the test makes them, and whose operations end when the test says
 * so. */

Manager *fake_manager_new(void);
Manager *fake_manager_free(Manager *m);

void fake_manager_set_recovered(Manager *m, bool recovered);
void fake_manager_add_pool(Manager *m, const char *id);

/* The list of pools is `bytes` long from now on. */
void fake_manager_set_list_size(Manager *m, size_t bytes);

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

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "../base/cmocka-all.h"

/* A folder of its own for each test: *state is its path. */
int folder_setup(void **state);
int folder_teardown(void **state);

/* Replaces the file `name` in the folder by these bytes. */
void folder_write(const char *folder, const char *name, const void *data, size_t n);

/* What the file holds, with a NUL behind it; the caller frees it. NULL: there is none. */
char *folder_read(const char *folder, const char *name, size_t *ret_n);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"

/*
 * Reads the body of a preload, of the words [POOL] FILE|-. *ret_text is it as it stands there,
 * *ret_pool_id the pool that the words or the body name. Returns 0, or negative with `error` set.
 */
int prepared_file_read(char *const *words, char **ret_text, char **ret_pool_id, Error *error);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/declared.h"

/*
 * Reads a file of pools.d: a PreparedEngine (contract: PreparedEngine), and "autostart", true where
 * it is left out. The pool is the one that the file is named after. *ret_warnings as in
 * prepared_engine_parse(). Returns 0, -EINVAL with `error` naming line or field and the fix, or
 * -ENOMEM with `error` set.
 */
int declaration_parse(const char *text, size_t length, const char *pool_id, Declaration *ret,
                      char ***ret_warnings, Error *error);

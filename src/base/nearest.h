/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macros.h"

/*
 * The one of `n` names that `word` most likely meant (fewest edits, case ignored), or NULL when
 * none is near. names[i] may be NULL: skipped.
 */
const char *nearest_name(const char *word, const char *const *names, size_t n);

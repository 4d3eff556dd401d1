/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json/fields.h"

/* The members of a Pool that its state file has, but for what has a file of its own here: specs,
 * supervision, the registry's part. */
extern const FieldTable state_pool_table;

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/calls.h"

/* How the start of an engine went, for the verbs that start one: see PoolVerb. */
void start_print(const PoolCall *call, json_object *answer);
void start_explain(const PoolCall *call, const Error *error);

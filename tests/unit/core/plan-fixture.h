/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/unit_plan.h"

/* What a unit plan should say. */

const UnitProperty *plan_find(const UnitPlan *plan, const char *name);

typedef struct Wanted {
    const char *name;
    const char *shown; /* the signature, then the value, each string of a list in brackets: "as
                          [a][b]"; NULL: not there */
} Wanted;

void plan_check(const UnitPlan *plan, const Wanted *wanted, size_t n);

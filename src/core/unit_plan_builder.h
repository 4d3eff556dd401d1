/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/unit_plan.h"

/* A plan in the making: after the first failure every further call does nothing. */
typedef struct PlanBuilder {
    UnitPlan *plan;
    size_t allocated;
    int error; /* 0, or -ENOMEM: then the plan is not complete */
} PlanBuilder;

void plan_add_string(PlanBuilder *b, const char *name, const char *value);
void plan_add_bool(PlanBuilder *b, const char *name, bool value);
/* SPEC_UNSET: nothing is added. */
void plan_add_u64(PlanBuilder *b, const char *name, uint64_t value);
void plan_add_u32(PlanBuilder *b, const char *name, uint32_t value);
void plan_add_int(PlanBuilder *b, const char *name, int value); /* not negative */
/* An empty list is not added. */
void plan_add_strings(PlanBuilder *b, const char *name, UnitPropertyType type, char *const *values);
/* "name=path" items become pairs; an empty list is not added. */
void plan_add_pairs(PlanBuilder *b, const char *name, char *const *items);
/* ExecStart, with `more` (NULL: nothing) behind the arguments. Every `$` of the arguments is
 * doubled, because systemd expands it otherwise (systemd.service(5)). */
void plan_add_command(PlanBuilder *b, const char *program, char *const *arguments,
                      const char *const *more);

/* An empty list; append to it with plan_push(). NULL after a failure. */
char ***plan_add_list(PlanBuilder *b, const char *name, UnitPropertyType type);
void plan_push(PlanBuilder *b, char ***list, const char *s);
void plan_pushf(PlanBuilder *b, char ***list, const char *format, ...) _printf_(3, 4);

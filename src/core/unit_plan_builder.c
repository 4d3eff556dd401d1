/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/unit_plan_builder.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/strv.h"
#include "base/text.h"

static UnitProperty *add(PlanBuilder *b, const char *name, UnitPropertyType type)
{
    static UnitProperty dropped;
    UnitPlan *plan = b->plan;

    if (b->error == 0 && plan->count == b->allocated) {
        size_t n = b->allocated ? b->allocated * 2 : 32;
        UnitProperty *p = reallocarray(plan->properties, n, sizeof(UnitProperty));

        if (p) {
            plan->properties = p;
            b->allocated = n;
        } else {
            b->error = -ENOMEM;
        }
    }
    if (b->error < 0)
        return &dropped;
    plan->properties[plan->count] = (UnitProperty){.name = name, .type = type};
    return &plan->properties[plan->count++];
}

void plan_add_string(PlanBuilder *b, const char *name, const char *value)
{
    UnitProperty *p = add(b, name, UNIT_PROPERTY_STRING);

    if (b->error < 0)
        return;
    p->string = strdup(value);
    if (!p->string)
        b->error = -ENOMEM;
}

void plan_add_bool(PlanBuilder *b, const char *name, bool value)
{
    add(b, name, UNIT_PROPERTY_BOOL)->boolean = value;
}

void plan_add_u64(PlanBuilder *b, const char *name, uint64_t value)
{
    if (value != SPEC_UNSET)
        add(b, name, UNIT_PROPERTY_U64)->number = value;
}

void plan_add_u32(PlanBuilder *b, const char *name, uint32_t value)
{
    add(b, name, UNIT_PROPERTY_U32)->number = value;
}

void plan_add_int(PlanBuilder *b, const char *name, int value)
{
    add(b, name, UNIT_PROPERTY_INT)->number = (uint64_t)value;
}

char ***plan_add_list(PlanBuilder *b, const char *name, UnitPropertyType type)
{
    UnitProperty *p = add(b, name, type);

    return b->error < 0 ? NULL : &p->strv;
}

void plan_push(PlanBuilder *b, char ***list, const char *s)
{
    if (b->error == 0)
        b->error = strv_extend(list, s);
}

void plan_pushf(PlanBuilder *b, char ***list, const char *format, ...)
{
    _cleanup_free_ char *s = NULL;
    va_list ap;

    if (b->error < 0)
        return;
    va_start(ap, format);
    if (vasprintf(&s, format, ap) < 0) {
        s = NULL;
        b->error = -ENOMEM;
    }
    va_end(ap);
    plan_push(b, list, s);
}

static int double_dollars(const char *s, char **ret)
{
    Text t = {0};

    for (; *s; s++)
        text_append_bytes(&t, *s == '$' ? "$$" : s, *s == '$' ? 2 : 1);
    return text_take(&t, ret);
}

void plan_add_command(PlanBuilder *b, const char *program, char *const *arguments,
                      const char *const *more)
{
    char ***argv = plan_add_list(b, "ExecStart", UNIT_PROPERTY_EXEC);

    plan_push(b, argv, program);
    STRV_FOREACH (argument, arguments) {
        _cleanup_free_ char *escaped = NULL;

        if (b->error == 0)
            b->error = double_dollars(*argument, &escaped);
        plan_push(b, argv, escaped);
    }
    for (; more && *more; more++)
        plan_push(b, argv, *more);
}

void plan_add_strings(PlanBuilder *b, const char *name, UnitPropertyType type, char *const *values)
{
    char ***list;

    if (!values || !values[0])
        return;
    list = plan_add_list(b, name, type);
    STRV_FOREACH (s, values)
        plan_push(b, list, *s);
}

void plan_add_pairs(PlanBuilder *b, const char *name, char *const *items)
{
    char ***list;

    if (!items || !items[0])
        return;
    list = plan_add_list(b, name, UNIT_PROPERTY_STRING_PAIRS);
    STRV_FOREACH (item, items) {
        const char *equals = strchr(*item, '=');
        _cleanup_free_ char *first = equals ? strndup(*item, (size_t)(equals - *item)) : NULL;

        if (!first)
            b->error = b->error < 0 ? b->error : -ENOMEM;
        plan_push(b, list, first);
        plan_push(b, list, equals ? equals + 1 : "");
    }
}

static void property_done(UnitProperty *p)
{
    switch (p->type) {
    case UNIT_PROPERTY_STRING:
        free(p->string);
        break;
    case UNIT_PROPERTY_BOOL:
    case UNIT_PROPERTY_U32:
    case UNIT_PROPERTY_U64:
    case UNIT_PROPERTY_INT:
        break;
    case UNIT_PROPERTY_STRV:
    case UNIT_PROPERTY_EXEC:
    case UNIT_PROPERTY_STRING_PAIRS:
    case UNIT_PROPERTY_BIND_PATHS:
    case UNIT_PROPERTY_BYTES_ARRAY:
    case UNIT_PROPERTY_ALLOW_LIST:
    case UNIT_PROPERTY_ADDRESSES:
        strv_free(p->strv);
        break;
    }
}

UnitPlan *unit_plan_free(UnitPlan *plan)
{
    if (!plan)
        return NULL;
    for (size_t i = 0; i < plan->count; i++)
        property_done(&plan->properties[i]);
    free(plan->properties);
    free(plan);
    return NULL;
}

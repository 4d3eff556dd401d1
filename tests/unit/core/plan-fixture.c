/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"

const UnitProperty *plan_find(const UnitPlan *plan, const char *name)
{
    for (size_t i = 0; i < plan->count; i++)
        if (streq(plan->properties[i].name, name))
            return &plan->properties[i];
    return NULL;
}

static const char *const signatures[] = {
        [UNIT_PROPERTY_STRING] = "s",
        [UNIT_PROPERTY_BOOL] = "b",
        [UNIT_PROPERTY_U32] = "u",
        [UNIT_PROPERTY_U64] = "t",
        [UNIT_PROPERTY_STRV] = "as",
        [UNIT_PROPERTY_EXEC] = "a(sasb)",
        [UNIT_PROPERTY_STRING_PAIRS] = "a(ss)",
        [UNIT_PROPERTY_BIND_PATHS] = "a(ssbt)",
        [UNIT_PROPERTY_BYTES_ARRAY] = "aay",
        [UNIT_PROPERTY_ALLOW_LIST] = "(bas)",
        [UNIT_PROPERTY_INT] = "i",
        [UNIT_PROPERTY_ADDRESSES] = "a(iayu)",
};

static char *show(const UnitProperty *p)
{
    Text t = {0};
    char *s;

    text_printf(&t, "%s ", signatures[p->type]);
    switch (p->type) {
    case UNIT_PROPERTY_STRING:
        text_append(&t, p->string);
        break;
    case UNIT_PROPERTY_BOOL:
        text_append(&t, p->boolean ? "true" : "false");
        break;
    case UNIT_PROPERTY_U32:
    case UNIT_PROPERTY_U64:
    case UNIT_PROPERTY_INT:
        text_printf(&t, "%" PRIu64, p->number);
        break;
    case UNIT_PROPERTY_STRV:
    case UNIT_PROPERTY_EXEC:
    case UNIT_PROPERTY_STRING_PAIRS:
    case UNIT_PROPERTY_BIND_PATHS:
    case UNIT_PROPERTY_BYTES_ARRAY:
    case UNIT_PROPERTY_ALLOW_LIST:
    case UNIT_PROPERTY_ADDRESSES:
        STRV_FOREACH (item, p->strv)
            text_printf(&t, "[%s]", *item);
        break;
    }
    assert_int_equal(text_take(&t, &s), 0);
    return s;
}

void plan_check(const UnitPlan *plan, const Wanted *wanted, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const UnitProperty *p = plan_find(plan, wanted[i].name);
        _cleanup_free_ char *shown = p ? show(p) : NULL;

        if (!streq_ptr(shown, wanted[i].shown))
            fail_msg("%s: %s, not %s", wanted[i].name, shown ? shown : "none",
                     wanted[i].shown ? wanted[i].shown : "none");
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <poolmgr/errors.h>
#include <poolmgr/names.h>
#include <string.h>

#include "base/macros.h"

static const PmErrorInfo table[PM_ERROR_MAX] = {
#define X(symbol, code, http, dbus, exit_status, retriable) \
    [symbol] = {code, http, PM_BUS_ERROR_PREFIX dbus, exit_status, retriable},
        PM_ERROR_TABLE(X)
#undef X
};

const PmErrorInfo *pm_error_info(PmErrorCode code)
{
    if (code <= PM_ERROR_NONE || code >= PM_ERROR_MAX)
        code = PM_ERROR_INTERNAL;
    return &table[code];
}

PmErrorCode pm_error_from_dbus_name(const char *name)
{
    for (int i = PM_ERROR_NONE + 1; i < PM_ERROR_MAX; i++)
        if (streq_ptr(table[i].dbus_name, name))
            return (PmErrorCode)i;
    return PM_ERROR_INVALID;
}

PmErrorCode pm_error_from_code(const char *code)
{
    for (int i = PM_ERROR_NONE + 1; i < PM_ERROR_MAX; i++)
        if (streq_ptr(table[i].code, code))
            return (PmErrorCode)i;
    return PM_ERROR_INVALID;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/operation.h"

const char *operation_kind_to_string(OperationKind kind)
{
    static const char *const names[OPERATION_MAX] = {
            [OPERATION_PRELOAD] = "preload", [OPERATION_STOP] = "stop",
            [OPERATION_RESTART] = "restart", [OPERATION_DEREGISTER] = "deregister",
            [OPERATION_DRAIN] = "drain",     [OPERATION_RELOAD] = "reload",
    };

    return kind > OPERATION_NONE && kind < OPERATION_MAX ? names[kind] : NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <stdbool.h>

/* Whether a negative errno says that we are out of memory or descriptors: that is our trouble, may
 * be over in a moment, and says nothing about the file or whatever else was asked for. */
static inline bool errno_is_shortage(int error)
{
    return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

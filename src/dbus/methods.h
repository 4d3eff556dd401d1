/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <poolmgr/names.h>
#include <systemd/sd-bus.h>

#include "base/error.h"

/*
 * What can be called: the one table out of which the methods of both objects, their authorisation
 * and docs/dbus are made.
 */

struct Command;

typedef enum MethodAccess {
    METHOD_FREE,    /* needs no lock: it does not look at pools */
    METHOD_DEVICES, /* nor this one; the GPUs are looked for before */
    METHOD_READ,    /* the registry lock, shared */
    METHOD_WRITE,   /* the registry lock, exclusive; refused until recovery is done */
} MethodAccess;

enum {
    METHOD_ARGUMENTS_MAX = 4, /* besides the pool's id */
};

typedef union MethodArgument {
    const char *string; /* in the memory of the call */
    uint64_t number;
    int boolean;
} MethodArgument;

typedef struct Method {
    const char *name; /* on the manager's object */
    const char
            *pool_name; /* on a pool's, where the argument pool_id is left out; NULL: not there */
    const char *in;     /* signatures; arguments are of the types s, t and b only */
    const char *out;
    const char *names; /* of the arguments, then of the results; each ends in a NUL */
    const char *verb;  /* the polkit action, after METHOD_ACTION_PREFIX; NULL: open to all */
    MethodAccess access;
    bool wait; /* the answer comes when the operation has ended, and is its JSON text */
    int (*run)(struct Command *c, Error *error);
    const char *summary; /* for docs/dbus, without the full stop */
} Method;

#define METHOD_ACTION_PREFIX PM_BUS_NAME "."

/* The table; it ends in a method without a name. */
extern const Method methods[];

/* The method of that name of the manager's object or of a pool's, NULL when there is none. */
const Method *method_find(const char *name, bool of_pool);

/* Whether the first argument is the pool's id. */
bool method_takes_pool(const Method *method);

/*
 * A vtable of `head` without its end, one entry for each method of the object, which calls
 * `handler`, and `tail`. Returns 0 and memory that the caller frees, or -ENOMEM.
 */
typedef struct VtablePart {
    const sd_bus_vtable *entries;
    size_t count;
} VtablePart;
int methods_vtable_new(VtablePart head, bool of_pool, sd_bus_message_handler_t handler,
                       VtablePart tail, sd_bus_vtable **ret);

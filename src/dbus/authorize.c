/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/authorize.h"

#include <errno.h>
#include <stdint.h>

#include "dbus/bus_reply.h"

struct Authorization {
    sd_bus_message *call;
    sd_bus_slot *slot;
    const char *verb;
    const char *pool_id;
    AuthorizationFunc f;
    void *userdata;
};

Authorization *authorization_free(Authorization *a)
{
    if (!a)
        return NULL;
    sd_bus_slot_unref(a->slot);
    sd_bus_message_unref(a->call);
    free(a);
    return NULL;
}

/* The rule itself. What asks polkit belongs here, for those whom this turns away. */
static int caller_may(const Authorization *a, uint32_t uid, Error *error)
{
    uint32_t own = getuid();

    if (uid == 0 || uid == own)
        return 0;
    if (own == 0)
        return error_set(error, PM_ERROR_FORBIDDEN, NULL,
                         "to %s pool \"%s\" is for root only, and you are user %u: run it as root",
                         a->verb, a->pool_id, uid);
    return error_set(error, PM_ERROR_FORBIDDEN, NULL,
                     "to %s pool \"%s\" is for root and user %u only, and you are user %u: run it "
                     "as one of them",
                     a->verb, a->pool_id, own, uid);
}

static void authorization_end(Authorization *a, const Error *error)
{
    AuthorizationFunc f = a->f;
    void *userdata = a->userdata;

    authorization_free(a);
    f(error_is_set(error) ? error : NULL, userdata);
}

static int on_user(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
    Authorization *a = userdata;
    const sd_bus_error *refusal = sd_bus_message_get_error(reply);
    Error error = {0};
    uint32_t uid;

    if (refusal)
        error_set(&error, PM_ERROR_FORBIDDEN, NULL, "the bus does not say who you are: %s",
                  bus_text(refusal->message));
    else if (sd_bus_message_read(reply, "u", &uid) < 0)
        error_set(&error, PM_ERROR_INTERNAL, NULL, "the bus says who you are, but malformed");
    else
        caller_may(a, uid, &error);
    authorization_end(a, &error);
    return 0;
}

int authorization_start(sd_bus_message *call, const char *verb, const char *pool_id,
                        AuthorizationFunc f, void *userdata, Authorization **ret)
{
    const char *sender = sd_bus_message_get_sender(call);
    Authorization *a;
    int r;

    if (!sender)
        return -EINVAL; /* without a bus in between nobody vouches for the sender */
    a = calloc(1, sizeof(*a));
    if (!a)
        return -ENOMEM;
    *a = (Authorization){.call = sd_bus_message_ref(call),
                         .verb = verb,
                         .pool_id = pool_id,
                         .f = f,
                         .userdata = userdata};
    r = sd_bus_call_method_async(sd_bus_message_get_bus(call), &a->slot, "org.freedesktop.DBus",
                                 "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                 "GetConnectionUnixUser", on_user, a, "s", sender);
    if (r < 0) {
        authorization_free(a);
        return r;
    }
    *ret = a;
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/polkit.h"

#include <errno.h>
#include <inttypes.h>
#include <poolmgr/names.h>
#include <stdio.h>

#include "base/macros.h"
#include "base/usec.h"
#include "dbus/methods.h"

#define POLKIT_NAME      "org.freedesktop.PolicyKit1"
#define POLKIT_PATH      "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

/* polkit's CheckAuthorizationFlags. */
enum { ALLOW_USER_INTERACTION = 1 };

#define QUICK_TIMEOUT_USEC       (20 * USEC_PER_SEC) /* no person is asked */
#define INTERACTIVE_TIMEOUT_USEC (3 * USEC_PER_MINUTE)

struct PolkitQuestion {
    sd_bus *bus;
    sd_bus_slot *slot; /* NULL: answered */
    char cancellation_id[32];
    PolkitFunc f;
    void *userdata;
};

/* It must not be what starts polkit: then there is nothing to cancel. */
static void cancel(const PolkitQuestion *q)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;

    if (sd_bus_message_new_method_call(q->bus, &call, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                                       "CancelCheckAuthorization") < 0 ||
        sd_bus_message_set_auto_start(call, false) < 0 ||
        sd_bus_message_append(call, "s", q->cancellation_id) < 0)
        return;
    (void)sd_bus_send(q->bus, call, NULL);
}

PolkitQuestion *polkit_question_free(PolkitQuestion *q)
{
    if (!q)
        return NULL;
    if (q->slot) {
        cancel(q);
        sd_bus_slot_unref(q->slot);
    }
    free(q);
    return NULL;
}

static PolkitAnswer read_answer(sd_bus_message *reply, const char **ret_why)
{
    const sd_bus_error *error = sd_bus_message_get_error(reply);
    int authorized, challenge;

    if (error) {
        *ret_why = error->message ? error->message : error->name;
        return POLKIT_FAILED;
    }
    if (sd_bus_message_enter_container(reply, 'r', "bba{ss}") <= 0 ||
        sd_bus_message_read(reply, "bb", &authorized, &challenge) <= 0) {
        *ret_why = "its answer is malformed";
        return POLKIT_FAILED;
    }
    if (authorized)
        return POLKIT_YES;
    return challenge ? POLKIT_CHALLENGE : POLKIT_NO;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
    PolkitQuestion *q = userdata;
    const char *why = NULL;
    PolkitAnswer answer = read_answer(reply, &why);

    q->slot = sd_bus_slot_unref(q->slot);
    if (answer == POLKIT_FAILED)
        cancel(q); /* it may only have taken too long */
    q->f(answer, why, q->userdata);
    return 0;
}

static int append_question(sd_bus_message *call, const PolkitSubject *subject, const char *verb,
                           const char *pool_id, const char *cancellation_id)
{
    char action[128];

    (void)snprintf(action, sizeof(action), METHOD_ACTION_PREFIX "%s", verb);
    return sd_bus_message_append(call, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
                                 subject->caller, action, 2, "pool", pool_id, "verb", verb,
                                 subject->interactive ? ALLOW_USER_INTERACTION : 0,
                                 cancellation_id);
}

int polkit_ask(sd_bus *bus, const PolkitSubject *subject, const char *verb, const char *pool_id,
               PolkitFunc f, void *userdata, PolkitQuestion **ret)
{
    static uint64_t last_question;
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
    PolkitQuestion *q;
    int r;

    q = calloc(1, sizeof(*q));
    if (!q)
        return -ENOMEM;
    *q = (PolkitQuestion){.bus = bus, .f = f, .userdata = userdata};
    (void)snprintf(q->cancellation_id, sizeof(q->cancellation_id), "%" PRIu64, ++last_question);
    r = sd_bus_message_new_method_call(bus, &call, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                                       "CheckAuthorization");
    if (r >= 0)
        r = append_question(call, subject, verb, pool_id, q->cancellation_id);
    if (r >= 0)
        r = sd_bus_call_async(bus, &q->slot, call, on_answer, q,
                              subject->interactive ? INTERACTIVE_TIMEOUT_USEC : QUICK_TIMEOUT_USEC);
    if (r < 0) {
        polkit_question_free(q);
        return r;
    }
    *ret = q;
    return 0;
}

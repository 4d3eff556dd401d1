/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/authorize.h"

#include <errno.h>
#include <poolmgr/names.h>
#include <stdint.h>

#include "dbus/bus_reply.h"
#include "dbus/polkit.h"
#include "dbus/server.h"

struct Authorization {
    DbusServer *server;
    sd_bus_message *call;
    sd_bus_slot *slot; /* of the question who the sender is */
    PolkitQuestion *question;
    const char *verb;
    const char *pool_id;
    uint32_t uid;
    AuthorizationFunc f;
    void *userdata;
};

Authorization *authorization_free(Authorization *a)
{
    if (!a)
        return NULL;
    polkit_question_free(a->question);
    sd_bus_slot_unref(a->slot);
    sd_bus_message_unref(a->call);
    free(a);
    return NULL;
}

static void authorization_end(Authorization *a, const Error *error)
{
    AuthorizationFunc f = a->f;
    void *userdata = a->userdata;

    authorization_free(a);
    f(error_is_set(error) ? error : NULL, userdata);
}

static void on_polkit(PolkitAnswer answer, const char *why, void *userdata)
{
    Authorization *a = userdata;
    Error error = {0};

    switch (answer) {
    case POLKIT_YES:
        break;
    case POLKIT_NO:
        error_set(&error, PM_ERROR_FORBIDDEN, NULL,
                  "the action " PM_BUS_NAME ".%s on pool \"%s\" is not allowed to you, user %u: "
                  "run it as root, or have polkit's rules allow it",
                  a->verb, a->pool_id, a->uid);
        break;
    case POLKIT_CHALLENGE:
        error_set(&error, PM_ERROR_FORBIDDEN, NULL,
                  "for the action " PM_BUS_NAME ".%s on pool \"%s\" you, user %u, must "
                  "authenticate as an administrator, and nobody can be asked for a password here: "
                  "run it as root, or have polkit's rules allow it",
                  a->verb, a->pool_id, a->uid);
        break;
    case POLKIT_FAILED:
        error_set(&error, PM_ERROR_FORBIDDEN, NULL,
                  "polkit cannot be asked whether you, user %u, may do " PM_BUS_NAME ".%s on pool "
                  "\"%s\", and until it can only root may: %s",
                  a->uid, a->verb, a->pool_id, bus_text(why));
        break;
    }
    authorization_end(a, &error);
}

/* Whether one more question fits in beside those that are not answered yet. */
static int check_room(const Authorization *a, Error *error)
{
    unsigned all = 0, of_user = 0;

    for (const Command *c = a->server->commands; c; c = c->next) {
        const Authorization *other = c->authorization;

        if (!other || !other->question)
            continue;
        all++;
        of_user += other->uid == a->uid;
    }
    if (all < QUESTIONS_MAX && of_user < QUESTIONS_OF_USER_MAX)
        return 0;
    return error_set(error, PM_ERROR_UNAVAILABLE, NULL,
                     "polkit is already being asked about %u other calls, %u of them by you, user "
                     "%u: try again in a moment",
                     all, of_user, a->uid);
}

/* Returns 0 when polkit was asked, or negative errno, mostly with `error` set. */
static int ask_polkit(Authorization *a, Error *error)
{
    const PolkitSubject subject = {
            .caller = sd_bus_message_get_sender(a->call),
            .interactive = sd_bus_message_get_allow_interactive_authorization(a->call) > 0,
    };
    int r;

    r = check_room(a, error);
    if (r < 0)
        return r;
    return polkit_ask(a->server->bus, &subject, a->verb, a->pool_id, on_polkit, a, &a->question);
}

/* Whether the answer is known without polkit: 1; `error` set: it is no. Else 0, or negative errno.
 */
static int judge_user(Authorization *a, Error *error)
{
    uint32_t own = getuid();

    if (a->uid == 0 || a->uid == own)
        return 1;
    if (!a->server->user_mode)
        return ask_polkit(a, error);
    error_set(error, PM_ERROR_FORBIDDEN, NULL,
              "this daemon is for user %u and root only, and you are user %u: run it as one of "
              "them",
              own, a->uid);
    return 1;
}

static int on_user(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
    Authorization *a = userdata;
    const sd_bus_error *refusal = sd_bus_message_get_error(reply);
    Error error = {0};
    int r = 1;

    if (refusal)
        error_set(&error, PM_ERROR_FORBIDDEN, NULL, "the bus does not say who you are: %s",
                  bus_text(refusal->message));
    else if (sd_bus_message_read(reply, "u", &a->uid) < 0)
        error_set(&error, PM_ERROR_INTERNAL, NULL, "the bus says who you are, but malformed");
    else
        r = judge_user(a, &error);
    if (r < 0 && !error_is_set(&error))
        error_set(&error, PM_ERROR_INTERNAL, NULL, "polkit cannot be asked: %s", strerror(-r));
    if (r != 0)
        authorization_end(a, &error);
    return 0;
}

int authorization_start(DbusServer *s, sd_bus_message *call, const char *verb, const char *pool_id,
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
    *a = (Authorization){.server = s,
                         .call = sd_bus_message_ref(call),
                         .verb = verb,
                         .pool_id = pool_id,
                         .f = f,
                         .userdata = userdata};
    r = sd_bus_call_method_async(s->bus, &a->slot, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                 "org.freedesktop.DBus", "GetConnectionUnixUser", on_user, a, "s",
                                 sender);
    if (r < 0) {
        authorization_free(a);
        return r;
    }
    *ret = a;
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poolmgr/messages.h>
#include <poolmgr/names.h>
#include <syslog.h>

#include "systemd/inhibitor.h"
#include "systemd/journal.h"
#include "systemd/unit_message.h"

#define LOGIND_NAME      "org.freedesktop.login1"
#define LOGIND_PATH      "/org/freedesktop/login1"
#define LOGIND_INTERFACE "org.freedesktop.login1.Manager"

/* What is assumed when logind does not tell: its own default (logind.conf(5)). */
static const usec_t DELAY_MAX_DEFAULT_USEC = 5 * USEC_PER_SEC;

struct Inhibitor {
    sd_bus *bus;
    ShutdownFunc f;
    void *userdata;
    sd_bus_slot *shutdown_match;
    sd_bus_slot *owner_match;
    sd_bus_slot *take_call;  /* set while logind is asked for an inhibitor */
    sd_bus_slot *delay_call; /* and for how long it waits */
    bool wanted;
    int fd; /* logind lets go when it is closed; -1: not held */
};

/* It is not there, or went away while it was asked: once it is back it is asked again. */
static bool is_absent(const sd_bus_error *error)
{
    return sd_bus_error_has_names(error, SD_BUS_ERROR_SERVICE_UNKNOWN,
                                  SD_BUS_ERROR_NAME_HAS_NO_OWNER, SD_BUS_ERROR_NO_REPLY,
                                  SD_BUS_ERROR_DISCONNECTED);
}

static void log_refused(const char *why)
{
    journal_send(LOG_WARNING, PM_MESSAGE_NO_INHIBITOR, NULL, 0,
                 "logind gives no inhibitor, a shutdown of the host does not wait for leases: %s",
                 why);
}

/* The old one goes when the new one is there: between them the host could go down. */
static int keep(Inhibitor *i, sd_bus_message *m)
{
    int fd, r = sd_bus_message_read(m, "h", &fd);

    if (r < 0)
        return r;
    fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return -errno;
    closep(&i->fd);
    i->fd = fd;
    return 0;
}

static int on_taken(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const sd_bus_error *error = sd_bus_message_get_error(m);
    Inhibitor *i = userdata;
    int r;

    i->take_call = sd_bus_slot_unref(i->take_call);
    if (error) {
        if (!is_absent(error))
            log_refused(bus_error_text(error));
        return 0;
    }
    r = keep(i, m);
    if (r < 0)
        log_refused(strerror(-r));
    return 0;
}

static int send_inhibit(Inhibitor *i)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
    int r = sd_bus_message_new_method_call(i->bus, &m, LOGIND_NAME, LOGIND_PATH, LOGIND_INTERFACE,
                                           "Inhibit");

    if (r >= 0)
        r = sd_bus_message_set_auto_start(m, false);
    if (r >= 0)
        r = sd_bus_message_append(m, "ssss", "shutdown", PM_DAEMON_NAME,
                                  "leases of LLM engines are out", "delay");
    if (r >= 0)
        r = sd_bus_call_async(i->bus, &i->take_call, m, on_taken, i, 0);
    return r;
}

static void ask(Inhibitor *i)
{
    int r;

    /* The answer to an earlier one is no longer of interest; an inhibitor in it is let go. */
    i->take_call = sd_bus_slot_unref(i->take_call);
    r = send_inhibit(i);
    if (r < 0)
        log_refused(strerror(-r));
}

void inhibitor_take(Inhibitor *i)
{
    if (i->wanted)
        return;
    i->wanted = true;
    ask(i);
}

void inhibitor_release(Inhibitor *i)
{
    i->wanted = false;
    i->take_call = sd_bus_slot_unref(i->take_call);
    closep(&i->fd);
    i->fd = -1;
}

static int on_delay(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    usec_t delay = DELAY_MAX_DEFAULT_USEC;
    Inhibitor *i = userdata;

    i->delay_call = sd_bus_slot_unref(i->delay_call);
    if (!sd_bus_message_is_method_error(m, NULL))
        (void)sd_bus_message_read(m, "v", "t", &delay);
    i->f(true, delay, i->userdata);
    return 0;
}

/* Read when it counts: it changes with logind's configuration. */
static void begin_shutdown(Inhibitor *i)
{
    int r;

    i->delay_call = sd_bus_slot_unref(i->delay_call);
    r = sd_bus_call_method_async(i->bus, &i->delay_call, LOGIND_NAME, LOGIND_PATH,
                                 BUS_PROPERTIES_INTERFACE, "Get", on_delay, i, "ss",
                                 LOGIND_INTERFACE, "InhibitDelayMaxUSec");
    if (r < 0)
        i->f(true, DELAY_MAX_DEFAULT_USEC, i->userdata);
}

static int on_prepare(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Inhibitor *i = userdata;
    int begins;

    if (sd_bus_message_read(m, "b", &begins) <= 0)
        return 0;
    if (begins) {
        begin_shutdown(i);
        return 0;
    }
    i->delay_call = sd_bus_slot_unref(i->delay_call);
    i->f(false, 0, i->userdata);
    /* logind gives none out while the host goes down. */
    if (i->wanted && i->fd < 0)
        ask(i);
    return 0;
}

/* One that was held before outlives a restart of logind, but not its death with the loss of its
 * files: the new one is asked in any case. */
static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Inhibitor *i = userdata;
    const char *owner;

    if (sd_bus_message_read(m, "sss", NULL, NULL, &owner) > 0 && owner[0] != '\0' && i->wanted)
        ask(i);
    return 0;
}

static int on_match(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const sd_bus_error *error = sd_bus_message_get_error(m);

    if (error)
        journal_say(LOG_ERR, PM_MESSAGE_NO_INHIBITOR,
                    "The bus does not tell of shutdowns of the host: %s", bus_error_text(error));
    return 0;
}

static int watch(Inhibitor *i)
{
    int r = sd_bus_add_match_async(i->bus, &i->shutdown_match,
                                   "type='signal',sender='" LOGIND_NAME "',path='" LOGIND_PATH
                                   "',interface='" LOGIND_INTERFACE "',member='PrepareForShutdown'",
                                   on_prepare, on_match, i);

    if (r < 0)
        return r;
    return sd_bus_add_match_async(
            i->bus, &i->owner_match,
            "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus'"
            ",interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" LOGIND_NAME "'",
            on_owner_changed, on_match, i);
}

int inhibitor_new(sd_bus *bus, ShutdownFunc f, void *userdata, Inhibitor **ret)
{
    _cleanup_(inhibitor_freep) Inhibitor *i = calloc(1, sizeof(Inhibitor));
    int r;

    if (!i)
        return -ENOMEM;
    *i = (Inhibitor){.bus = sd_bus_ref(bus), .f = f, .userdata = userdata, .fd = -1};
    r = watch(i);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(i);
    return 0;
}

Inhibitor *inhibitor_free(Inhibitor *i)
{
    if (!i)
        return NULL;
    inhibitor_release(i);
    sd_bus_slot_unref(i->delay_call);
    sd_bus_slot_unref(i->shutdown_match);
    sd_bus_slot_unref(i->owner_match);
    sd_bus_unref(i->bus);
    free(i);
    return NULL;
}

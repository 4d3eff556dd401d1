/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <poolmgr/names.h>
#include <signal.h>

#include "base/parse.h"
#include "ctl/child.h"
#include "ctl/client.h"
#include "ctl/report.h"
#include "ctl/times.h"
#include "ctl/verbs.h"
#include "json/encode.h"

/* A lease belongs to the connection that took it: it is held for as long as this command runs. */
typedef struct Holding {
    const Options *options;
    const char *pool_id;
    char **command; /* empty: there is none */
    sd_bus *bus;
    sd_event *event;
    char *lease_id;
    uint64_t active;
    uint64_t generation;
    bool over; /* the lease has ended before us */
    int status;
} Holding;

/* The command's name, so that others see who holds the lease. */
static void name_owner(const Holding *h, char owner[static PM_LEASE_OWNER_MAX + 1])
{
    const char *slash = h->command[0] ? strrchr(h->command[0], '/') : NULL;
    const char *name = slash && slash[1] ? slash + 1 : h->command[0] ? h->command[0] : "poolctl";

    if (h->options->owner)
        name = h->options->owner;
    (void)snprintf(owner, PM_LEASE_OWNER_MAX + 1, "%s", name);
    utf8_repair(owner);
}

static int acquire(Holding *h, Error *error)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    char owner[PM_LEASE_OWNER_MAX + 1];
    const char *id;
    int r;

    name_owner(h, owner);
    r = client_call(h->options, h->bus, CALL_ACT, &reply, error, "AcquireLease", "sstb", h->pool_id,
                    owner, h->options->ttl_ms, (int)h->options->enforce_slots);
    if (r < 0)
        return r;
    r = sd_bus_message_read(reply, "stt", &id, &h->active, &h->generation);
    if (r < 0)
        return client_error(h->options, NULL, r, error);
    h->lease_id = strdup(id);
    return h->lease_id ? 0 : error_set(error, PM_ERROR_INTERNAL, NULL, "%s", strerror(ENOMEM));
}

/* So that it is gone when the command is; a lost connection would end it, too, a little later, and
 * a daemon need not be started for it. From within the loop: its end closes the connection. */
static void release(Holding *h)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

    if (h->lease_id && !h->over)
        (void)client_call(h->options, h->bus, CALL_LOOK, &reply, NULL, "ReleaseLease", "ss",
                          h->pool_id, h->lease_id);
}

static int print_lease(const Holding *h)
{
    int status = 0;

    if (h->options->json != JSON_OFF)
        status = report_json(h->options,
                             json_lease_answer(h->lease_id, h->active, h->generation, NULL));
    else
        printf("%s\n", h->lease_id);
    fflush(stdout);
    return status;
}

static void holding_end(Holding *h, int status)
{
    release(h);
    h->status = status;
    (void)sd_event_exit(h->event, 0);
}

/* Only a command that is there for the lease ends with it. */
static void lease_over(Holding *h, const char *why)
{
    if (h->over)
        return;
    h->over = true;
    report_note("lease %s of pool %s is over: %s", h->lease_id, h->pool_id, why);
    if (!h->command[0])
        holding_end(h, pm_error_info(PM_ERROR_LEASE_NOT_FOUND)->exit_status);
}

static int on_expired(sd_event_source *source, uint64_t usec, void *userdata)
{
    lease_over(userdata, "its time to live has passed");
    return 0;
}

static int on_interrupt(sd_event_source *source, const struct signalfd_siginfo *info,
                        void *userdata)
{
    holding_end(userdata, 0);
    return 0;
}

static void on_child_ended(int status, void *userdata)
{
    holding_end(userdata, status);
}

static int read_live(sd_bus_message *m, bool *ret_live)
{
    const char *interface, *name;
    int live = 1;
    int r;

    r = sd_bus_message_read(m, "s", &interface);
    if (r >= 0 && streq(interface, PM_POOL_INTERFACE))
        r = sd_bus_message_enter_container(m, 'a', "{sv}");
    else
        return -ENODATA;
    while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
        r = sd_bus_message_read(m, "s", &name);
        if (r >= 0)
            r = streq(name, "Live") ? sd_bus_message_read(m, "v", "b", &live)
                                    : sd_bus_message_skip(m, "v");
        if (r >= 0)
            r = sd_bus_message_exit_container(m);
    }
    *ret_live = live != 0;
    return r;
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    bool live;

    if (read_live(m, &live) >= 0 && !live)
        lease_over(userdata, "the engine has ended");
    return 0;
}

/* Before the lease is taken, so that its end cannot be missed. */
static int watch_engine(Holding *h)
{
    _cleanup_free_ char *path = NULL;
    int r;

    r = client_pool_path(h->pool_id, &path);
    if (r >= 0)
        r = sd_bus_match_signal(h->bus, NULL, PM_BUS_NAME, path, "org.freedesktop.DBus.Properties",
                                "PropertiesChanged", on_changed, h);
    return r;
}

static int watch_time(Holding *h)
{
    if (h->options->ttl_ms >= UINT64_MAX / USEC_PER_MSEC)
        return 0;
    return sd_event_add_time_relative(h->event, NULL, CLOCK_MONOTONIC,
                                      h->options->ttl_ms * USEC_PER_MSEC, 0, on_expired, h);
}

static int hold(Holding *h)
{
    int r;

    r = watch_time(h);
    if (r < 0)
        return report_errno(h->options, r);
    if (h->command[0]) {
        r = child_start(h->event, h->command, on_child_ended, h);
    } else {
        h->status = print_lease(h);
        r = client_on_interrupt(h->event, on_interrupt, h);
    }
    if (r >= 0)
        r = sd_event_loop(h->event);
    return r < 0 ? report_errno(h->options, r) : h->status;
}

static int take_and_hold(Holding *h)
{
    Error error = {0};
    int r;

    if (client_check_pool_id(h->pool_id, &error) < 0 ||
        client_connect(h->options, &h->bus, &error) < 0)
        return report_error(h->options, &error, h->pool_id);
    r = watch_engine(h);
    if (r < 0)
        return report_errno(h->options, r);
    if (acquire(h, &error) < 0)
        return report_error(h->options, &error, h->pool_id);
    r = client_loop(h->bus, &h->event);
    if (r < 0)
        return report_errno(h->options, r);
    return hold(h);
}

static int run(const Options *options, char **words)
{
    Holding h = {.options = options, .pool_id = words[0], .command = words + 1};
    int status = take_and_hold(&h);

    sd_bus_flush_close_unref(h.bus);
    sd_event_unref(h.event);
    free(h.lease_id);
    return status;
}

const Verb verb_lease = {
        .name = "lease",
        .synopsis = "POOL [-- COMMAND...]",
        .summary = "Hold a lease while a command runs",
        .description =
                "Takes a lease of the pool's engine and runs COMMAND while it holds it; the exit\n"
                "status is that of COMMAND, or 128 and the number of the signal that ended it.\n"
                "Signals that this command gets go to COMMAND. Without COMMAND it prints the id\n"
                "of the lease and holds it until it is interrupted (SIGINT, SIGTERM). The lease\n"
                "ends with this command in any case. When the lease ends before, COMMAND goes\n"
                "on.\n",
        .examples = "  poolctl lease chat -- curl -s http://127.0.0.1:8080/v1/models\n"
                    "  poolctl lease chat --ttl=10min --owner=batch -- ./nightly-batch\n",
        .min_words = 1,
        .max_words = SIZE_MAX,
        .first = WORD_POOL,
        .rest = WORD_COMMAND,
        .options = VERB_OPTION_OWNER | VERB_OPTION_TTL | VERB_OPTION_ENFORCE_SLOTS,
        .run = run,
};

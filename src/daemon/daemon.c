/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <poolmgr/messages.h>
#include <poolmgr/names.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "daemon/configuration.h"
#include "daemon/daemon.h"
#include "daemon/listen.h"
#include "daemon/token.h"
#include "dbus/dbus_server.h"
#include "manager/manager.h"
#include "systemd/journal.h"
#include "systemd/journal_synchronize.h"

/* How old the status line may be: each change of it costs the service manager more than what has
 * happened to the pool costs us. */
#define STATUS_USEC (500 * USEC_PER_MSEC)

/* How long an end with an error may wait for the journal. */
#define LAST_WORDS_USEC (500 * USEC_PER_MSEC)

/* Everything that lives as long as the process. */
typedef struct Daemon {
    const Options *options;
    Settings *settings;
    char *token;
    sd_event *event;
    sd_bus *bus;
    Manager *manager;
    HttpServer *http;
    DbusServer *dbus;
    ManagerListener listener;
    bool activated; /* its sockets are those of a socket unit */
    bool ready;
    sd_event_source *status_timer; /* on while the status line may be out of date */
    size_t told_pools, told_ready; /* in it */
} Daemon;

/* Tells systemd `state`, and what "systemctl status" shows. Nothing when that is what it shows
 * already: the service manager is busy enough while it starts an engine. */
static void notify(Daemon *d, const char *state)
{
    size_t n = manager_count_pools(d->manager), ready = 0;

    for (size_t i = 0; i < n; i++)
        ready += pool_is_ready(manager_pool_at(d->manager, i));
    if (!state[0] && n == d->told_pools && ready == d->told_ready)
        return;
    d->told_pools = n;
    d->told_ready = ready;
    (void)sd_notifyf(0, "%sSTATUS=%zu pool%s, %zu ready", state, n, n == 1 ? "" : "s", ready);
}

static int on_status(sd_event_source *source, uint64_t usec, void *userdata)
{
    notify(userdata, "");
    return 0;
}

/* The first change is told after a while, together with what comes meanwhile. */
static void on_pool(const Pool *pool, void *userdata)
{
    Daemon *d = userdata;

    if (!d->ready || sd_event_source_get_enabled(d->status_timer, NULL) != 0)
        return;
    (void)sd_event_source_set_time_relative(d->status_timer, STATUS_USEC);
    (void)sd_event_source_set_enabled(d->status_timer, SD_EVENT_ONESHOT);
}

/* The socket went with the directory, unless it is systemd's, who alone can make it again. */
static void on_runtime_renewed(void *userdata)
{
    Daemon *d = userdata;
    Error error = {.code = PM_ERROR_NONE};

    if (d->activated) {
        journal_say(LOG_WARNING, PM_MESSAGE_STORAGE_FAILS,
                    "The socket unit's http.sock may be gone: restart pool-managerd.socket");
        return;
    }
    if (listen_own(d->http, d->settings->runtime_directory, &error) < 0)
        journal_say(LOG_ERR, PM_MESSAGE_STORAGE_FAILS, "http.sock cannot be made again: %s",
                    error.text);
}

static void on_name(int error, const char *error_text, void *userdata)
{
    Daemon *d = userdata;

    if (error < 0) {
        journal_say(LOG_ERR, PM_MESSAGE_DAEMON_FAILED, "The bus name %s is not to be had: %s",
                    PM_BUS_NAME, error_text);
        (void)sd_event_exit(d->event, error);
        return;
    }
    d->ready = true;
    notify(d, "READY=1\n");
    journal_say(LOG_NOTICE, PM_MESSAGE_DAEMON_READY, "pool-managerd %s is ready: %zu pool(s)",
                PM_VERSION, manager_count_pools(d->manager));
}

static void on_recovered(int error, void *userdata)
{
    Daemon *d = userdata;
    int r = error;

    if (r >= 0)
        manager_read_declared(d->manager);
    if (r >= 0)
        r = dbus_server_request_name(d->dbus, on_name, d);
    if (r < 0)
        (void)sd_event_exit(d->event, r);
}

static void reload(Daemon *d)
{
    _cleanup_(settings_freep) Settings *s = NULL;
    _cleanup_free_ char *restart = NULL;

    if (configuration_load(d->options, d->token != NULL, &s) < 0) {
        journal_say(LOG_ERR, PM_MESSAGE_CONFIGURATION_BAD, "The configuration stays as it was");
        return;
    }
    if (settings_keep_until_restart(s, d->settings, &restart) < 0 ||
        manager_set_settings(d->manager, s) < 0) {
        journal_say(LOG_ERR, PM_MESSAGE_CONFIGURATION_BAD,
                    "Out of memory: the configuration stays as it was");
        return;
    }
    configuration_apply_to_log(s);
    if (restart[0])
        journal_say(LOG_WARNING, PM_MESSAGE_CONFIGURATION_WAITS,
                    "Changed, but in force only after a restart of the daemon: %s", restart);
    journal_say(LOG_NOTICE, PM_MESSAGE_CONFIGURATION_READ,
                "Configuration read again; engines run on as they are");
    settings_free(d->settings);
    d->settings = TAKE_PTR(s);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
    Daemon *d = userdata;
    uint64_t now = 0;

    (void)sd_event_now(d->event, CLOCK_MONOTONIC, &now);
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now);
    reload(d);
    manager_read_declared(d->manager);
    (void)sd_notify(0, "READY=1");
    return 0;
}

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
    Daemon *d = userdata;

    journal_say(LOG_NOTICE, PM_MESSAGE_DAEMON_STOPPING, "Stopping on %s; the engines run on",
                si->ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
    (void)sd_notify(0, "STOPPING=1");
    return sd_event_exit(d->event, 0);
}

static int open_loop(Daemon *d)
{
    sigset_t mask;
    int r = sd_event_default(&d->event);

    (void)sigemptyset(&mask);
    (void)sigaddset(&mask, SIGTERM);
    (void)sigaddset(&mask, SIGINT);
    (void)sigaddset(&mask, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
        return -errno;
    (void)signal(SIGPIPE, SIG_IGN);
    if (r >= 0)
        r = sd_event_add_signal(d->event, NULL, SIGTERM, on_terminate, d);
    if (r >= 0)
        r = sd_event_add_signal(d->event, NULL, SIGINT, on_terminate, d);
    if (r >= 0)
        r = sd_event_add_signal(d->event, NULL, SIGHUP, on_hangup, d);
    if (r >= 0)
        r = sd_event_add_time(d->event, &d->status_timer, CLOCK_MONOTONIC, USEC_INFINITY,
                              STATUS_USEC / 2, on_status, d);
    if (r >= 0)
        r = sd_event_source_set_enabled(d->status_timer, SD_EVENT_OFF);
    if (r >= 0)
        r = sd_event_set_watchdog(d->event, true);
    return r;
}

static int open_bus(Daemon *d)
{
    int r = d->options->user_mode ? sd_bus_open_user(&d->bus) : sd_bus_open_system(&d->bus);

    if (r >= 0)
        r = sd_bus_set_exit_on_disconnect(d->bus, true);
    if (r >= 0)
        r = sd_bus_attach_event(d->bus, d->event, SD_EVENT_PRIORITY_NORMAL);
    if (r < 0)
        journal_say(LOG_ERR, PM_MESSAGE_DAEMON_FAILED, "The %s bus cannot be reached: %s",
                    d->options->user_mode ? "user's" : "system", strerror(-r));
    return r;
}

static int open_manager(Daemon *d)
{
    _cleanup_(runtime_dir_freep) RuntimeDir *runtime = NULL;
    int r = runtime_dir_open(d->settings->runtime_directory, &runtime);

    if (r < 0) {
        journal_say(LOG_ERR, PM_MESSAGE_DAEMON_FAILED,
                    "The runtime directory %s cannot be used: %s", d->settings->runtime_directory,
                    strerror(-r));
        return r;
    }
    return manager_new(d->event, d->bus, &runtime, d->settings, &d->manager);
}

static int open_http(Daemon *d)
{
    const Settings *s = d->settings;
    const HttpSettings http = {
            .connections_max = s->connections_max,
            .waiting_max = s->waiting_max,
            .idle_timeout_usec = s->idle_timeout_usec,
            .request_timeout_usec = s->request_timeout_usec,
            .wait_timeout_usec = s->wait_timeout_usec,
            .token = d->token,
    };
    Error error = {.code = PM_ERROR_NONE};
    int r;

    d->activated = sd_listen_fds(0) > 0;
    r = http_server_new(d->event, d->manager, &http, &d->http);

    if (r >= 0)
        r = listen_all(d->http, s->listen, s->runtime_directory, d->token != NULL, &error);
    if (r < 0)
        journal_say(LOG_ERR, PM_MESSAGE_DAEMON_FAILED, "HTTP cannot be served: %s",
                    error_is_set(&error) ? error.text : strerror(-r));
    return r;
}

/* Returns 0, -EINVAL for a configuration that cannot be used, or negative errno. */
static int daemon_open(Daemon *d)
{
    /* First, as a SIGHUP or SIGTERM that comes before it has a handler ends us without a word. */
    int r = open_loop(d);

    if (r >= 0)
        r = token_load(&d->token);
    if (r >= 0)
        r = configuration_load(d->options, d->token != NULL, &d->settings);
    if (r < 0)
        return r;
    configuration_apply_to_log(d->settings);
    (void)umask(0022);
    r = open_bus(d);
    if (r >= 0)
        r = open_manager(d);
    if (r >= 0)
        r = open_http(d);
    if (r >= 0)
        r = dbus_server_new(d->bus, d->manager, d->options->user_mode, &d->dbus);
    if (r < 0)
        return r;
    d->listener = (ManagerListener){
            .pool_added = on_pool,
            .pool_changed = on_pool,
            .pool_removed = on_pool,
            .runtime_renewed = on_runtime_renewed,
            .userdata = d,
    };
    r = manager_add_listener(d->manager, &d->listener);
    return r < 0 ? r : manager_start(d->manager, on_recovered, d);
}

static void daemon_close(Daemon *d)
{
    http_server_free(d->http);
    dbus_server_free(d->dbus);
    manager_free(d->manager);
    /* Without that what was sent last, answers included, could be lost. */
    sd_bus_flush_close_unref(d->bus);
    sd_event_source_disable_unref(d->status_timer);
    sd_event_unref(d->event);
    settings_free(d->settings);
    free(d->token);
}

int daemon_run(const Options *options)
{
    Daemon d = {.options = options};
    int r = daemon_open(&d);
    int status = EXIT_SUCCESS;

    if (r == -EINVAL) {
        status = EXIT_CONFIG;
    } else if (r < 0) {
        journal_say(LOG_ERR, PM_MESSAGE_DAEMON_FAILED, "pool-managerd cannot start: %s",
                    strerror(-r));
        status = EXIT_FAILURE;
    } else {
        r = sd_event_loop(d.event);
        status = r < 0 ? EXIT_FAILURE : r;
        if (r < 0)
            journal_say(LOG_ERR, PM_MESSAGE_DAEMON_FAILED, "Ending because of: %s", strerror(-r));
    }
    daemon_close(&d);
    journal_close();
    /* The journal finds out what unit a line is of by looking at its process, which must be there
     * then: else "journalctl -u" and "systemctl status" would not show why it ended. */
    if (status != EXIT_SUCCESS)
        (void)journal_synchronize(JOURNAL_SOCKET, LAST_WORDS_USEC);
    return status;
}

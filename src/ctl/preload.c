/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <poolmgr/names.h>
#include <signal.h>
#include <systemd/sd-event.h>

#include "ctl/client.h"
#include "ctl/engine_output.h"
#include "ctl/preload_file.h"
#include "ctl/preload_progress.h"
#include "ctl/report.h"
#include "ctl/verbs.h"

enum {
    OUTPUT_LINES = 10,
    EXIT_INTERRUPTED = 130,
};

#define REDRAW_USEC     ((uint64_t)200 * 1000)
#define LATE_LINES_USEC ((uint64_t)300 * 1000)

typedef struct Preload {
    const Options *options;
    const char *pool_id;
    sd_bus *bus;
    sd_event *event;
    Progress progress;
    char *path; /* of the pool's object */
    int status;
} Preload;

static void preload_end(Preload *p, int status)
{
    p->status = status;
    (void)sd_event_exit(p->event, 0);
}

static const char *user_option(const Preload *p)
{
    return p->options->user ? " --user" : "";
}

static void print_output_hint(const Preload *p)
{
    OutputQuery query = {.pool_id = p->pool_id,
                         .generation = p->progress.generation,
                         .lines = OUTPUT_LINES,
                         .patience_usec = LATE_LINES_USEC,
                         .user = p->options->user};

    if (query.generation == 0 || query.generation == UINT64_MAX)
        return; /* nothing was started */
    (void)engine_output_print(&query, stderr, NULL, NULL);
    if (p->progress.unit[0])
        report_note("all of it: journalctl%s -u '%s'", user_option(p), p->progress.unit);
}

static void preload_failed(Preload *p, const Error *error)
{
    int status = report_error(p->options, error, p->pool_id);

    /* A preload that was refused has started nothing. */
    if (error->code == PM_ERROR_PRELOAD_FAILED && p->options->json == JSON_OFF)
        print_output_hint(p);
    preload_end(p, status);
}

static void print_warnings(json_object *answer)
{
    json_object *warnings = NULL;

    if (!json_object_object_get_ex(answer, "warnings", &warnings) ||
        !json_object_is_type(warnings, json_type_array))
        return;
    for (size_t i = 0; i < json_object_array_length(warnings); i++)
        report_note("warning: %s", json_object_get_string(json_object_array_get_idx(warnings, i)));
}

/* The URL is the pool's, not the operation's; when it cannot be had any more, the line does
 * without. */
static void print_ready(const Preload *p, json_object *answer)
{
    _cleanup_json_ json_object *pool = NULL;
    const char *url = "";

    if (client_describe_pool(p->options, p->bus, p->pool_id, &pool, NULL) >= 0)
        url = status_string(pool, "url");
    printf("%s: ready%s%s, pid %" PRIu64 ", %s\n", p->pool_id, url[0] ? " at " : "", url,
           status_number(answer, "pid"), status_string(answer, "unit"));
}

static int print_answer(const Preload *p, sd_bus_message *reply, Error *error)
{
    _cleanup_json_ json_object *answer = NULL;
    const char *text;
    int r;

    r = sd_bus_message_read(reply, "s", &text);
    if (r < 0)
        return client_error(p->options, NULL, r, error);
    r = client_read_json(text, &answer, error);
    if (r < 0)
        return r;
    print_warnings(answer);
    if (p->options->json != JSON_OFF)
        return report_json(p->options, json_object_get(answer));
    print_ready(p, answer);
    return 0;
}

static int print_operation(const Preload *p, sd_bus_message *reply, Error *error)
{
    uint64_t operation;
    int r;

    r = sd_bus_message_read(reply, "t", &operation);
    if (r < 0)
        return client_error(p->options, NULL, r, error);
    if (p->options->json != JSON_OFF)
        printf("{\"pool_id\":\"%s\",\"operation\":%" PRIu64 "}\n", p->pool_id, operation);
    else
        printf("%s: is being started, operation %" PRIu64 "\n", p->pool_id, operation);
    return 0;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
    Preload *p = userdata;
    Error error = {0};

    progress_clear(&p->progress);
    p->progress.quiet = true;
    if (sd_bus_message_is_method_error(reply, NULL))
        client_error(p->options, sd_bus_message_get_error(reply), 0, &error);
    else if (p->options->wait)
        print_answer(p, reply, &error);
    else
        print_operation(p, reply, &error);
    if (error_is_set(&error))
        preload_failed(p, &error);
    else
        preload_end(p, 0);
    return 0;
}

/* What a signal says that is not as agreed is nothing to end a preload for: the line just does not
 * change. */

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Preload *p = userdata;
    const char *interface;

    if (sd_bus_message_read(m, "s", &interface) >= 0 && streq(interface, PM_POOL_INTERFACE))
        (void)progress_read(&p->progress, m);
    return 0;
}

static int on_added(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Preload *p = userdata;
    const char *path, *interface;

    if (sd_bus_message_read(m, "o", &path) < 0 || !streq(path, p->path) ||
        sd_bus_message_enter_container(m, 'a', "{sa{sv}}") < 0)
        return 0;
    while (sd_bus_message_enter_container(m, 'e', "sa{sv}") > 0) {
        if (sd_bus_message_read(m, "s", &interface) < 0)
            return 0;
        if (streq(interface, PM_POOL_INTERFACE)) {
            (void)progress_read(&p->progress, m);
            return 0;
        }
        if (sd_bus_message_skip(m, "a{sv}") < 0 || sd_bus_message_exit_container(m) < 0)
            return 0;
    }
    return 0;
}

static int on_redraw(sd_event_source *source, uint64_t usec, void *userdata)
{
    Preload *p = userdata;

    progress_draw(&p->progress);
    (void)sd_event_source_set_time_relative(source, REDRAW_USEC);
    (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    return 0;
}

static int on_interrupt(sd_event_source *source, const struct signalfd_siginfo *info,
                        void *userdata)
{
    Preload *p = userdata;

    progress_clear(&p->progress);
    report_note("the preload of %s goes on without this command; see: poolctl%s status %s",
                p->pool_id, user_option(p), p->pool_id);
    preload_end(p, EXIT_INTERRUPTED);
    return 0;
}

static int watch_pool(Preload *p)
{
    int r;

    r = sd_bus_path_encode(PM_POOL_OBJECT_PATH, p->pool_id, &p->path);
    if (r >= 0)
        r = sd_bus_match_signal_async(p->bus, NULL, PM_BUS_NAME, p->path,
                                      "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                      on_changed, NULL, p);
    if (r >= 0)
        r = sd_bus_match_signal_async(p->bus, NULL, PM_BUS_NAME, PM_OBJECT_PATH,
                                      "org.freedesktop.DBus.ObjectManager", "InterfacesAdded",
                                      on_added, NULL, p);
    return r;
}

static int attach(Preload *p)
{
    sigset_t interrupt;
    int r;

    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    if (sigprocmask(SIG_BLOCK, &interrupt, NULL) < 0)
        return -errno;
    r = sd_event_add_signal(p->event, NULL, SIGINT, on_interrupt, p);
    if (r >= 0)
        r = sd_event_add_time_relative(p->event, NULL, CLOCK_MONOTONIC, 0, 0, on_redraw, p);
    if (r >= 0)
        r = sd_bus_attach_event(p->bus, p->event, SD_EVENT_PRIORITY_NORMAL);
    return r;
}

static int send_preload(Preload *p, const char *text, Error *error)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
    int r;

    r = client_new_call(p->bus, p->options->wait ? "PreloadAndWait" : "Preload", &call, error);
    if (r < 0)
        return r;
    r = sd_bus_message_append(call, "ss", p->pool_id, text);
    if (r >= 0 && p->options->wait)
        r = watch_pool(p);
    if (r >= 0)
        r = sd_bus_call_async(p->bus, NULL, call, on_answer, p, UINT64_MAX);
    if (r >= 0)
        r = attach(p);
    return r < 0 ? client_error(p->options, NULL, r, error) : 0;
}

static int run(Preload *p, const char *text)
{
    Error error = {0};
    int r;

    r = sd_event_default(&p->event);
    if (r < 0)
        return report_errno(p->options, r);
    if (client_connect(p->options, &p->bus, &error) < 0 || send_preload(p, text, &error) < 0)
        return report_error(p->options, &error, p->pool_id);
    r = sd_event_loop(p->event);
    return r < 0 ? report_errno(p->options, r) : p->status;
}

static void preload_done(Preload *p)
{
    sd_bus_flush_close_unref(p->bus);
    sd_event_unref(p->event);
    free(p->path);
}

int verb_preload(const Options *options, char **arguments)
{
    const char *path = arguments[1] ? arguments[1] : arguments[0];
    _cleanup_free_ char *text = NULL;
    _cleanup_free_ char *pool_id = NULL;
    Preload p = {.options = options, .pool_id = arguments[1] ? arguments[0] : NULL};
    Error error = {0};
    int status;

    if (preload_file_read(path, &text, &pool_id, &error) < 0)
        return report_error(options, &error, p.pool_id);
    if (!p.pool_id)
        p.pool_id = pool_id;
    if (!p.pool_id) {
        error_set(&error, PM_ERROR_INVALID_FIELD, "pool_id",
                  "%s has no pool_id: put one there, or name the pool before the file", path);
        return report_error(options, &error, NULL);
    }
    if (client_check_pool_id(p.pool_id, &error) < 0)
        return report_error(options, &error, NULL);
    progress_init(&p.progress, p.pool_id, options->json != JSON_OFF || !options->wait);
    status = run(&p, text);
    preload_done(&p);
    return status;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/follow.h"

#include <errno.h>
#include <signal.h>

#include "base/strv.h"
#include "ctl/progress.h"
#include "ctl/report.h"

enum { EXIT_SIGNAL = 128 };

int follow_init(Follow *f, const Options *options, sd_bus *bus, const uint64_t *ids, size_t count)
{
    *f = (Follow){.options = options, .bus = bus, .ids = ids, .count = count};
    f->views = calloc(count, sizeof(json_object *));
    return f->views ? 0 : -ENOMEM;
}

void follow_done(Follow *f)
{
    for (size_t i = 0; i < f->count && f->views; i++)
        json_object_put(f->views[i]);
    sd_event_unref(f->event);
    free(f->views);
}

static bool has_ended(json_object *view)
{
    json_object *result;

    return json_object_object_get_ex(view, "result", &result);
}

int follow_result_status(json_object *result)
{
    PmErrorCode code = pm_error_from_code(status_string(result, "code"));

    return code < 0 ? 0 : pm_error_info(code)->exit_status;
}

static void note_status(Follow *f, int status)
{
    if (f->status == 0)
        f->status = status;
}

static void look(Follow *f, size_t i)
{
    json_object *view = NULL;
    Error error = {0};

    if (client_describe_operation(f->options, f->bus, f->ids[i], &view, &error) < 0) {
        note_status(f, report_error(f->options, &error, NULL));
        return;
    }
    json_object_put(f->views[i]);
    f->views[i] = view;
    if (f->wait && has_ended(view))
        note_status(f, follow_result_status(status_object(view, "result")));
}

void follow_look(Follow *f)
{
    for (size_t i = 0; i < f->count; i++)
        look(f, i);
}

static int on_ended(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Follow *f = userdata;
    uint64_t id;

    if (sd_bus_message_read(m, "t", &id) < 0)
        return 0;
    for (size_t i = 0; i < f->count; i++) {
        if (f->ids[i] != id || !f->views[i] || has_ended(f->views[i]))
            continue;
        look(f, i);
        if (--f->running == 0)
            (void)sd_event_exit(f->event, 0);
    }
    return 0;
}

/* A new daemon knows nothing of the operations of the one before. */
static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Follow *f = userdata;
    Error error = {0};

    error_set(&error, PM_ERROR_UNAVAILABLE, NULL,
              "pool-managerd went away before the operation had ended. See: systemctl %sstatus "
              "pool-managerd",
              f->options->user ? "--user " : "");
    note_status(f, report_error(f->options, &error, NULL));
    return sd_event_exit(f->event, 0);
}

static int on_interrupt(sd_event_source *source, const struct signalfd_siginfo *info,
                        void *userdata)
{
    Follow *f = userdata;

    note_status(f, EXIT_SIGNAL + (int)info->ssi_signo);
    return sd_event_exit(f->event, 0);
}

static int loop(Follow *f, Progress *progress)
{
    int r;

    r = progress_watch(progress, f->bus, true);
    if (r >= 0)
        r = sd_event_loop(f->event);
    progress_clear(progress);
    return r;
}

static void tell_phases(const Follow *f, Progress *progress)
{
    size_t n = 0;

    for (size_t i = 0; i < f->count; i++)
        if (f->views[i] && !has_ended(f->views[i]))
            progress_set_operation(progress, n++, f->ids[i], f->views[i]);
}

static int wait_for_all(Follow *f)
{
    ProgressMode mode = f->options->json == JSON_OFF ? PROGRESS_ALWAYS : PROGRESS_QUIET;
    _cleanup_(progress_freep) Progress *progress = NULL;
    _cleanup_strv_free_ char **pools = NULL;
    int r = 0;

    for (size_t i = 0; i < f->count && r >= 0; i++) {
        if (!f->views[i] || has_ended(f->views[i]))
            continue;
        f->running++;
        r = strv_extend(&pools, status_string(f->views[i], "pool_id"));
    }
    if (f->running == 0)
        return 0;
    if (r >= 0)
        r = progress_new(mode, pools, strv_length(pools), &progress);
    if (r < 0)
        return r;
    tell_phases(f, progress);
    return loop(f, progress);
}

int follow_wait(Follow *f)
{
    int r;

    f->wait = true;
    /* First: who sees how far it is may interrupt it at once. */
    r = client_loop(f->bus, &f->event);
    if (r >= 0)
        r = client_on_interrupt(f->event, on_interrupt, f);
    if (r >= 0)
        r = client_watch(f->bus, "OperationEnded", on_ended, on_owner_changed, f);
    if (r < 0)
        return r;
    follow_look(f);
    return wait_for_all(f);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <poolmgr/names.h>
#include <signal.h>

#include "base/parse.h"
#include "base/strv.h"
#include "ctl/client.h"
#include "ctl/progress.h"
#include "ctl/report.h"
#include "ctl/table.h"
#include "ctl/times.h"
#include "ctl/verbs.h"

enum { EXIT_SIGNAL = 128 };

static const TableColumn columns[] = {
        {"ID", true, SIZE_MAX},      {"KIND", false, SIZE_MAX}, {"POOL", false, 8},
        {"PHASE", false, SIZE_MAX},  {"READ", true, SIZE_MAX},  {"AGE", true, SIZE_MAX},
        {"RESULT", false, 10, true},
};

/* The operations that were named, as they are known. */
typedef struct Operations {
    const Options *options;
    sd_bus *bus;
    sd_event *event;
    uint64_t *ids;
    json_object **views; /* NULL: there is none of that id */
    size_t count;
    size_t running;
    int status;
} Operations;

static bool has_ended(json_object *view)
{
    json_object *result;

    return json_object_object_get_ex(view, "result", &result);
}

/* The exit status that belongs to how an operation ended. */
static int result_status(json_object *view)
{
    PmErrorCode code = pm_error_from_code(status_string(status_object(view, "result"), "code"));

    return code < 0 ? 0 : pm_error_info(code)->exit_status;
}

static void note_status(Operations *o, int status)
{
    if (o->status == 0)
        o->status = status;
}

static void look(Operations *o, size_t i)
{
    json_object *view = NULL;
    Error error = {0};

    if (client_describe_operation(o->options, o->bus, o->ids[i], &view, &error) < 0) {
        note_status(o, report_error(o->options, &error, NULL));
        return;
    }
    json_object_put(o->views[i]);
    o->views[i] = view;
    if (has_ended(view) && (o->options->given & VERB_OPTION_WAIT) && o->options->wait)
        note_status(o, result_status(view));
}

static int add_row(Table *table, uint64_t id, json_object *view)
{
    uint64_t percent = status_number(view, "percent");
    uint64_t started = status_number(view, "started_ms"), now = now_ms();
    const char *phase = status_string(view, "phase");
    char span[SPAN_TEXT_MAX] = "", read[24] = "";

    if (started != UINT64_MAX)
        span_format(now > started ? now - started : 0, span);
    if (percent != UINT64_MAX)
        snprintf(read, sizeof(read), "%" PRIu64 "%%", percent);
    if (table_addf(table, COLOR_NORMAL, "%" PRIu64, id) < 0 ||
        table_add(table, status_string(view, "kind"), COLOR_NORMAL) < 0 ||
        table_add(table, status_string(view, "pool_id"), COLOR_NORMAL) < 0 ||
        table_add(table, phase,
                  streq(phase, "failed") ? COLOR_RED
                  : streq(phase, "done") ? COLOR_GREEN
                                         : COLOR_YELLOW) < 0 ||
        table_add(table, read, COLOR_NORMAL) < 0 || table_add(table, span, COLOR_NORMAL) < 0)
        return -ENOMEM;
    return table_add(table, status_string(status_object(view, "result"), "error"), COLOR_NORMAL);
}

static int print_table(const Operations *o)
{
    _cleanup_(table_freep) Table *table = NULL;
    size_t rows = 0;
    int r;

    r = table_new(columns, ELEMENTSOF(columns), &table);
    for (size_t i = 0; i < o->count && r >= 0; i++) {
        if (!o->views[i])
            continue;
        r = add_row(table, o->ids[i], o->views[i]);
        rows++;
    }
    if (r >= 0 && rows > 0)
        r = table_print(table, stdout, terminal_width(stdout), o->options->legend);
    return r < 0 ? report_errno(o->options, r) : 0;
}

/* JSON: of the one that was named an object, else an array. */
static int print_json(const Operations *o)
{
    json_object *array;

    if (o->count == 1)
        return o->views[0] ? report_json(o->options, json_object_get(o->views[0])) : 0;
    array = json_object_new_array();
    for (size_t i = 0; i < o->count && array; i++)
        if (o->views[i])
            (void)json_object_array_add(array, json_object_get(o->views[i]));
    return report_json(o->options, array);
}

static int on_ended(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Operations *o = userdata;
    uint64_t id;

    if (sd_bus_message_read(m, "t", &id) < 0)
        return 0;
    for (size_t i = 0; i < o->count; i++) {
        if (o->ids[i] != id || !o->views[i] || has_ended(o->views[i]))
            continue;
        look(o, i);
        if (--o->running == 0)
            (void)sd_event_exit(o->event, 0);
    }
    return 0;
}

/* A new daemon knows nothing of the operations of the one before. */
static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Operations *o = userdata;
    Error error = {0};

    error_set(&error, PM_ERROR_UNAVAILABLE, NULL,
              "pool-managerd went away before the operation had ended. See: systemctl %sstatus "
              "pool-managerd",
              o->options->user ? "--user " : "");
    note_status(o, report_error(o->options, &error, NULL));
    return sd_event_exit(o->event, 0);
}

static int on_interrupt(sd_event_source *source, const struct signalfd_siginfo *info,
                        void *userdata)
{
    Operations *o = userdata;

    note_status(o, EXIT_SIGNAL + (int)info->ssi_signo);
    return sd_event_exit(o->event, 0);
}

static int loop(Operations *o, Progress *progress)
{
    int r;

    r = client_loop(o->bus, &o->event);
    if (r >= 0)
        r = client_on_interrupt(o->event, on_interrupt, o);
    if (r >= 0)
        r = progress_watch(progress, o->bus, true);
    if (r >= 0)
        r = sd_event_loop(o->event);
    progress_clear(progress);
    return r;
}

static void tell_phases(const Operations *o, Progress *progress)
{
    size_t n = 0;

    for (size_t i = 0; i < o->count; i++)
        if (o->views[i] && !has_ended(o->views[i]))
            progress_set_state(progress, n++, status_string(o->views[i], "phase"));
}

static int wait_for_all(Operations *o)
{
    ProgressMode mode = o->options->json == JSON_OFF ? PROGRESS_ALWAYS : PROGRESS_QUIET;
    _cleanup_(progress_freep) Progress *progress = NULL;
    _cleanup_strv_free_ char **pools = NULL;
    int r = 0;

    for (size_t i = 0; i < o->count && r >= 0; i++) {
        if (!o->views[i] || has_ended(o->views[i]))
            continue;
        o->running++;
        r = strv_extend(&pools, status_string(o->views[i], "pool_id"));
    }
    if (o->running == 0)
        return 0;
    if (r >= 0)
        r = progress_new(mode, pools, strv_length(pools), &progress);
    if (r < 0)
        return r;
    tell_phases(o, progress);
    return loop(o, progress);
}

static int show(Operations *o)
{
    bool wait = (o->options->given & VERB_OPTION_WAIT) && o->options->wait;
    Error error = {0};
    int printed;
    int r = 0;

    if (client_connect(o->options, &o->bus, &error) < 0)
        return report_error(o->options, &error, NULL);
    if (wait)
        r = client_watch(o->bus, "OperationEnded", on_ended, on_owner_changed, o);
    for (size_t i = 0; i < o->count && r >= 0; i++)
        look(o, i);
    if (r >= 0 && wait)
        r = wait_for_all(o);
    if (r < 0)
        return report_errno(o->options, r);
    printed = o->options->json == JSON_OFF ? print_table(o) : print_json(o);
    return o->status ? o->status : printed;
}

static int parse_ids(Operations *o, char *const *words, Error *error)
{
    for (size_t i = 0; i < o->count; i++)
        if (parse_u64(words[i], 1, UINT64_MAX, &o->ids[i]) < 0)
            return error_set(error, PM_ERROR_INVALID_ID, "id",
                             "%s cannot be an operation: it must be a number from 1 on", words[i]);
    return 0;
}

static int run(const Options *options, char **words)
{
    Operations o = {.options = options, .count = strv_length(words)};
    Error error = {0};
    int status;

    o.ids = calloc(o.count, sizeof(*o.ids));
    o.views = calloc(o.count, sizeof(json_object *));
    if (!o.ids || !o.views)
        status = report_errno(options, -ENOMEM);
    else if (parse_ids(&o, words, &error) < 0)
        status = report_error(options, &error, NULL);
    else
        status = show(&o);
    for (size_t i = 0; i < o.count && o.views; i++)
        json_object_put(o.views[i]);
    sd_bus_flush_close_unref(o.bus);
    sd_event_unref(o.event);
    free(o.ids);
    free(o.views);
    return status;
}

const Verb verb_operation = {
        .name = "operation",
        .synopsis = "ID...",
        .summary = "How operations are, or how they ended",
        .description =
                "Shows what --no-wait began: how far it is, or how it ended. The daemon\n"
                "remembers an operation for ten minutes after its end. With --wait it waits\n"
                "until all have ended, and the exit status is that of the first that failed.\n",
        .examples = "  poolctl operation 17\n"
                    "  poolctl operation --wait 17 18\n",
        .min_words = 1,
        .max_words = SIZE_MAX,
        .first = WORD_OTHER,
        .rest = WORD_OTHER,
        .options = VERB_OPTION_WAIT | VERB_OPTION_LEGEND,
        .run = run,
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>

#include "base/parse.h"
#include "base/strv.h"
#include "ctl/follow.h"
#include "ctl/report.h"
#include "ctl/table.h"
#include "ctl/times.h"
#include "ctl/verbs.h"

static const TableColumn columns[] = {
        {"ID", true, SIZE_MAX},      {"KIND", false, SIZE_MAX}, {"POOL", false, 8},
        {"PHASE", false, SIZE_MAX},  {"READ", true, SIZE_MAX},  {"AGE", true, SIZE_MAX},
        {"RESULT", false, 10, true},
};

static int add_row(Table *table, uint64_t id, json_object *view)
{
    uint64_t percent = status_number(view, "percent");
    uint64_t started = status_number(view, "started_ms"), now = now_ms();
    const char *phase = status_string(view, "phase");
    const char *waits_for = status_string(view, "waits_for");
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
    if (waits_for[0])
        return table_addf(table, COLOR_NORMAL, "waits for the engine of pool %s", waits_for);
    return table_add(table, status_string(status_object(view, "result"), "error"), COLOR_NORMAL);
}

static int print_table(const Follow *o)
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
static int print_json(const Follow *o)
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

static int show(Follow *o)
{
    bool wait = (o->options->given & VERB_OPTION_WAIT) && o->options->wait;
    int printed;
    int r = 0;

    if (wait)
        r = follow_wait(o);
    else
        follow_look(o);
    if (r < 0)
        return report_errno(o->options, r);
    printed = o->options->json == JSON_OFF ? print_table(o) : print_json(o);
    return o->status ? o->status : printed;
}

static int parse_ids(char *const *words, uint64_t *ids, Error *error)
{
    for (size_t i = 0; words[i]; i++)
        if (parse_u64(words[i], 1, UINT64_MAX, &ids[i]) < 0)
            return error_set(error, PM_ERROR_INVALID_ID, "id",
                             "%s cannot be an operation: it must be a number from 1 on", words[i]);
    return 0;
}

static int run(const Options *options, char **words)
{
    size_t count = strv_length(words);
    _cleanup_free_ uint64_t *ids = calloc(count, sizeof(*ids));
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_(follow_done) Follow o = {0};
    Error error = {0};

    if (!ids)
        return report_errno(options, -ENOMEM);
    if (parse_ids(words, ids, &error) < 0 || client_connect(options, &bus, &error) < 0)
        return report_error(options, &error, NULL);
    if (follow_init(&o, options, bus, ids, count) < 0)
        return report_errno(options, -ENOMEM);
    return show(&o);
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

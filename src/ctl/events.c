/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <poolmgr/names.h>
#include <signal.h>
#include <time.h>

#include "base/strv.h"
#include "ctl/client.h"
#include "ctl/event_text.h"
#include "ctl/report.h"
#include "ctl/terminal.h"
#include "ctl/times.h"
#include "ctl/verbs.h"
#include "json/encode.h"

typedef struct Event {
    uint64_t id;
    const char *type;
    const char *pool_id;
    const char *data;
    bool old; /* from the ring: when it happened is not known */
} Event;

typedef struct Following {
    const Options *options;
    char *const *pool_ids; /* empty: all */
    sd_bus *bus;
    sd_event *event;
    uint64_t last;      /* the id of the last event that was seen */
    json_object *known; /* pool -> its last status */
    int status;
} Following;

static void end(Following *f, int status)
{
    if (f->status == 0)
        f->status = status;
    (void)sd_event_exit(f->event, 0);
}

static bool is_wanted(const Following *f, const char *pool_id)
{
    return !f->pool_ids[0] || strv_contains(f->pool_ids, pool_id);
}

static int print_json(const Following *f, const Event *e, json_object *data)
{
    json_object *object = json_object_new_object();

    if (!object)
        return report_json(f->options, NULL);
    json_object_object_add(object, "id", json_object_new_uint64(e->id));
    json_object_object_add(object, "type", json_object_new_string(e->type));
    json_object_object_add(object, "pool_id", json_object_new_string(e->pool_id));
    json_object_object_add(object, "data", json_object_get(data));
    return report_json(f->options, object);
}

static void format_time(const Event *e, char *buffer, size_t size)
{
    uint64_t now = now_ms();
    time_t seconds = (time_t)(now / 1000);
    char stamp[16];
    struct tm tm;

    if (!e->old && localtime_r(&seconds, &tm) && strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm))
        (void)snprintf(buffer, size, "%s.%03u", stamp, (unsigned)(now % 1000));
    else
        (void)snprintf(buffer, size, "%-12s", "-");
}

static int print_line(const Following *f, const Event *e, json_object *data)
{
    _cleanup_free_ char *plain = NULL;
    _cleanup_free_ char *safe = NULL;
    Text text = {0};
    char stamp[32];

    event_text(e->type, json_object_object_get(f->known, e->pool_id), data, &text);
    if (text_take(&text, &plain) < 0 || !(safe = terminal_safe(plain)))
        return report_errno(f->options, -ENOMEM);
    if (!safe[0])
        return 0;
    format_time(e, stamp, sizeof(stamp));
    printf("%s%s%s %s%s%s: %s\n", terminal_color(stdout, COLOR_GREY), stamp,
           terminal_color(stdout, COLOR_NORMAL), terminal_color(stdout, COLOR_BOLD), e->pool_id,
           terminal_color(stdout, COLOR_NORMAL), safe);
    return 0;
}

static void remember(Following *f, const Event *e, json_object *data)
{
    if (streq(e->type, "pool"))
        json_object_object_add(f->known, e->pool_id, json_object_get(data));
    else if (streq(e->type, "pool_removed"))
        json_object_object_del(f->known, e->pool_id);
}

/* A signal may repeat what the ring has told already. Returns 0 or the exit status. */
static int take_event(Following *f, const Event *e)
{
    _cleanup_json_ json_object *data = NULL;
    int status = 0;

    if (e->id <= f->last)
        return 0;
    f->last = e->id;
    data = json_tokener_parse(e->data);
    if (is_wanted(f, e->pool_id))
        status = f->options->json != JSON_OFF ? print_json(f, e, data) : print_line(f, e, data);
    if (json_object_is_type(data, json_type_object))
        remember(f, e, data);
    if (fflush(stdout) != 0 && status == 0)
        status = report_errno(f->options, -errno);
    return status;
}

static int on_event(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Following *f = userdata;
    Event e = {0};
    int status;

    if (sd_bus_message_read(m, "tsss", &e.id, &e.type, &e.pool_id, &e.data) < 0)
        return 0;
    status = take_event(f, &e);
    if (status)
        end(f, status);
    return 0;
}

static int take_old(Following *f, sd_bus_message *m, size_t *ret_count)
{
    Event e = {.old = true};
    size_t count = 0;
    int status = 0;
    int r;

    r = sd_bus_message_enter_container(m, 'a', "(tsss)");
    while (r >= 0 && status == 0 &&
           (r = sd_bus_message_read(m, "(tsss)", &e.id, &e.type, &e.pool_id, &e.data)) > 0) {
        status = take_event(f, &e);
        count++;
    }
    *ret_count = count;
    return r < 0 ? report_errno(f->options, r) : status;
}

/* Events after f->last that are still kept; the daemon gives them in portions. Returns 0 or the
 * exit status. */
static int catch_up(Following *f)
{
    bool first_time = true;
    int status = 0;
    size_t count;

    do {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Error error = {0};
        const char *run_id;
        uint64_t first;

        if (client_call(f->options, f->bus, CALL_LOOK, &reply, &error, "ListEvents", "t", f->last) <
            0)
            return report_error(f->options, &error, NULL);
        if (sd_bus_message_read(reply, "st", &run_id, &first) < 0)
            return report_errno(f->options, -EBADMSG);
        if (first_time && first > f->last + 1 && f->last > 0)
            report_note("events %" PRIu64 " to %" PRIu64 " are no longer kept", f->last + 1,
                        first - 1);
        first_time = false;
        status = take_old(f, reply, &count);
    } while (status == 0 && count > 0);
    return status;
}

/* What pools are like now, so that the next event can be told as a change. */
static int learn_pools(Following *f)
{
    _cleanup_json_ json_object *pools = NULL;
    Error error = {0};

    if (client_describe_pools(f->options, f->bus, &pools, &error) < 0)
        return report_error(f->options, &error, NULL);
    for (size_t i = 0; i < json_object_array_length(pools); i++) {
        json_object *pool = json_object_array_get_idx(pools, i);

        json_object_object_add(f->known, status_string(pool, "pool_id"), json_object_get(pool));
    }
    return 0;
}

/* A new daemon counts its events anew. */
static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Following *f = userdata;
    const char *name, *old, *new;
    int status = 0;

    if (sd_bus_message_read(m, "sss", &name, &old, &new) < 0)
        return 0;
    if (!new[0]) {
        report_note("pool-managerd went away; waiting for it to come back");
        return 0;
    }
    report_note("pool-managerd is there");
    f->last = 0;
    status = catch_up(f);
    if (status)
        end(f, status);
    return 0;
}

static int on_interrupt(sd_event_source *source, const struct signalfd_siginfo *info,
                        void *userdata)
{
    end(userdata, 0);
    return 0;
}

static int watch(Following *f)
{
    int r = client_watch(f->bus, "Event", on_event, on_owner_changed, f);

    if (r >= 0)
        r = client_loop(f->bus, &f->event);
    if (r >= 0)
        r = client_on_interrupt(f->event, on_interrupt, f);
    return r;
}

/* Signals that come while the ring and the pools are read wait for the loop. */
static int follow(Following *f)
{
    bool since = f->options->since_id != UINT64_MAX;
    Error error = {0};
    int status;
    int r;

    for (char *const *id = f->pool_ids; *id; id++)
        if (client_check_pool_id(*id, &error) < 0)
            return report_error(f->options, &error, *id);
    f->known = json_object_new_object();
    if (!f->known)
        return report_errno(f->options, -ENOMEM);
    if (client_connect(f->options, &f->bus, &error) < 0)
        return report_error(f->options, &error, NULL);
    r = watch(f);
    if (r < 0)
        return report_errno(f->options, r);
    f->last = since ? f->options->since_id : 0;
    status = since ? catch_up(f) : learn_pools(f);
    if (status)
        return status;
    r = sd_event_loop(f->event);
    return r < 0 ? report_errno(f->options, r) : f->status;
}

static int run(const Options *options, char **words)
{
    Following f = {.options = options, .pool_ids = words};
    int status = follow(&f);

    sd_bus_flush_close_unref(f.bus);
    sd_event_unref(f.event);
    json_object_put(f.known);
    return status;
}

const Verb verb_events = {
        .name = "events",
        .synopsis = "[POOL...]",
        .summary = "Follow what happens to pools",
        .description =
                "Prints a line for each event, of all pools or of those that are named, until it\n"
                "is interrupted: when, which pool, what has changed. With --json each event is\n"
                "an object {id, type, pool_id, data}, on a line of its own when it is short.\n"
                "Events from before have no time of their own.\n",
        .examples = "  poolctl events chat\n"
                    "  poolctl events --since-id=0 --json=short | jq .data.state\n",
        .min_words = 0,
        .max_words = SIZE_MAX,
        .first = WORD_POOL,
        .rest = WORD_POOL,
        .options = VERB_OPTION_SINCE_ID,
        .run = run,
};

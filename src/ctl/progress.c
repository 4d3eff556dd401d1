/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/progress.h"

#include <errno.h>
#include <poolmgr/names.h>
#include <stdio.h>

#include "ctl/client.h"
#include "ctl/progress_properties.h"
#include "ctl/report.h"
#include "ctl/terminal.h"
#include "ctl/times.h"

#define REDRAW_USEC ((uint64_t)200 * 1000)

enum {
    ASKED_MAX = 16 /* pools that are asked for their load each time: more do not fit a line */
};

/* What an answer is about. */
typedef struct Watched {
    Progress *progress;
    PoolProgress *pool;
    uint64_t operation; /* 0: not known */
} Watched;

struct Progress {
    ProgressMode mode;
    bool terminal;
    bool begun; /* there may be something to draw */
    bool drawn; /* the line is there */
    uint64_t started_ms;
    sd_bus *bus;
    sd_event_source *timer;
    PoolProgress *pools;
    Watched *watched; /* one for each */
    size_t n_pools;
    bool has_operations;
};

int progress_new(ProgressMode mode, char *const *pool_ids, size_t n_pools, Progress **ret)
{
    _cleanup_(progress_freep) Progress *p = calloc(1, sizeof(*p));

    if (!p)
        return -ENOMEM;
    p->terminal = isatty(STDERR_FILENO) == 1;
    p->mode = mode == PROGRESS_TERMINAL && !p->terminal ? PROGRESS_QUIET : mode;
    p->started_ms = now_ms();
    p->n_pools = n_pools;
    p->pools = calloc(n_pools, sizeof(*p->pools));
    p->watched = calloc(n_pools, sizeof(*p->watched));
    if (!p->pools || !p->watched)
        return -ENOMEM;
    for (size_t i = 0; i < n_pools; i++) {
        pool_progress_init(&p->pools[i], pool_ids[i]);
        p->watched[i] = (Watched){.progress = p, .pool = &p->pools[i]};
    }
    *ret = TAKE_PTR(p);
    return 0;
}

Progress *progress_free(Progress *p)
{
    if (!p)
        return NULL;
    sd_event_source_disable_unref(p->timer);
    free(p->pools);
    free(p->watched);
    free(p);
    return NULL;
}

const PoolProgress *progress_at(const Progress *p, size_t i)
{
    return &p->pools[i];
}

void progress_set_ended(Progress *p, size_t i)
{
    p->pools[i].ended = true;
}

void progress_clear(Progress *p)
{
    if (!p->drawn)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    p->drawn = false;
}

static void draw(Progress *p)
{
    uint64_t now = now_ms();
    _cleanup_free_ char *plain = NULL;
    _cleanup_free_ char *safe = NULL;
    _cleanup_free_ char *line = NULL;
    Text text = {0};

    progress_text(p->pools, p->n_pools, now > p->started_ms ? now - p->started_ms : 0, &text);
    if (text_take(&text, &plain) < 0 || !plain[0])
        return;
    safe = terminal_safe(plain);
    line = safe ? text_ellipsize(safe, terminal_width(stderr) - 1) : NULL;
    if (!line)
        return;
    fprintf(stderr, "\r\033[K%s", line);
    fflush(stderr);
    p->drawn = true;
}

static void tell_phase(Progress *p, PoolProgress *pool)
{
    const char *phase = pool_progress_phase(pool);

    p->begun = true;
    if (p->terminal && p->mode != PROGRESS_QUIET)
        draw(p);
    else if (p->mode == PROGRESS_ALWAYS && !streq(phase, pool->told))
        report_note("%s: %s", pool->pool_id, phase);
    (void)snprintf(pool->told, sizeof(pool->told), "%s", phase);
}

void progress_set_operation(Progress *p, size_t i, uint64_t id, json_object *view)
{
    PoolProgress *pool = &p->pools[i];

    p->watched[i].operation = id;
    p->has_operations = true;
    pool_progress_set_operation(pool, view);
    if (!pool->staging)
        (void)snprintf(pool->state, sizeof(pool->state), "%s", status_string(view, "phase"));
    tell_phase(p, pool);
}

/*
 * What a message says that is not as agreed is nothing to end a command for: the line just does not
 * change. `m` stands at the properties.
 */
static void take_properties(Progress *p, PoolProgress *pool, sd_bus_message *m)
{
    char before[sizeof(pool->state)];

    if (pool->ended)
        return;
    memcpy(before, pool->state, sizeof(before));
    (void)progress_properties_read(pool, m);
    if (!streq(before, pool->state))
        tell_phase(p, pool);
}

static PoolProgress *find_pool(Progress *p, const char *path)
{
    _cleanup_free_ char *pool_id = NULL;

    if (sd_bus_path_decode(path, PM_POOL_OBJECT_PATH, &pool_id) <= 0)
        return NULL;
    for (size_t i = 0; i < p->n_pools; i++)
        if (streq(p->pools[i].pool_id, pool_id))
            return &p->pools[i];
    return NULL;
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Progress *p = userdata;
    PoolProgress *pool = find_pool(p, sd_bus_message_get_path(m));
    const char *interface;

    if (pool && sd_bus_message_read(m, "s", &interface) >= 0 && streq(interface, PM_POOL_INTERFACE))
        take_properties(p, pool, m);
    return 0;
}

static int on_added(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    Progress *p = userdata;
    const char *path, *interface;
    PoolProgress *pool;

    if (sd_bus_message_read(m, "o", &path) < 0 || !(pool = find_pool(p, path)) ||
        sd_bus_message_enter_container(m, 'a', "{sa{sv}}") < 0)
        return 0;
    while (sd_bus_message_enter_container(m, 'e', "sa{sv}") > 0) {
        if (sd_bus_message_read(m, "s", &interface) < 0)
            return 0;
        if (streq(interface, PM_POOL_INTERFACE)) {
            take_properties(p, pool, m);
            return 0;
        }
        if (sd_bus_message_skip(m, "a{sv}") < 0 || sd_bus_message_exit_container(m) < 0)
            return 0;
    }
    return 0;
}

static int on_properties(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    PoolProgress *pool = userdata;

    if (!sd_bus_message_is_method_error(m, NULL) && !pool->ended)
        (void)progress_properties_read(pool, m);
    return 0;
}

/* The load is not announced: it would change all the time. */
static void ask_for_load(Progress *p)
{
    size_t asked = 0;

    for (size_t i = 0; i < p->n_pools && asked < ASKED_MAX; i++) {
        PoolProgress *pool = &p->pools[i];
        _cleanup_free_ char *path = NULL;

        if (pool->ended || client_pool_path(pool->pool_id, &path) < 0)
            continue;
        asked++;
        (void)sd_bus_call_method_async(p->bus, NULL, PM_BUS_NAME, path,
                                       "org.freedesktop.DBus.Properties", "GetAll", on_properties,
                                       pool, "s", PM_POOL_INTERFACE);
    }
}

static int on_operation(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    const Watched *w = userdata;
    bool was_staging = w->pool->staging;
    _cleanup_json_ json_object *view = NULL;
    const char *text;

    if (w->pool->ended || sd_bus_message_is_method_error(m, NULL) ||
        sd_bus_message_read(m, "s", &text) < 0 || client_read_json(text, &view, NULL) < 0)
        return 0;
    pool_progress_set_operation(w->pool, view);
    if (w->pool->staging && !was_staging)
        tell_phase(w->progress, w->pool);
    return 0;
}

/* What is no state of the pool is not announced either. */
static void ask_for_operations(const Progress *p)
{
    size_t asked = 0;

    for (size_t i = 0; i < p->n_pools && asked < ASKED_MAX; i++) {
        Watched *w = &p->watched[i];

        if (w->pool->ended || w->operation == 0)
            continue;
        asked++;
        (void)sd_bus_call_method_async(p->bus, NULL, PM_BUS_NAME, PM_OBJECT_PATH,
                                       PM_MANAGER_INTERFACE, "GetOperation", on_operation, w, "t",
                                       w->operation);
    }
}

static int on_redraw(sd_event_source *source, uint64_t usec, void *userdata)
{
    Progress *p = userdata;

    if (p->begun)
        ask_for_operations(p);
    if (p->begun && p->terminal) {
        ask_for_load(p);
        draw(p);
    }
    (void)sd_event_source_set_time_relative(source, REDRAW_USEC);
    (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    return 0;
}

int progress_watch(Progress *p, sd_bus *bus, bool at_once)
{
    int r;

    if (p->mode == PROGRESS_QUIET)
        return 0;
    p->bus = bus;
    p->begun = at_once;
    r = sd_bus_add_match_async(
            bus, NULL,
            "type='signal',sender='" PM_BUS_NAME "',interface='org.freedesktop.DBus.Properties',"
            "member='PropertiesChanged',path_namespace='" PM_POOL_OBJECT_PATH "'",
            on_changed, NULL, p);
    if (r >= 0)
        r = sd_bus_match_signal_async(bus, NULL, PM_BUS_NAME, PM_OBJECT_PATH,
                                      "org.freedesktop.DBus.ObjectManager", "InterfacesAdded",
                                      on_added, NULL, p);
    if (r >= 0 && (p->terminal || p->has_operations))
        r = sd_event_add_time_relative(sd_bus_get_event(bus), &p->timer, CLOCK_MONOTONIC,
                                       REDRAW_USEC, 0, on_redraw, p);
    return r < 0 ? r : 0;
}

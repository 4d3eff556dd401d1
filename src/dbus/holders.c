/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/holders.h"

#include <errno.h>
#include <search.h>
#include <stdio.h>

#include "base/strv.h"
#include "dbus/server.h"

#define BUS_DRIVER "org.freedesktop.DBus"
#define NAMES_THAT_GO                                                     \
    "type='signal',sender='" BUS_DRIVER "',path='/org/freedesktop/DBus'," \
    "interface='" BUS_DRIVER "',member='NameOwnerChanged',arg2=''"

enum {
    BUS_NAME_MAX = 255, /* D-Bus Specification */
    HOLDER_MAX = SD_ID128_STRING_MAX + 1 + BUS_NAME_MAX,
};

struct Holders {
    DbusServer *server;
    sd_bus_slot *match_slot;
    sd_bus_slot *names_slot;
    void *names; /* of the connections that may hold leases, tsearch(3) */
};

static int name_compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* How the connection is known to the leases that it holds, over buses and daemons. */
static int holder_format(const Holders *h, const char *name, char buffer[static HOLDER_MAX + 1])
{
    char id[SD_ID128_STRING_MAX];
    sd_id128_t bus_id;
    int r;

    r = sd_bus_get_bus_id(h->server->bus, &bus_id);
    if (r < 0)
        return r;
    (void)snprintf(buffer, HOLDER_MAX + 1, "%s/%.*s", sd_id128_to_string(bus_id, id), BUS_NAME_MAX,
                   name);
    return 0;
}

static int name_add(Holders *h, const char *name)
{
    char *copy = strdup(name);
    char **place = copy ? tsearch(copy, &h->names, name_compare) : NULL;

    if (!place || *place != copy)
        free(copy);
    return place ? 0 : -ENOMEM;
}

/* Ends the leases of a connection that is gone. */
static void name_gone(Holders *h, const char *name)
{
    char holder[HOLDER_MAX + 1];
    char **place = tfind(name, &h->names, name_compare);
    char *own;

    if (!place)
        return;
    own = *place;
    if (holder_format(h, own, holder) >= 0)
        manager_release_holder(h->server->manager, holder);
    tdelete(own, &h->names, name_compare);
    free(own);
}

static int on_name_gone(sd_bus_message *signal, void *userdata, sd_bus_error *ret_error)
{
    Holders *h = userdata;
    const char *name;

    if (!streq_ptr(sd_bus_message_get_sender(signal), BUS_DRIVER))
        return 0;
    if (sd_bus_message_read(signal, "s", &name) < 0 || name[0] != ':')
        return 0;
    commands_drop_caller(h->server, name);
    name_gone(h, name);
    return 0;
}

int holders_new(DbusServer *s, Holders **ret)
{
    _cleanup_(holders_freep) Holders *h = NULL;
    int r;

    h = calloc(1, sizeof(*h));
    if (!h)
        return -ENOMEM;
    h->server = s;
    /* Should the bus refuse the match, sd-bus leaves it, and so does the daemon. */
    r = sd_bus_add_match_async(s->bus, &h->match_slot, NAMES_THAT_GO, on_name_gone, NULL, h);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(h);
    return 0;
}

Holders *holders_free(Holders *h)
{
    if (!h)
        return NULL;
    sd_bus_slot_unref(h->names_slot);
    sd_bus_slot_unref(h->match_slot);
    tdestroy(h->names, free);
    free(h);
    return NULL;
}

int holders_note(Holders *h, sd_bus_message *call, char **ret_holder)
{
    const char *name = sd_bus_message_get_sender(call);
    _cleanup_free_ char *copy = NULL;
    char holder[HOLDER_MAX + 1];
    int r;

    r = holder_format(h, name, holder);
    if (r < 0)
        return r;
    copy = strdup(holder);
    r = copy ? name_add(h, name) : -ENOMEM;
    if (r < 0)
        return r;
    *ret_holder = TAKE_PTR(copy);
    return 0;
}

static const Lease *lease_find(const Pool *pool, const char *lease_id)
{
    char id[LEASE_ID_MAX + 1];

    for (const Lease *lease = pool ? pool->leases.first : NULL; lease; lease = lease->next) {
        lease_id_format(pool, lease, id);
        if (streq(id, lease_id))
            return lease;
    }
    return NULL;
}

bool holds_lease(DbusServer *s, sd_bus_message *call, const char *pool_id, const char *lease_id)
{
    const Lease *lease = lease_find(manager_get_pool(s->manager, pool_id), lease_id);
    const char *sender = sd_bus_message_get_sender(call);
    char holder[HOLDER_MAX + 1];

    return lease && lease->holder && sender && holder_format(s->holders, sender, holder) >= 0 &&
           streq(lease->holder, holder);
}

typedef struct Search {
    char **present;
    char **gone; /* those that are not among them */
    int r;
} Search;

static void find_gone(const void *node, VISIT order, void *closure)
{
    const char *const *name = node;
    Search *search = closure;

    if (search->r >= 0 && (order == postorder || order == leaf) &&
        !strv_contains(search->present, *name))
        search->r = strv_extend(&search->gone, *name);
}

static int ask_for_names(Holders *h);

/* The bus said who is there. A caller that came after it did so has not been heard yet. */
static int on_names(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
    Holders *h = userdata;
    Search search = {.present = NULL};

    search.r = sd_bus_message_read_strv(reply, &search.present);
    /* Without an answer nobody is known to be gone. */
    if (search.r >= 0)
        twalk_r(h->names, find_gone, &search);
    STRV_FOREACH (name, search.gone)
        name_gone(h, *name);
    strv_free(search.gone);
    strv_free(search.present);
    return search.r == -ENOMEM ? ask_for_names(h) : 0;
}

static int ask_for_names(Holders *h)
{
    h->names_slot = sd_bus_slot_unref(h->names_slot);
    return sd_bus_call_method_async(h->server->bus, &h->names_slot, BUS_DRIVER,
                                    "/org/freedesktop/DBus", BUS_DRIVER, "ListNames", on_names, h,
                                    "");
}

/* Sorts the holder of a recovered lease: a connection to this bus, or one that must be gone. */
static int sort_holder(Holders *h, const char *holder, const char *prefix, char ***gone)
{
    if (startswith(holder, prefix))
        return name_add(h, holder + strlen(prefix));
    return strv_contains(*gone, holder) ? 0 : strv_extend(gone, holder);
}

int holders_recover(Holders *h)
{
    const Manager *manager = h->server->manager;
    _cleanup_strv_free_ char **gone = NULL;
    char prefix[HOLDER_MAX + 1];
    int r;

    r = holder_format(h, "", prefix);
    for (size_t i = 0; r >= 0 && i < manager_count_pools(manager); i++) {
        const Pool *pool = manager_pool_at(manager, i);

        for (const Lease *l = pool->leases.first; r >= 0 && l; l = l->next)
            if (l->holder)
                r = sort_holder(h, l->holder, prefix, &gone);
    }
    if (r < 0)
        return r;
    STRV_FOREACH (holder, gone)
        manager_release_holder(h->server->manager, *holder);
    return h->names ? ask_for_names(h) : 0;
}

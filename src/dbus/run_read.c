/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>

#include "dbus/bus_reply.h"
#include "dbus/methods_run.h"
#include "dbus/server.h"

/* The methods that only look. */

enum {
    EVENTS_BYTES_MAX = 1024 * 1024 /* of JSON in one answer; whoever wants more asks again */
};

static int pool_not_found(const Command *c, Error *error)
{
    return error_set(error, PM_ERROR_POOL_NOT_FOUND, NULL, "pool %s not found", c->pool_id);
}

typedef int (*DescribeFunc)(const Manager *m, const char *pool_id, char **ret_text,
                            size_t *ret_length);

static int describe(const Command *c, DescribeFunc f, Error *error)
{
    _cleanup_free_ char *text = NULL;
    size_t length;
    int r;

    r = f(c->server->manager, c->pool_id, &text, &length);
    if (r == -ENOENT)
        return pool_not_found(c, error);
    if (r < 0)
        return r;
    bus_reply_json(c->call, text);
    return 0;
}

int run_get_health(Command *c, Error *error)
{
    return describe(c, manager_describe_health, error);
}

int run_describe_pool(Command *c, Error *error)
{
    return describe(c, manager_describe_pool, error);
}

typedef int (*DescribeAllFunc)(const Manager *m, char **ret_text, size_t *ret_length);

static int describe_all(const Command *c, DescribeAllFunc f)
{
    _cleanup_free_ char *text = NULL;
    size_t length;
    int r;

    r = f(c->server->manager, &text, &length);
    if (r < 0)
        return r;
    bus_reply_json(c->call, text);
    return 0;
}

int run_describe(Command *c, Error *error)
{
    return describe_all(c, manager_describe_pools);
}

int run_describe_configuration(Command *c, Error *error)
{
    return describe_all(c, manager_describe_configuration);
}

int run_describe_devices(Command *c, Error *error)
{
    return describe_all(c, manager_describe_devices);
}

int run_get_operation(Command *c, Error *error)
{
    uint64_t id = c->arguments[0].number;
    _cleanup_free_ char *text = NULL;
    size_t length;
    int r;

    r = manager_describe_operation(c->server->manager, id, &text, &length);
    if (r == -ENOENT)
        return error_set(error, PM_ERROR_OPERATION_NOT_FOUND, NULL,
                         "operation %" PRIu64 " not found: there was none, or it ended long ago",
                         id);
    if (r < 0)
        return r;
    bus_reply_json(c->call, text);
    return 0;
}

int run_get_pool(Command *c, Error *error)
{
    _cleanup_free_ char *path = NULL;
    int r;

    if (!manager_get_pool(c->server->manager, c->pool_id))
        return pool_not_found(c, error);
    r = pool_object_path(c->pool_id, &path);
    if (r < 0)
        return r;
    sd_bus_reply_method_return(c->call, "o", path);
    return 0;
}

static int append_pool(sd_bus_message *reply, const Pool *pool)
{
    _cleanup_free_ char *path = NULL;
    int r;

    r = pool_object_path(pool->id, &path);
    if (r < 0)
        return r;
    return sd_bus_message_append(reply, "(sso)", pool->id, pool_state_shown(pool), path);
}

int run_list_pools(Command *c, Error *error)
{
    const Manager *manager = c->server->manager;
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r;

    r = sd_bus_message_new_method_return(c->call, &reply);
    if (r >= 0)
        r = sd_bus_message_open_container(reply, 'a', "(sso)");
    for (size_t i = 0; r >= 0 && i < manager_count_pools(manager); i++)
        r = append_pool(reply, manager_pool_at(manager, i));
    if (r >= 0)
        r = sd_bus_message_close_container(reply);
    if (r < 0)
        return r;
    (void)sd_bus_message_send(reply);
    return 0;
}

/* Appends the events after that id, the oldest first; always one, when there is any. */
static int append_events(sd_bus_message *reply, const Manager *manager, uint64_t after)
{
    uint64_t first = manager_first_event(manager), last = manager_last_event(manager);
    size_t bytes = 0;
    int r = 0;

    if (after >= last)
        return 0;
    for (uint64_t id = after < first ? first : after + 1; r >= 0 && id <= last; id++) {
        ManagerEvent event;

        if (!manager_get_event(manager, id, &event))
            continue;
        if (bytes > 0 && bytes + event.length > EVENTS_BYTES_MAX)
            break;
        bytes += event.length;
        r = sd_bus_message_append(reply, "(tsss)", event.id, event.type, bus_text(event.pool_id),
                                  bus_text(event.data));
    }
    return r;
}

int run_list_events(Command *c, Error *error)
{
    const Manager *manager = c->server->manager;
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r;

    r = sd_bus_message_new_method_return(c->call, &reply);
    if (r >= 0)
        r = sd_bus_message_append(reply, "st", manager_run_id(manager),
                                  manager_first_event(manager));
    if (r >= 0)
        r = sd_bus_message_open_container(reply, 'a', "(tsss)");
    if (r >= 0)
        r = append_events(reply, manager, c->arguments[0].number);
    if (r >= 0)
        r = sd_bus_message_close_container(reply);
    if (r < 0)
        return r;
    (void)sd_bus_message_send(reply);
    return 0;
}

int run_open_logs(Command *c, Error *error)
{
    const LogQuery query = {.lines = c->arguments[0].number,
                            .generation = c->arguments[1].number,
                            .follow = c->arguments[2].boolean,
                            .json = c->arguments[3].boolean};
    _cleanup_close_ int fd = -1;
    int r;

    r = manager_open_logs(c->server->manager, c->pool_id, &query, &fd, error);
    if (r < 0)
        return r;
    /* The message holds a copy. */
    sd_bus_reply_method_return(c->call, "h", fd);
    return 0;
}

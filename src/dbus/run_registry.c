/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/strv.h"
#include "dbus/bus_reply.h"
#include "dbus/methods_run.h"
#include "dbus/server.h"
#include "json/build.h"
#include "json/encode.h"
#include "json/reader.h"
#include "json/requests.h"
#include "json/spec_fields.h"

/* The methods that change the registry at once. As everywhere, that an answer cannot be sent is no
 * error that anybody could act on. */

static void reply_new(const Command *c, bool is_new, char **warnings)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

    if (sd_bus_message_new_method_return(c->call, &reply) >= 0 &&
        sd_bus_message_append(reply, "b", (int)is_new) >= 0 &&
        sd_bus_message_append_strv(reply, warnings) >= 0)
        (void)sd_bus_message_send(reply);
}

int run_register(Command *c, Error *error)
{
    bool is_new;
    int r;

    r = manager_register(c->server->manager, c->pool_id, c->correlation_id, &is_new, error);
    if (r < 0)
        return r;
    sd_bus_reply_method_return(c->call, "b", (int)is_new);
    return 0;
}

int run_update(Command *c, Error *error)
{
    const char *patch = c->arguments[0].string;
    _cleanup_strv_free_ char **warnings = NULL;
    PoolUpdate update;
    bool is_new;
    int r;

    r = pool_update_parse(patch, strlen(patch), &update, &warnings, error);
    if (r < 0)
        return r;
    r = manager_update(c->server->manager, c->pool_id, &update, c->correlation_id, &is_new,
                       &warnings, error);
    pool_meta_done(&update.meta);
    if (r < 0)
        return r;
    reply_new(c, is_new, warnings);
    return 0;
}

int run_set_resources(Command *c, Error *error)
{
    const char *text = c->arguments[0].string;
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    _cleanup_strv_free_ char **warnings = NULL;
    ResourceUpdate update;
    int r;

    r = resources_update_parse(text, strlen(text), &update, &warnings, error);
    if (r < 0)
        return r;
    r = manager_set_resources(c->server->manager, c->pool_id, &update, c->correlation_id, error);
    if (r < 0)
        return r;
    if (sd_bus_message_new_method_return(c->call, &reply) >= 0 &&
        sd_bus_message_append_strv(reply, warnings) >= 0)
        (void)sd_bus_message_send(reply);
    return 0;
}

int run_register_handoff(Command *c, Error *error)
{
    const char *text = c->arguments[0].string;
    _cleanup_(handoff_freep) Handoff *handoff = NULL;
    _cleanup_strv_free_ char **warnings = NULL;
    bool is_new;
    int r;

    r = handoff_parse(text, strlen(text), c->pool_id, &handoff, &warnings, error);
    if (r < 0)
        return r;
    r = manager_register_handoff(c->server->manager, &handoff, c->correlation_id, &is_new, error);
    if (r < 0)
        return r;
    reply_new(c, is_new, warnings);
    return 0;
}

/* What HTTP takes as a body comes as arguments here. It goes through the same reader, for the same
 * bounds and the same errors. */

static int heartbeat_time(uint64_t timestamp_ms, uint64_t *ret, Error *error)
{
    _cleanup_free_ char *text = NULL;
    size_t length;
    Builder body;
    int r;

    builder_init(&body);
    builder_add_number(&body, "timestamp_ms", timestamp_ms);
    r = json_text(builder_take(&body), false, &text, &length);
    return r < 0 ? r : heartbeat_parse(text, length, ret, NULL, error);
}

int run_heartbeat(Command *c, Error *error)
{
    uint64_t timestamp_ms, recorded_ms;
    int r;

    r = heartbeat_time(c->arguments[0].number, &timestamp_ms, error);
    if (r < 0)
        return r;
    r = manager_heartbeat(c->server->manager, c->pool_id, timestamp_ms, &recorded_ms, error);
    if (r < 0)
        return r;
    sd_bus_reply_method_return(c->call, "t", recorded_ms);
    return 0;
}

int run_reset_breaker(Command *c, Error *error)
{
    int r = manager_reset_breaker(c->server->manager, c->pool_id, c->correlation_id, error);

    if (r < 0)
        return r;
    sd_bus_reply_method_return(c->call, "");
    return 0;
}

int run_allow_restart(Command *c, Error *error)
{
    int r = manager_allow_restart(c->server->manager, c->pool_id, c->correlation_id, error);

    if (r < 0)
        return r;
    sd_bus_reply_method_return(c->call, "");
    return 0;
}

static int lease_body(const Command *c, LeaseBody *ret, Error *error)
{
    const char *owner = c->arguments[0].string;
    _cleanup_free_ char *text = NULL;
    size_t length;
    Builder body;
    int r;

    builder_init(&body);
    builder_add_string(&body, "owner", owner[0] ? owner : NULL);
    builder_add_number(&body, "ttl_ms", c->arguments[1].number);
    r = json_text(builder_take(&body), false, &text, &length);
    return r < 0 ? r : lease_body_parse(text, length, ret, NULL, error);
}

int run_acquire_lease(Command *c, Error *error)
{
    _cleanup_free_ char *holder = NULL;
    LeaseRequest request;
    LeaseGrant grant;
    LeaseBody body;
    int r;

    r = lease_body(c, &body, error);
    if (r < 0)
        return r;
    r = holders_note(c->server->holders, c->call, &holder);
    if (r >= 0) {
        request = (LeaseRequest){.owner = body.owner,
                                 .holder = holder,
                                 .ttl_ms = body.ttl_ms,
                                 .enforce_slots = c->arguments[2].boolean};
        r = manager_acquire_lease(c->server->manager, c->pool_id, &request, &grant, error);
    }
    lease_body_done(&body);
    if (r < 0)
        return r;
    sd_bus_reply_method_return(c->call, "stt", grant.id, grant.active_leases, grant.generation);
    return 0;
}

int run_release_lease(Command *c, Error *error)
{
    uint64_t active;
    int r;

    r = manager_release_lease(c->server->manager, c->pool_id, c->arguments[0].string, &active,
                              error);
    if (r < 0)
        return r;
    sd_bus_reply_method_return(c->call, "t", active);
    return 0;
}

int run_release_anonymous_lease(Command *c, Error *error)
{
    uint64_t active;
    int r;

    r = manager_release_anonymous_lease(c->server->manager, c->pool_id, &active, error);
    if (r < 0)
        return r;
    sd_bus_reply_method_return(c->call, "t", active);
    return 0;
}

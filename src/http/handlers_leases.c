/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/handlers.h"
#include "http/warned.h"
#include "json/encode.h"
#include "json/requests.h"

void handle_lease(HttpRequest *request)
{
    const Parameters *p = &request->parameters;
    _cleanup_strv_free_ char **warnings = NULL;
    Error error = {.code = PM_ERROR_NONE};
    LeaseBody body;
    LeaseGrant grant;
    int r = lease_body_parse(request->body.data, request->body.length, &body, &warnings, &error);

    if (r >= 0) {
        const LeaseRequest wanted = {
                .owner = body.owner, .ttl_ms = body.ttl_ms, .enforce_slots = p->enforce_slots};

        r = manager_acquire_lease(request->server->manager, p->pool_id, &wanted, &grant, &error);
        lease_body_done(&body);
    }
    if (r < 0)
        answer_failure(request, r, &error);
    else
        answer_json(request, MHD_HTTP_CREATED,
                    json_lease_answer(grant.id, grant.active_leases, grant.generation, warnings));
}

void handle_release(HttpRequest *request)
{
    const Parameters *p = &request->parameters;
    Error error = {.code = PM_ERROR_NONE};
    uint64_t active = 0;
    int r = manager_release_lease(request->server->manager, p->pool_id, p->lease_id, &active,
                                  &error);

    if (r < 0)
        answer_failure(request, r, &error);
    else
        answer_json(request, MHD_HTTP_OK, json_active_leases(active));
}

void handle_release_anonymous(HttpRequest *request)
{
    Error error = {.code = PM_ERROR_NONE};
    uint64_t active = 0;
    int r = empty_body_parse(request->body.data, request->body.length, NULL, &error);

    if (r >= 0)
        r = manager_release_anonymous_lease(request->server->manager, request->parameters.pool_id,
                                            &active, &error);
    if (r < 0)
        answer_failure(request, r, &error);
    else
        answer_json(request, MHD_HTTP_OK, json_active_leases(active));
}

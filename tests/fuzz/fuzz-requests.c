/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/device_mask.h"
#include "fuzz.h"
#include "json/requests.h"
#include "json/spec_fields.h"

/* The bodies of the smaller requests. The first byte says which one. */

static const char *text;
static size_t length;
static char **warnings;
static Error error;

static bool is_mask(const char *mask)
{
    DeviceMask parsed;

    return !mask || device_mask_parse(mask, "device_mask", &parsed, NULL) == 0;
}

static void read_update(void)
{
    PoolUpdate update = {0};

    if (!fuzz_accepted_body(pool_update_parse(text, length, &update, &warnings, &error), &error))
        return;
    REQUIRE(is_mask(update.meta.device_mask));
    pool_meta_done(&update.meta);
}

static void read_lease(void)
{
    LeaseBody body = {0};

    if (!fuzz_accepted_body(lease_body_parse(text, length, &body, &warnings, &error), &error))
        return;
    REQUIRE(body.ttl_ms > 0);
    REQUIRE(!body.owner || strlen(body.owner) <= PM_LEASE_OWNER_MAX);
    lease_body_done(&body);
}

static void read_heartbeat(void)
{
    uint64_t ms;

    (void)fuzz_accepted_body(heartbeat_parse(text, length, &ms, &warnings, &error), &error);
}

static void read_drain(void)
{
    uint64_t ms;

    if (fuzz_accepted_body(drain_parse(text, length, &ms, &warnings, &error), &error))
        REQUIRE(ms <= DRAIN_MS_MAX || ms == SPEC_UNSET);
}

static void read_reload(const char *pool_id)
{
    ReloadRequest *request = NULL;
    uint64_t deadline_ms;

    if (!fuzz_accepted_body(
                reload_parse(text, length, pool_id, &request, &deadline_ms, &warnings, &error),
                &error))
        return;
    REQUIRE(request->model_ref && request->model_ref[0]);
    REQUIRE(deadline_ms <= DRAIN_MS_MAX || deadline_ms == SPEC_UNSET);
    REQUIRE(!request->spec || streq(request->spec->pool_id, pool_id));
    reload_request_free(request);
}

static void read_resources(void)
{
    ResourceUpdate update = {0};
    bool any = false;

    if (!fuzz_accepted_body(resources_update_parse(text, length, &update, &warnings, &error),
                            &error))
        return;
    for (int i = 0; i < RESOURCE_MAX; i++) {
        any |= update.given[i];
        REQUIRE(!update.given[i] || update.values[i] > 0);
    }
    REQUIRE(any);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char which = (char)fuzz_take(&data, &size);
    _cleanup_free_ char *bytes = fuzz_bytes(data, size);

    text = bytes;
    length = size;
    error = (Error){0};
    if (which == 'u')
        read_update();
    else if (which == 'l')
        read_lease();
    else if (which == 'h')
        read_heartbeat();
    else if (which == 'd')
        read_drain();
    else if (which == 'r')
        read_reload("p1");
    else if (which == 'm')
        read_resources();
    else
        (void)fuzz_accepted_body(empty_body_parse(text, length, &warnings, &error), &error);
    REQUIRE(strv_length(warnings) <= PM_WARNINGS_MAX + 1);
    warnings = strv_free(warnings);
    return 0;
}

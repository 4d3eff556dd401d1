/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/device_mask.h"
#include "fuzz.h"
#include "json/pool_fields.h"
#include "json/reader.h"
#include "json/requests.h"

/* A handoff that somebody has dropped, or sent for a pool. */

static void require_same_again(const Handoff *handoff)
{
    _cleanup_json_ json_object *written = handoff_write(handoff), *rewritten = NULL;
    _cleanup_(handoff_freep) Handoff *again = NULL;
    Error error = {0};

    REQUIRE(written);
    if (handoff_read(written, "", &again, NULL, &error) < 0) {
        (void)fprintf(stderr, "%s: %s\n", error.field, error.text);
        abort();
    }
    rewritten = handoff_write(again);
    REQUIRE(rewritten && json_object_equal(written, rewritten));
    REQUIRE(streq(handoff->host, again->host) && handoff->port == again->port);
}

static void read_handoff(const char *text, size_t size, const char *pool_id)
{
    _cleanup_(handoff_freep) Handoff *handoff = NULL;
    _cleanup_strv_free_ char **warnings = NULL;
    DeviceMask mask;
    Error error = {0};

    if (!fuzz_accepted_body(handoff_parse(text, size, pool_id, &handoff, &warnings, &error),
                            &error))
        return;
    REQUIRE(id_is_valid(handoff->pool_id) && id_is_valid(handoff->replica_id));
    REQUIRE(!pool_id || streq(handoff->pool_id, pool_id));
    REQUIRE(handoff->port > 0 && handoff->host[0]);
    REQUIRE(handoff->managed || !handoff->device_mask ||
            device_mask_parse(handoff->device_mask, "", &mask, NULL) == 0);
    require_same_again(handoff);
}

static void read_url(const char *url)
{
    _cleanup_(handoff_freep) Handoff *handoff = NULL;
    const char *expected = NULL;
    int r;

    REQUIRE(handoff_new(&handoff) == 0);
    r = handoff_set_url(handoff, url, &expected);
    REQUIRE(r == 0 || (r == -EINVAL && expected && expected[0]));
    REQUIRE(r < 0 || (streq(handoff->url, url) && handoff->host[0] && handoff->port > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *bytes = fuzz_bytes(data, size), *text = fuzz_text(data, size);

    read_url(text);
    read_handoff(bytes, size, NULL);
    read_handoff(bytes, size, "p1");
    return 0;
}

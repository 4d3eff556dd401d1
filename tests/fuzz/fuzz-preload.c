/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/device_mask.h"
#include "fuzz.h"
#include "json/build.h"
#include "json/encode.h"
#include "json/prepared_engine.h"
#include "json/reader.h"
#include "json/spec_fields.h"

/* The body of a preload, of a pool that the path names, or the body. */

static void require_within_bounds(const EngineSpec *spec)
{
    DeviceMask mask;

    REQUIRE(id_is_valid(spec->pool_id));
    REQUIRE(id_is_valid(spec->replica_id));
    REQUIRE(spec->port > 0);
    REQUIRE(path_is_absolute_and_plain(spec->binary_path));
    REQUIRE(!spec->device_mask || device_mask_parse(spec->device_mask, "", &mask, NULL) == 0);
}

/* What is written is read again as the same spec. */
static void require_same_again(const EngineSpec *spec)
{
    _cleanup_json_ json_object *written = spec_write(spec);
    _cleanup_spec_ EngineSpec *again = NULL;
    Error error = {0};

    REQUIRE(written);
    if (spec_read(written, "", &again, NULL, &error) < 0) {
        (void)fprintf(stderr, "%s: %s\n", error.field, error.text);
        abort();
    }
    REQUIRE(engine_spec_equal(spec, again));
}

static void read_body(const char *text, size_t size, const char *pool_id)
{
    _cleanup_spec_ EngineSpec *spec = NULL, *copy = NULL;
    _cleanup_strv_free_ char **warnings = NULL;
    Error error = {0};

    if (!fuzz_accepted_body(prepared_engine_parse(text, size, pool_id, &spec, &warnings, &error),
                            &error))
        return;
    REQUIRE(strv_length(warnings) <= PM_WARNINGS_MAX + 1);
    STRV_FOREACH (warning, warnings)
        REQUIRE(utf8_is_valid(*warning, strlen(*warning)));
    require_within_bounds(spec);
    require_same_again(spec);
    REQUIRE(engine_spec_copy(spec, &copy) == 0);
    REQUIRE(engine_spec_equal(spec, copy));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_bytes(data, size);

    read_body(text, size, NULL);
    read_body(text, size, "p1");
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "json/declaration.h"

/* A file of pools.d. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_bytes(data, size);
    _cleanup_strv_free_ char **warnings = NULL;
    Declaration declaration = {0};
    Error error = {0};

    if (!fuzz_accepted_body(declaration_parse(text, size, "p1", &declaration, &warnings, &error),
                            &error))
        return 0;
    REQUIRE(declaration.spec && streq(declaration.spec->pool_id, "p1"));
    REQUIRE(strv_length(warnings) <= PM_WARNINGS_MAX + 1);
    declaration_done(&declaration);
    return 0;
}

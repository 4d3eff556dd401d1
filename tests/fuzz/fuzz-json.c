/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "json/build.h"
#include "json/encode.h"
#include "json/reader.h"

/* Any JSON text: the strict reader that stands before all others. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_bytes(data, size), *written = NULL, *again = NULL;
    _cleanup_json_ json_object *value = NULL, *copy = NULL;
    Error error = {0};
    size_t length;

    if (!fuzz_accepted(json_read(text, size, &value, &error), &error))
        return 0;
    REQUIRE(utf8_is_valid(text, size));
    /* Null would be taken for a writer that ran out of memory. */
    if (!value)
        return 0;
    REQUIRE(json_text(json_object_get(value), false, &written, &length) == 0);
    REQUIRE(length == strlen(written));
    /* Escapes in a text that was at the limit can be longer. */
    if (length > PM_BODY_MAX)
        return 0;
    REQUIRE(json_read(written, length, &copy, &error) == 0);
    REQUIRE(json_object_equal(value, copy));
    REQUIRE(json_text(json_object_get(copy), false, &again, &length) == 0);
    REQUIRE(streq(written, again));
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "json/declared_file.h"
#include "json/encode.h"
#include "json/pool_memory.h"
#include "json/registry_file.h"

/* The other files that a manager finds again: the pool's memory in the state directory (first byte
 * 'm'), what was applied of a declaration ('d'), the numbers of the registry ('r'). */

static char *text_of(json_object *object)
{
    char *text = NULL;
    size_t length;

    REQUIRE(json_text(object, true, &text, &length) == 0);
    return text;
}

static void read_memory(const char *text, size_t size)
{
    _cleanup_(pool_memory_freep) PoolMemory *memory = NULL, *copy = NULL;
    _cleanup_free_ char *written = NULL, *again = NULL;
    Error error = {0};

    if (!fuzz_accepted(pool_memory_parse(text, size, "p1", &memory, &error), &error))
        return;
    written = text_of(json_pool_memory(memory));
    REQUIRE(pool_memory_parse(written, strlen(written), "p1", &copy, &error) == 0);
    again = text_of(json_pool_memory(copy));
    REQUIRE(streq(written, again));
    REQUIRE(engine_spec_equal(memory->spec, copy->spec));
}

static void read_declared(const char *text, size_t size)
{
    _cleanup_(declared_record_freep) DeclaredRecord *record = NULL, *copy = NULL;
    _cleanup_free_ char *written = NULL, *again = NULL;
    Error error = {0};

    if (!fuzz_accepted(declared_record_parse(text, size, "p1", &record, &error), &error))
        return;
    written = text_of(json_declared_record(record));
    REQUIRE(declared_record_parse(written, strlen(written), "p1", &copy, &error) == 0);
    again = text_of(json_declared_record(copy));
    REQUIRE(streq(written, again));
    REQUIRE(engine_spec_equal(record->applied.spec, copy->applied.spec));
}

static void read_registry(const char *text, size_t size)
{
    RegistryNumbers numbers, copy;
    _cleanup_free_ char *written = NULL;
    Error error = {0};

    if (!fuzz_accepted(registry_file_parse(text, size, &numbers, &error), &error))
        return;
    written = text_of(json_registry_file(&numbers));
    REQUIRE(registry_file_parse(written, strlen(written), &copy, &error) == 0);
    REQUIRE(numbers.generation_floor == copy.generation_floor);
    REQUIRE(numbers.operation_floor == copy.operation_floor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char which = (char)fuzz_take(&data, &size);
    _cleanup_free_ char *text = fuzz_bytes(data, size);

    if (which == 'm')
        read_memory(text, size);
    else if (which == 'd')
        read_declared(text, size);
    else if (which == 'r')
        read_registry(text, size);
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "json/encode.h"
#include "json/leases_file.h"
#include "json/state_file.h"

/* The state file of the pool "p1", and behind the first newline that stands twice the file of its
 * leases. What was accepted is written as something that is read as the same. */

static char *state_text(const Pool *pool)
{
    char *text = NULL;
    size_t length;

    REQUIRE(json_text(json_state_file(pool), true, &text, &length) == 0);
    return text;
}

static char *leases_text(const Pool *pool)
{
    char *text = NULL;
    size_t length;

    REQUIRE(json_text(json_leases_file(pool), true, &text, &length) == 0);
    return text;
}

static void require_same_again(const Pool *pool)
{
    _cleanup_free_ char *text = state_text(pool), *again = NULL;
    _cleanup_(pool_freep) Pool *copy = NULL;
    Error error = {0};

    if (strlen(text) > PM_BODY_MAX)
        return;
    if (state_file_parse(text, strlen(text), "p1", &copy, &error) < 0) {
        (void)fprintf(stderr, "%s: %s\n%s", error.field, error.text, text);
        abort();
    }
    again = state_text(copy);
    if (!streq(text, again)) {
        (void)fprintf(stderr, "%s\n%s\n", text, again);
        abort();
    }
}

static void require_leases(const LeaseList *list)
{
    uint64_t count = 0, number = 0;

    for (const Lease *lease = list->first; lease; lease = lease->next) {
        REQUIRE(lease->number > number);
        number = lease->number;
        count++;
    }
    REQUIRE(count == list->count && count <= PM_LEASES_MAX);
    REQUIRE(number <= list->last_number);
}

static void read_leases(const char *text, size_t length, Pool *pool)
{
    _cleanup_free_ char *written = NULL, *again = NULL;
    Error error = {0};

    if (!fuzz_accepted(leases_file_parse(text, length, pool, &error), &error)) {
        REQUIRE(!pool->leases.first && (!pool->beside || !pool->beside->leases.first));
        return;
    }
    require_leases(&pool->leases);
    if (pool->beside)
        require_leases(&pool->beside->leases);
    written = leases_text(pool);
    lease_begin_generation(pool);
    if (pool->beside)
        lease_begin_generation(pool->beside);
    if (leases_file_parse(written, strlen(written), pool, &error) < 0) {
        (void)fprintf(stderr, "%s: %s\n%s", error.field, error.text, written);
        abort();
    }
    again = leases_text(pool);
    REQUIRE(streq(written, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memmem(data, size, "\n\n", 2);
    size_t first = end ? (size_t)(end - data) : size, rest = size - first;
    _cleanup_free_ char *text = fuzz_bytes(data, first), *leases = fuzz_bytes(data + first, rest);
    _cleanup_(pool_freep) Pool *pool = NULL;
    Error error = {0};

    if (!fuzz_accepted(state_file_parse(text, first, "p1", &pool, &error), &error))
        return 0;
    require_same_again(pool);
    read_leases(leases, rest, pool);
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/thorough.h"
#include "support.h"

#include <errno.h>

#include "../base/alloc-fixture.h"
#include "json/encode.h"
#include "json/leases_file.h"
#include "json/reader.h"

/* Pool p1 at that generation, without leases. */
static Pool *pool_at(uint64_t generation)
{
    Pool *pool = NULL;

    assert_int_equal(pool_new("p1", &pool), 0);
    pool->generation = generation;
    return pool;
}

static void add(Pool *pool, const char *owner, const char *holder, usec_t expires)
{
    Lease *lease = calloc(1, sizeof(Lease));

    assert_non_null(lease);
    lease->number = pool->leases.last_number + 1;
    lease->owner = owner ? strdup(owner) : NULL;
    lease->holder = holder ? strdup(holder) : NULL;
    lease->expires = expires;
    lease_append(pool, lease);
}

/* One of each kind, with a gap in the numbers, and the youngest released already. */
static Pool *full_pool(void)
{
    Pool *pool = pool_at(7);

    add(pool, NULL, NULL, USEC_INFINITY);
    add(pool, "released", NULL, USEC_INFINITY);
    add(pool, "me \"\xc3\xa9\"", ":1.4711", 123456789);
    add(pool, NULL, ":1.2", USEC_INFINITY);
    add(pool, "somebody", NULL, 0);
    add(pool, NULL, NULL, INT64_MAX);
    add(pool, "released", NULL, USEC_INFINITY);
    assert_true(lease_release(pool, "7.2"));
    assert_true(lease_release(pool, "7.7"));
    return pool;
}

static char *text_of(const Pool *pool)
{
    char *text = NULL;
    size_t length;

    assert_int_equal(json_text(json_leases_file(pool), false, &text, &length), 0);
    return text;
}

static void assert_same(const Pool *a, const Pool *b)
{
    const Lease *x = a->leases.first, *y = b->leases.first;

    assert_int_equal(a->leases.count, b->leases.count);
    assert_int_equal(a->leases.last_number, b->leases.last_number);
    for (; x && y; x = x->next, y = y->next) {
        assert_int_equal(x->number, y->number);
        assert_true(streq_ptr(x->owner, y->owner));
        assert_true(streq_ptr(x->holder, y->holder));
        assert_true(x->expires == y->expires);
    }
    assert_null(x);
    assert_null(y);
}

static void assert_empty(const Pool *pool)
{
    assert_null(pool->leases.first);
    assert_null(pool->leases.last);
    assert_int_equal(pool->leases.count, 0);
    assert_int_equal(pool->leases.last_number, 0);
}

/* Takes the pool. */
static void assert_round_trip(Pool *pool)
{
    _cleanup_(pool_freep) Pool *original = pool, *copy = pool_at(pool->generation);
    _cleanup_free_ char *text = text_of(pool), *again = NULL;
    Error error = {0};

    if (leases_file_parse(text, strlen(text), copy, &error) != 0)
        fail_msg("%s\n%s", error.text, text);
    assert_same(original, copy);
    again = text_of(copy);
    assert_string_equal(text, again);
}

static void test_round_trip(void **state)
{
    Pool *none_left = full_pool();

    assert_round_trip(full_pool());
    assert_round_trip(pool_at(0));
    assert_round_trip(pool_at(INT64_MAX));
    assert_int_equal(lease_release_all(none_left), 5);
    assert_round_trip(none_left); /* the numbers go on */
}

/* As many as there can be, each as long as it can be. */
static void test_largest(void **state)
{
    char owner[PM_LEASE_OWNER_MAX + 1] = "";
    Pool *pool = pool_at(INT64_MAX);
    _cleanup_free_ char *text = NULL;

    memset(owner, 'x', PM_LEASE_OWNER_MAX);
    for (size_t i = 0; i < PM_LEASES_MAX; i++)
        add(pool, owner, ":1.2147483647", INT64_MAX);
    text = text_of(pool);
    if (strlen(text) > PM_BODY_MAX)
        fail_msg("%zu bytes, which nobody reads back", strlen(text));
    assert_round_trip(pool);
}

static void test_shape(void **state)
{
    _cleanup_(pool_freep) Pool *pool = full_pool();
    _cleanup_free_ char *text = text_of(pool);

    assert_true(startswith(text, "{\"format\":1,\"pool_id\":\"p1\",\"generation\":7,"
                                 "\"last_number\":7,\"leases\":[{\"number\":1},{\"number\":3,"
                                 "\"owner\":\"me \\\"\xc3\xa9\\\"\",\"holder\":\":1.4711\","
                                 "\"expires_mono_usec\":123456789},"));
}

/* Those of another engine are over. */
static void test_other_generation(void **state)
{
    _cleanup_(pool_freep) Pool *pool = full_pool(), *older = pool_at(6), *newer = pool_at(8);
    _cleanup_free_ char *text = text_of(pool);

    assert_int_equal(leases_file_parse(text, strlen(text), older, NULL), 0);
    assert_empty(older);
    assert_int_equal(leases_file_parse(text, strlen(text), newer, NULL), 0);
    assert_empty(newer);
}

static void test_truncated(void **state)
{
    _cleanup_(pool_freep) Pool *pool = full_pool();
    _cleanup_free_ char *text = text_of(pool);
    size_t length = strlen(text);

    for (size_t n = 0; n <= length; n += thorough_stride()) {
        _cleanup_(pool_freep) Pool *copy = pool_at(7);
        char *cut = copy_exactly(text, n);
        Error error = {0};
        int r = leases_file_parse(cut, n, copy, &error);

        free(cut);
        assert_int_equal(r, n >= length - 1 ? 0 : -EINVAL);
        assert_int_equal(error_is_set(&error), r < 0);
        if (r < 0)
            assert_empty(copy);
        else
            assert_same(pool, copy);
    }
}

/* Bits that fell over: refused with nothing added, or read; never a crash. */
static void test_damaged(void **state)
{
    _cleanup_(pool_freep) Pool *pool = full_pool();
    _cleanup_free_ char *text = text_of(pool);
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i += thorough_stride()) {
        for (int bit = 0; bit < 8; bit++) {
            _cleanup_(pool_freep) Pool *copy = pool_at(7);
            Error error = {0};
            int r;

            text[i] = (char)(text[i] ^ (1 << bit));
            r = leases_file_parse(text, length, copy, &error);
            assert_true(r == 0 || r == -EINVAL);
            assert_int_equal(error_is_set(&error), r < 0);
            if (r < 0)
                assert_empty(copy);
            text[i] = (char)(text[i] ^ (1 << bit));
        }
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *field, *part;
    } cases[] = {
            {"[]", "", "must be an object"},
            {"null", "", "must be an object"},
            {"{}", "format", "is required"},
            {"{\"format\": 2, \"pool_id\": \"p1\", \"generation\": 7, \"last_number\": 0,"
             "\"leases\": []}",
             "format", "got 2"},
            {"{\"format\": 1, \"pool_id\": \"p2\", \"generation\": 7, \"last_number\": 0,"
             "\"leases\": []}",
             "pool_id", "must be \"p1\""},
            {"{\"format\": 1, \"pool_id\": \"p1\", \"generation\": -7, \"last_number\": 0,"
             "\"leases\": []}",
             "generation", "got -7"},
            {"{\"format\": 1, \"pool_id\": \"p1\", \"generation\": 7, \"leases\": []}",
             "last_number", "is required"},
            {"{\"format\": 1, \"pool_id\": \"p1\", \"generation\": 7, \"last_number\": 0}",
             "leases", "must be an array"},
            {"{\"format\": 1, \"pool_id\": \"p1\", \"generation\": 7, \"last_number\": 0,"
             "\"leases\": {}}",
             "leases", "must be an array"},
#define ONE                                                                       \
    "{\"format\": 1, \"pool_id\": \"p1\", \"generation\": 7, \"last_number\": 2," \
    "\"leases\": [{\"number\": 2}]"
            /* What of it was read before is forgotten. */
            {ONE ", \"beside\": 5}", "beside", "must be an object"},
            {ONE ", \"beside\": " ONE "}}", "beside.generation", "not be that of the other"},
#undef ONE
    };
    static const struct {
        const char *leases, *field, *part;
    } of_leases[] = {
            {"1", "leases[0]", "must be an object"},
            {"null", "leases[0]", "must be an object"},
            {"{}", "leases[0].number", "is required"},
            {"{\"number\": 0}", "leases[0].number", "got 0"},
            {"{\"number\": 1}, {\"number\": 1}", "leases[1]", "the numbers must rise"},
            {"{\"number\": 2}, {\"number\": 1}", "leases[1]", "the numbers must rise"},
            {"{\"number\": 1}, {\"number\": 10}", "last_number",
             "must not be less than that of a lease"},
            {"{\"number\": 1, \"owner\": \"\"}", "leases[0].owner", "must not be empty"},
            {"{\"number\": 1, \"owner\": 1}", "leases[0].owner", "must be a string"},
            {"{\"number\": 1, \"owner\": \"a\\nb\"}", "leases[0].owner", "control characters"},
            {"{\"number\": 1, \"holder\": []}", "leases[0].holder", "must be a string"},
            {"{\"number\": 1, \"expires_mono_usec\": -1}", "leases[0].expires_mono_usec", "got -1"},
            {"{\"number\": 1}, {\"number\": 2, \"expires_mono_usec\": \"never\"}",
             "leases[1].expires_mono_usec", "got \"never\""},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_(pool_freep) Pool *pool = pool_at(7);
        Error error = {0};

        assert_int_equal(leases_file_parse(cases[i].text, strlen(cases[i].text), pool, &error),
                         -EINVAL);
        assert_error(cases[i].text, &error, PM_ERROR_INVALID_FIELD, cases[i].field, cases[i].part);
        assert_empty(pool);
    }
    for (size_t i = 0; i < ELEMENTSOF(of_leases); i++) {
        _cleanup_(pool_freep) Pool *pool = pool_at(7);
        Error error = {0};
        char text[512];

        (void)snprintf(text, sizeof(text),
                       "{\"format\": 1, \"pool_id\": \"p1\", \"generation\": 7,"
                       "\"last_number\": 9, \"leases\": [%s]}",
                       of_leases[i].leases);
        assert_int_equal(leases_file_parse(text, strlen(text), pool, &error), -EINVAL);
        assert_error(text, &error, PM_ERROR_INVALID_FIELD, of_leases[i].field, of_leases[i].part);
        assert_empty(pool);
    }
}

static void test_too_many(void **state)
{
    static const char start[] = "{\"format\":1,\"pool_id\":\"p1\",\"generation\":7,"
                                "\"last_number\":9999,\"leases\":[";
    _cleanup_(pool_freep) Pool *pool = pool_at(7);
    _cleanup_free_ char *text = malloc(200 * 1024);
    Error error = {0};
    size_t n;

    assert_non_null(text);
    n = (size_t)sprintf(text, "%s", start);
    for (int i = 1; i <= PM_LEASES_MAX + 1; i++)
        n += (size_t)sprintf(text + n, "%s{\"number\":%d}", i > 1 ? "," : "", i);
    n += (size_t)sprintf(text + n, "]}");
    assert_int_equal(leases_file_parse(text, n, pool, &error), -EINVAL);
    assert_error("too many", &error, PM_ERROR_INVALID_FIELD, "leases", "at most 2048 items");
    assert_empty(pool);
}

/* A later version may add members without a new format. */
static void test_unknown_members(void **state)
{
    static const char text[] =
            "{\"format\": 1, \"pool_id\": \"p1\", \"generation\": 7, \"last_number\": 3,"
            "\"colour\": 1, \"leases\": [{\"number\": 2, \"colour\": {}}]}";
    _cleanup_(pool_freep) Pool *pool = pool_at(7);

    assert_int_equal(leases_file_parse(text, strlen(text), pool, NULL), 0);
    assert_int_equal(pool->leases.count, 1);
    assert_int_equal(pool->leases.last_number, 3);
}

static void test_out_of_memory(void **state)
{
    _cleanup_(pool_freep) Pool *pool = full_pool(), *copy = pool_at(7);
    _cleanup_free_ char *text = text_of(pool);
    Error error = {0};
    int r;

    FOR_EACH_FAILED_ALLOCATION(r = leases_file_parse(text, strlen(text), copy, &error), {
        assert_int_equal(r, -ENOMEM);
        assert_int_equal(error.code, PM_ERROR_INTERNAL);
        assert_empty(copy);
    });
    assert_int_equal(r, 0);
    assert_same(pool, copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_largest),
            cmocka_unit_test(test_shape),           cmocka_unit_test(test_other_generation),
            cmocka_unit_test(test_truncated),       cmocka_unit_test(test_damaged),
            cmocka_unit_test(test_refused),         cmocka_unit_test(test_too_many),
            cmocka_unit_test(test_unknown_members), cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

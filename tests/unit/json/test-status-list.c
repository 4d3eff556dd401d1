/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support.h"

#include "json/reader.h"
#include "json/status_text.h"

static const Instant now = {.mono = 100 * USEC_PER_SEC, .real = 1700000000 * USEC_PER_SEC};

static void add(Registry *r, const char *id)
{
    Pool *pool;

    assert_int_equal(registry_ensure(r, id, &pool, NULL), 0);
}

static void add_many(Registry *r, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char id[32];

        (void)snprintf(id, sizeof(id), "p%03zu", i);
        add(r, id);
    }
}

/* The list in pieces of `size` bytes; before each but the first, `between` is called. */
static char *write_list(Registry *r, size_t size, void (*between)(Registry *r, size_t piece))
{
    PoolsCursor cursor = {.begun = false};
    Text all = {.data = NULL};
    char *text = NULL;
    bool done = false;

    for (size_t i = 0; !done; i++) {
        Text piece = {.data = NULL};

        if (i > 0 && between)
            between(r, i);
        done = json_write_pools(&piece, r, now, &cursor, size);
        assert_true(piece.length > 0);
        text_append_bytes(&all, piece.data, piece.length);
        text_done(&piece);
    }
    assert_int_equal(text_take(&all, &text), 0);
    return text;
}

static void test_no_pools(void **state)
{
    Registry r = {.count = 0};
    _cleanup_free_ char *text = write_list(&r, SIZE_MAX, NULL), *pieces = write_list(&r, 1, NULL);

    assert_string_equal(text, "[]\n");
    assert_string_equal(pieces, "[]\n");
}

/* However large the pieces are, they are the same list. */
static void test_pieces(void **state)
{
    Registry r = {.count = 0};
    _cleanup_free_ char *whole = NULL;

    add_many(&r, 20);
    whole = write_list(&r, SIZE_MAX, NULL);
    for (size_t size = 1; size < 4000; size += 61) {
        _cleanup_free_ char *text = write_list(&r, size, NULL);

        assert_string_equal(text, whole);
    }
    registry_done(&r);
}

/* A piece is not longer than it may be by more than a pool. */
static void test_size(void **state)
{
    enum { SIZE = 5000, OF_A_POOL = 1000 };
    PoolsCursor cursor = {.begun = false};
    Registry r = {.count = 0};
    Text piece = {.data = NULL};

    add_many(&r, 100);
    while (!json_write_pools(&piece, &r, now, &cursor, SIZE)) {
        assert_in_range(piece.length, SIZE, SIZE + OF_A_POOL);
        piece.length = 0;
    }
    assert_in_range(piece.length, 1, SIZE + OF_A_POOL);
    text_done(&piece);
    registry_done(&r);
}

/* The ids of the list, each with a space behind it. */
static char *ids_of(const char *text)
{
    json_object *list = json_tokener_parse(text);
    Text ids = {.data = NULL};
    char *taken = NULL;

    assert_true(json_object_is_type(list, json_type_array));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *id = json_object_object_get(json_object_array_get_idx(list, i), "pool_id");

        text_append(&ids, json_object_get_string(id));
        text_append(&ids, " ");
    }
    json_object_put(list);
    assert_int_equal(text_take(&ids, &taken), 0);
    return taken;
}

static void expect_ids(size_t n, void (*between)(Registry *r, size_t piece), const char *wanted)
{
    Registry r = {.count = 0};
    _cleanup_free_ char *text = NULL, *ids = NULL;

    add_many(&r, n);
    text = write_list(&r, strlen("[{"), between);
    ids = ids_of(text);
    assert_string_equal(ids, wanted);
    registry_done(&r);
}

static void remove_last_written(Registry *r, size_t piece)
{
    if (piece == 2)
        assert_true(registry_remove(r, "p001"));
}

static void remove_next(Registry *r, size_t piece)
{
    if (piece == 2)
        assert_true(registry_remove(r, "p002"));
}

static void remove_all(Registry *r, size_t piece)
{
    registry_done(r);
}

static void add_around(Registry *r, size_t piece)
{
    if (piece != 2)
        return;
    add(r, "a");
    add(r, "p0015");
    add(r, "z");
}

static void replace_written(Registry *r, size_t piece)
{
    if (piece != 2)
        return;
    assert_true(registry_remove(r, "p000"));
    add(r, "p000");
}

/* Pools come and go between the pieces, of one pool each. */
static void test_changes(void **state)
{
    expect_ids(4, NULL, "p000 p001 p002 p003 ");
    expect_ids(4, remove_last_written, "p000 p001 p002 p003 ");
    expect_ids(4, remove_next, "p000 p001 p003 ");
    expect_ids(4, remove_all, "p000 ");
    expect_ids(3, add_around, "p000 p001 p0015 p002 z ");
    expect_ids(3, replace_written, "p000 p001 p002 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_no_pools),
            cmocka_unit_test(test_pieces),
            cmocka_unit_test(test_size),
            cmocka_unit_test(test_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

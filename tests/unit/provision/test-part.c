/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/part.h"

#include "folder-fixture.h"

static const WebAddress address = {.key = "key", .tail = "m"};
static const Validators version = {"\"1\"", ""};
static Progress silent;

static void open_both(void **state, Cache **ret_cache, Part **ret_part)
{
    Error error = {0};

    assert_int_equal(cache_open(*state, &address, &silent, ret_cache, &error), 0);
    assert_int_equal(part_open(*ret_cache, ret_part, &error), 0);
}

static void close_both(Cache *cache, Part *part)
{
    part_free(part);
    cache_free(cache);
}

static void digest_is(Part *part, const char *content)
{
    char found[SHA256_HEX + 1], expected[SHA256_HEX + 1];

    assert_int_equal(part_sha256(part, &silent, found), 0);
    assert_int_equal(sha256_of(content, strlen(content), expected), 0);
    assert_string_equal(found, expected);
}

static void file_is(void **state, const char *name, const char *content)
{
    size_t n = 0;
    _cleanup_free_ char *found = folder_read(*state, name, &n);

    if (!content) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_string_equal(found, content);
}

/* Gone on with by a later process, whose digest is of all of it. */
static void test_goes_on(void **state)
{
    Cache *cache;
    Part *part;

    open_both(state, &cache, &part);
    assert_int_equal(part_restart(part, &version, 8), 0);
    assert_int_equal(part_append(part, "GGUF", 4), 0);
    digest_is(part, "GGUF");
    close_both(cache, part);

    open_both(state, &cache, &part);
    assert_int_equal(part_size(part), 4);
    assert_string_equal(part_record(part)->validators.etag, "\"1\"");
    assert_int_equal(part_record(part)->total, 8);
    assert_int_equal(part_append(part, "1234", 4), 0);
    digest_is(part, "GGUF1234");
    assert_int_equal(part_finish(part, "done"), 0);
    close_both(cache, part);
    file_is(state, "done", "GGUF1234");
    file_is(state, "key.part", NULL);
    file_is(state, "key.part.json", NULL);
}

static void test_restart(void **state)
{
    Cache *cache;
    Part *part;
    char start[5];

    open_both(state, &cache, &part);
    assert_int_equal(part_restart(part, &version, 8), 0);
    assert_int_equal(part_append(part, "GGUF", 4), 0);
    assert_int_equal(part_is_gguf(part, start), 1);
    assert_int_equal(part_restart(part, &(Validators){"\"2\"", ""}, RECORD_UNKNOWN), 0);
    assert_int_equal(part_size(part), 0);
    assert_int_equal(part_append(part, "\001bc", 3), 0);
    assert_int_equal(part_is_gguf(part, start), 0);
    assert_string_equal(start, ".bc");
    digest_is(part, "\001bc");
    close_both(cache, part);
    file_is(state, "key.part", "\001bc");
}

/* An empty part is no help to anybody. */
static void test_nothing(void **state)
{
    Cache *cache;
    Part *part;

    open_both(state, &cache, &part);
    assert_int_equal(part_restart(part, &version, 8), 0);
    close_both(cache, part);
    file_is(state, "key.part", NULL);
    file_is(state, "key.part.json", NULL);
}

/* After a loss of power only what was made durable is believed. */
static void test_other_boot(void **state)
{
    Cache *cache;
    Part *part;
    PartRecord record;

    open_both(state, &cache, &part);
    assert_int_equal(part_restart(part, &version, 8), 0);
    assert_int_equal(part_append(part, "GGUF", 4), 0);
    assert_int_equal(part_sync(part), 0);
    assert_int_equal(part_append(part, "12", 2), 0);
    record = *part_record(part);
    assert_int_equal(record.synced, 4);
    record.boot_id[0] = record.boot_id[0] == '0' ? '1' : '0';
    assert_int_equal(part_record_write(cache->fd, "key.part.json", &record), 0);
    close_both(cache, part);

    open_both(state, &cache, &part);
    assert_int_equal(part_size(part), 4);
    digest_is(part, "GGUF");
    close_both(cache, part);
    file_is(state, "key.part", "GGUF");
}

static void test_longer_than_the_file(void **state)
{
    Cache *cache;
    Part *part;

    open_both(state, &cache, &part);
    assert_int_equal(part_restart(part, &version, 8), 0);
    assert_int_equal(part_append(part, "GGUF", 4), 0);
    close_both(cache, part);
    folder_write(*state, "key.part", "GGUF12345", 9);

    open_both(state, &cache, &part);
    assert_int_equal(part_size(part), 0);
    close_both(cache, part);
}

/* Somebody put a link there, to have another file written to. */
static void test_link(void **state)
{
    _cleanup_(cache_freep) Cache *cache = NULL;
    Error error = {0};
    Part *part = NULL;

    folder_write(*state, "other", "precious", 8);
    assert_int_equal(cache_open(*state, &address, &silent, &cache, &error), 0);
    assert_int_equal(symlinkat("other", cache->fd, "key.part"), 0);
    assert_int_equal(part_open(cache, &part, &error), -ELOOP);
    assert_true(error_is_set(&error));
    assert_null(part);
    file_is(state, "other", "precious");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_goes_on, folder_setup, folder_teardown),
            cmocka_unit_test_setup_teardown(test_restart, folder_setup, folder_teardown),
            cmocka_unit_test_setup_teardown(test_nothing, folder_setup, folder_teardown),
            cmocka_unit_test_setup_teardown(test_other_boot, folder_setup, folder_teardown),
            cmocka_unit_test_setup_teardown(test_longer_than_the_file, folder_setup,
                                            folder_teardown),
            cmocka_unit_test_setup_teardown(test_link, folder_setup, folder_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

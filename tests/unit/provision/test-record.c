/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/record.h"

#include <errno.h>
#include <fcntl.h>

#include "folder-fixture.h"

#define DIGEST "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static const CachedRecord cached = {
        .file = "k-d-m.gguf",
        .sha256 = DIGEST,
        .size = 12345,
        .mtime_nsec = 1795255200000000001,
        .validators = {"\"1\"", "Sat, 21 Nov 2026 10:00:00 GMT"},
};

static int open_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static void test_cached(void **state)
{
    _cleanup_close_ int fd = open_folder(*state);
    CachedRecord read;

    assert_int_equal(cached_record_read(fd, "r", &read), -ENOENT);
    assert_int_equal(cached_record_write(fd, "r", &cached), 0);
    assert_int_equal(cached_record_read(fd, "r", &read), 0);
    assert_string_equal(read.file, cached.file);
    assert_string_equal(read.sha256, cached.sha256);
    assert_true(read.size == cached.size);
    assert_true(read.mtime_nsec == cached.mtime_nsec);
    assert_string_equal(read.validators.etag, cached.validators.etag);
    assert_string_equal(read.validators.last_modified, cached.validators.last_modified);
    assert_int_equal(faccessat(fd, "r.new", F_OK, 0), -1);
}

static void test_part(void **state)
{
    static const PartRecord records[] = {
            {{"", ""}, RECORD_UNKNOWN, 0, "b"},
            {{"\"1\"", ""}, 0, 0, "b"},
            {{"", "day"}, INT64_MAX, INT64_MAX, "0123456789abcdef0123456789abcdef0123"},
    };
    _cleanup_close_ int fd = open_folder(*state);

    for (size_t i = 0; i < ELEMENTSOF(records); i++) {
        PartRecord read;

        assert_int_equal(part_record_write(fd, "r", &records[i]), 0);
        assert_int_equal(part_record_read(fd, "r", &read), 0);
        assert_string_equal(read.validators.etag, records[i].validators.etag);
        assert_string_equal(read.validators.last_modified, records[i].validators.last_modified);
        assert_true(read.total == records[i].total);
        assert_true(read.synced == records[i].synced);
        assert_string_equal(read.boot_id, records[i].boot_id);
    }
}

/* Cut anywhere, or with any byte another one: never taken for something with a name elsewhere. */
static void test_damaged(void **state)
{
    _cleanup_close_ int fd = open_folder(*state);
    _cleanup_free_ char *text = NULL;
    CachedRecord read;
    size_t n = 0;

    assert_int_equal(cached_record_write(fd, "r", &cached), 0);
    text = folder_read(*state, "r", &n);
    for (size_t i = 0; i < n; i++) {
        char kept = text[i];

        folder_write(*state, "r", text, i);
        assert_int_equal(cached_record_read(fd, "r", &read), -EBADMSG);
        for (int bit = 0; bit < 8; bit++) {
            text[i] = (char)(kept ^ (1 << bit));
            folder_write(*state, "r", text, n);
            if (cached_record_read(fd, "r", &read) >= 0)
                assert_null(strchr(read.file, '/'));
        }
        text[i] = kept;
    }
}

static void test_foreign(void **state)
{
    static const char long_digest[] =
            "{\"format\":1,\"file\":\"m\",\"sha256\":\"" DIGEST "0\",\"size\":1,\"mtime_nsec\":1}";
    static const char *const texts[] = {
            "",
            long_digest,
            "{}",
            "[]",
            "null",
            "{\"format\":2}",
            "{\"format\":1,\"file\":\"../m\",\"sha256\":\"d\",\"size\":1,\"mtime_nsec\":1}",
            "{\"format\":1,\"file\":\".m\",\"sha256\":\"d\",\"size\":1,\"mtime_nsec\":1}",
            "{\"format\":1,\"file\":\"m\",\"sha256\":\"d\",\"size\":-1,\"mtime_nsec\":1}",
            "{\"format\":1,\"file\":\"m\\u000a\",\"sha256\":\"d\",\"size\":1,\"mtime_nsec\":1}",
    };
    _cleanup_close_ int fd = open_folder(*state);
    CachedRecord read;
    char *large;

    for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
        folder_write(*state, "r", texts[i], strlen(texts[i]));
        assert_int_equal(cached_record_read(fd, "r", &read), -EBADMSG);
    }
    large = calloc(1, 100000);
    assert_non_null(large);
    folder_write(*state, "r", large, 100000);
    assert_int_equal(cached_record_read(fd, "r", &read), -EBADMSG);
    free(large);
    assert_int_equal(symlinkat("elsewhere", fd, "link"), 0);
    assert_int_equal(cached_record_read(fd, "link", &read), -ELOOP);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_cached, folder_setup, folder_teardown),
            cmocka_unit_test_setup_teardown(test_part, folder_setup, folder_teardown),
            cmocka_unit_test_setup_teardown(test_damaged, folder_setup, folder_teardown),
            cmocka_unit_test_setup_teardown(test_foreign, folder_setup, folder_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

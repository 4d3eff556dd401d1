/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/file_tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../base/cmocka-all.h"
#include "base/macros.h"

typedef struct Fixture {
    char folder[64];
    char path[96];
} Fixture;

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    strcpy(f->folder, "/tmp/test-file-tail-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->path, sizeof(f->path), "%s/log", f->folder);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;

    (void)unlink(f->path);
    assert_return_code(rmdir(f->folder), errno);
    free(f);
    return 0;
}

static void add(const Fixture *f, const char *data, size_t n)
{
    _cleanup_close_ int fd = open(f->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    assert_return_code(fd, errno);
    assert_int_equal(write(fd, data, n), n);
}

static void assert_tail(const Fixture *f, uint64_t from, const char *expected)
{
    char buffer[FILE_TAIL_MAX];
    size_t length = 1;

    assert_int_equal(file_tail_read(f->path, from, buffer, &length), 0);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(buffer, expected, length);
}

static void test_whole(void **state)
{
    Fixture *f = *state;

    add(f, "", 0);
    assert_tail(f, 0, "");
    assert_int_equal(file_tail_position(f->path), 0);
    add(f, "one\ntwo\nthr", 11);
    assert_tail(f, 0, "one\ntwo\nthr");
    assert_int_equal(file_tail_position(f->path), 11);
}

/* What another engine wrote before is left out, unless the file was begun anew. */
static void test_from(void **state)
{
    Fixture *f = *state;

    add(f, "one\ntwo\n", 8);
    assert_tail(f, 4, "two\n");
    assert_tail(f, 8, "");
    assert_tail(f, 9, "one\ntwo\n");
    assert_tail(f, UINT64_MAX, "one\ntwo\n");
}

/* A line that is cut is left out. */
static void test_cut(void **state)
{
    Fixture *f = *state;
    char expected[FILE_TAIL_MAX + 1], line[16];
    unsigned i = 0;
    size_t start;

    for (size_t n = 0; n < 2 * FILE_TAIL_MAX; i++) {
        int length = snprintf(line, sizeof(line), "line %u\n", i);

        add(f, line, (size_t)length);
        n += (size_t)length;
    }
    {
        _cleanup_close_ int fd = open(f->path, O_RDONLY | O_CLOEXEC);
        off_t end = lseek(fd, 0, SEEK_END);

        assert_int_equal(pread(fd, expected, FILE_TAIL_MAX, end - FILE_TAIL_MAX), FILE_TAIL_MAX);
    }
    expected[FILE_TAIL_MAX] = '\0';
    start = strcspn(expected, "\n") + 1;
    assert_tail(f, 0, expected + start);
    assert_tail(f, 10, expected + start);
}

/* One line without an end is better than nothing. */
static void test_one_long_line(void **state)
{
    Fixture *f = *state;
    char line[FILE_TAIL_MAX + 101];

    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    add(f, line, sizeof(line) - 1);
    assert_tail(f, 0, line + 100);
}

static void test_other_kinds(void **state)
{
    Fixture *f = *state;
    char buffer[FILE_TAIL_MAX];
    size_t length;

    assert_int_equal(file_tail_read(f->path, 0, buffer, &length), -ENOENT);
    assert_int_equal(file_tail_position(f->path), 0);
    assert_return_code(mkfifo(f->path, 0600), errno);
    assert_int_equal(file_tail_read(f->path, 0, buffer, &length), -EINVAL);
    assert_int_equal(file_tail_position(f->path), 0);
    assert_return_code(unlink(f->path), errno);
    assert_return_code(symlink("/etc/passwd", f->path), errno);
    assert_int_equal(file_tail_read(f->path, 0, buffer, &length), -ELOOP);
    assert_int_equal(file_tail_read(f->folder, 0, buffer, &length), -EISDIR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
            cmocka_unit_test_setup_teardown(test_from, setup, teardown),
            cmocka_unit_test_setup_teardown(test_cut, setup, teardown),
            cmocka_unit_test_setup_teardown(test_one_long_line, setup, teardown),
            cmocka_unit_test_setup_teardown(test_other_kinds, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

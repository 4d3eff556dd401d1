/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poolmgr/limits.h>
#include <stdio.h>
#include <sys/resource.h>

#include "store/pool_files.h"

/* What was shown, one line for each file: "<pool>=<text>" or "<pool>!<errno>". */
typedef struct Shown {
    char text[1024];
    const char *refuse; /* this pool's is set aside */
    int remove_fd;      /* where all other files are removed, or -1 */
    size_t length;
} Shown;

static int take(const char *pool_id, const char *text, size_t length, int error, void *userdata)
{
    Shown *shown = userdata;
    size_t at = strlen(shown->text), room = sizeof(shown->text) - at;

    shown->length = length;
    if (text) {
        assert_int_equal(error, 0);
        assert_int_equal(text[length], '\0');
        (void)snprintf(shown->text + at, room, "%s=%.20s\n", pool_id, text);
    } else {
        assert_int_equal(length, 0);
        (void)snprintf(shown->text + at, room, "%s!%s\n", pool_id, strerrorname_np(-error));
    }
    if (shown->remove_fd >= 0) {
        (void)unlinkat(shown->remove_fd, "b.json", 0);
        (void)unlinkat(shown->remove_fd, "c.json", 0);
    }
    return shown->refuse && streq(shown->refuse, pool_id) ? -EBADMSG : 0;
}

static Shown read_all(int dir_fd, const char *refuse)
{
    Shown shown = {.refuse = refuse, .remove_fd = -1};

    assert_int_equal(pool_files_read(dir_fd, take, &shown), 0);
    return shown;
}

static void test_empty(void **state)
{
    Folder *d = *state;

    assert_string_equal(read_all(d->fd, NULL).text, "");
}

static void test_sorted_and_selected(void **state)
{
    static const char *const others[] = {".json",   "x",       "x.jso",       "x.json.bad",
                                         "-x.json", ".x.json", ".#pm-x.json", "a b.json",
                                         "x.JSON",  "json"};
    Folder *d = *state;
    char name[PM_ID_MAX + 8];

    put_file(d->fd, "b.json", "2");
    put_file(d->fd, "a.json", "1");
    put_file(d->fd, "B.json", "");
    put_file(d->fd, "a.json.json", "4");
    for (size_t i = 0; i < ELEMENTSOF(others); i++)
        put_file(d->fd, others[i], "no");
    memset(name, 'n', sizeof(name));
    (void)snprintf(name + PM_ID_MAX + 1, 6, ".json");
    put_file(d->fd, name, "id is too long");
    assert_string_equal(read_all(d->fd, NULL).text, "B=\na=1\na.json=4\nb=2\n");

    memmove(name + 1, name + 2, sizeof(name) - 2);
    put_file(d->fd, name, "longest");
    assert_non_null(strstr(read_all(d->fd, NULL).text, "=longest\n"));
}

static void test_set_aside(void **state)
{
    Folder *d = *state;

    put_file(d->fd, "a.json", "broken");
    put_file(d->fd, "a.json.bad", "an older one");
    put_file(d->fd, "b.json", "fine");
    assert_string_equal(read_all(d->fd, "a").text, "a=broken\nb=fine\n");
    assert_no_file(d->fd, "a.json");
    assert_file(d->fd, "a.json.bad", "broken");
    assert_file(d->fd, "b.json", "fine");
    assert_string_equal(read_all(d->fd, "a").text, "b=fine\n");
}

static void test_cannot_set_aside(void **state)
{
    Folder *d = *state;

    put_file(d->fd, "a.json", "broken");
    put_file(d->fd, "b.json", "fine");
    assert_return_code(mkdirat(d->fd, "a.json.bad", 0755), errno);
    assert_string_equal(read_all(d->fd, "a").text, "a=broken\nb=fine\n");
    assert_file(d->fd, "a.json", "broken");
}

static void put_large(int dir_fd, const char *name, size_t n)
{
    _cleanup_free_ char *text = malloc(n + 1);

    assert_non_null(text);
    memset(text, 'x', n);
    text[n] = '\0';
    put_file(dir_fd, name, text);
}

static void test_sizes(void **state)
{
    Folder *d = *state;
    Shown shown;
    int fd;

    put_large(d->fd, "a.json", PM_BODY_MAX);
    shown = read_all(d->fd, NULL);
    assert_string_equal(shown.text, "a=xxxxxxxxxxxxxxxxxxxx\n");
    assert_int_equal(shown.length, PM_BODY_MAX);

    put_large(d->fd, "a.json", PM_BODY_MAX + 1);
    put_file(d->fd, "b.json", "fine");
    assert_string_equal(read_all(d->fd, "a").text, "a!EFBIG\nb=fine\n");
    assert_no_file(d->fd, "a.json");
    assert_int_equal(file_mode(d->fd, "a.json.bad"), S_IFREG | 0644);

    /* A terabyte of nothing is not read either. */
    put_file(d->fd, "c.json", "");
    fd = openat(d->fd, "c.json", O_WRONLY | O_CLOEXEC);
    assert_return_code(fd, errno);
    assert_return_code(ftruncate(fd, (off_t)1 << 40), errno);
    close(fd);
    assert_string_equal(read_all(d->fd, NULL).text, "b=fine\nc!EFBIG\n");
}

/* The text is the file's, NULs included. */
static void test_nul(void **state)
{
    Folder *d = *state;
    int fd = openat(d->fd, "a.json", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    Shown shown;

    assert_int_equal(write(fd, "{}\0{}", 5), 5);
    close(fd);
    shown = read_all(d->fd, NULL);
    assert_int_equal(shown.length, 5);
}

/* None of these is waited for, followed or believed, and none keeps the others from being read. */
static void test_other_kinds(void **state)
{
    Folder *d = *state;

    assert_return_code(mkdirat(d->fd, "dir.json", 0755), errno);
    assert_return_code(mkfifoat(d->fd, "fifo.json", 0644), errno);
    assert_return_code(symlinkat("good.json", d->fd, "link.json"), errno);
    put_file(d->fd, "good.json", "1");
    assert_string_equal(read_all(d->fd, "dir").text,
                        "dir!EISDIR\nfifo!EINVAL\ngood=1\nlink!ELOOP\n");
    assert_int_equal(file_mode(d->fd, "dir.json.bad"), S_IFDIR | 0755);
}

static void test_unreadable(void **state)
{
    Folder *d = *state;
    bool is_root = geteuid() == 0;
    Shown shown;

    put_file(d->fd, "a.json", "secret");
    put_file(d->fd, "b.json", "fine");
    assert_return_code(fchmodat(d->fd, "a.json", 0, 0), errno);
    assert_return_code(fchmod(d->fd, 0755), errno);
    if (is_root)
        assert_return_code(seteuid(65534), errno);
    shown = read_all(d->fd, "a");
    if (is_root)
        assert_return_code(seteuid(0), errno);
    assert_string_equal(shown.text, "a!EACCES\nb=fine\n");
}

static void test_folder_changes_meanwhile(void **state)
{
    Folder *d = *state;
    Shown shown = {.remove_fd = d->fd};

    put_file(d->fd, "a.json", "1");
    put_file(d->fd, "b.json", "2");
    put_file(d->fd, "c.json", "3");
    put_file(d->fd, "d.json", "4");
    assert_int_equal(pool_files_read(d->fd, take, &shown), 0);
    assert_string_equal(shown.text, "a=1\nd=4\n");
}

/* Being short of descriptors says nothing about a file: it must not be set aside for that. */
static void test_no_descriptors(void **state)
{
    Folder *d = *state;
    struct rlimit saved, limit;
    Shown shown = {.refuse = "a", .remove_fd = -1};
    int r, spare;

    put_file(d->fd, "a.json", "1");
    /* Enough to list the folder is not enough to open a file in it: none at all. */
    spare = fcntl(d->fd, F_DUPFD_CLOEXEC, 0);
    assert_return_code(spare, errno);
    close(spare);
    assert_return_code(getrlimit(RLIMIT_NOFILE, &saved), errno);
    limit = saved;
    limit.rlim_cur = (rlim_t)spare;
    assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
    r = pool_files_read(d->fd, take, &shown);
    assert_return_code(setrlimit(RLIMIT_NOFILE, &saved), errno);
    assert_int_equal(r, -EMFILE);
    assert_string_equal(shown.text, "");
    assert_file(d->fd, "a.json", "1");
}

/* Takes the last descriptor while the first file is shown. */
static int use_up(const char *pool_id, const char *text, size_t length, int error, void *userdata)
{
    struct rlimit limit;
    unsigned *calls = userdata;
    int spare = dup(0);

    (*calls)++;
    close(spare);
    assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), errno);
    limit.rlim_cur = (rlim_t)spare;
    assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
    return -EBADMSG;
}

static void test_no_descriptors_later(void **state)
{
    Folder *d = *state;
    struct rlimit saved;
    unsigned calls = 0;
    int r;

    put_file(d->fd, "a.json", "1");
    put_file(d->fd, "b.json", "2");
    assert_return_code(getrlimit(RLIMIT_NOFILE, &saved), errno);
    r = pool_files_read(d->fd, use_up, &calls);
    assert_return_code(setrlimit(RLIMIT_NOFILE, &saved), errno);
    assert_int_equal(r, -EMFILE);
    assert_int_equal(calls, 1);
    assert_file(d->fd, "a.json.bad", "1");
    assert_file(d->fd, "b.json", "2");
}

static void test_no_folder(void **state)
{
    Shown shown = {.remove_fd = -1};

    assert_int_equal(pool_files_read(-1, take, &shown), -EBADF);
    assert_string_equal(shown.text, "");
}

#define FOLDER_TEST(f) cmocka_unit_test_setup_teardown(f, folder_setup, folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            FOLDER_TEST(test_empty),
            FOLDER_TEST(test_sorted_and_selected),
            FOLDER_TEST(test_set_aside),
            FOLDER_TEST(test_cannot_set_aside),
            FOLDER_TEST(test_sizes),
            FOLDER_TEST(test_nul),
            FOLDER_TEST(test_other_kinds),
            FOLDER_TEST(test_unreadable),
            FOLDER_TEST(test_folder_changes_meanwhile),
            FOLDER_TEST(test_no_descriptors),
            FOLDER_TEST(test_no_descriptors_later),
            cmocka_unit_test(test_no_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

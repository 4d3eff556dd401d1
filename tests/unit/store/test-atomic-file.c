/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>

#include "store/atomic_file.h"

enum {
    BLOCK = 256 * 1024,
};

static int replace(int dir_fd, const char *name, const char *text)
{
    return atomic_file_replace(dir_fd, name, text, strlen(text), NULL);
}

/* BLOCK bytes of `c`. */
static const char *block(char c)
{
    static char data[BLOCK + 1];

    if (data[0] != c)
        memset(data, c, BLOCK);
    return data;
}

static void test_replace(void **state)
{
    Folder *d = *state;
    mode_t saved = umask(0077);

    assert_int_equal(replace(d->fd, "a.json", "one"), 0);
    assert_file(d->fd, "a.json", "one");
    assert_int_equal(file_mode(d->fd, "a.json"), S_IFREG | 0644);

    umask(0);
    assert_int_equal(replace(d->fd, "a.json", ""), 0);
    assert_file(d->fd, "a.json", "");
    assert_int_equal(file_mode(d->fd, "a.json"), S_IFREG | 0644);

    assert_int_equal(atomic_file_replace(d->fd, "a.json", block('x'), BLOCK, NULL), 0);
    assert_file(d->fd, "a.json", block('x'));
    assert_int_equal(count_entries(d->fd), 1);
    umask(saved);
}

static void test_symlink(void **state)
{
    Folder *d = *state;

    assert_int_equal(atomic_symlink_replace(d->fd, "l", "a-r0.json"), 0);
    assert_symlink(d->fd, "l", "a-r0.json");
    assert_int_equal(atomic_symlink_replace(d->fd, "l", "b-r0.json"), 0);
    assert_symlink(d->fd, "l", "b-r0.json");
    assert_int_equal(count_entries(d->fd), 1);

    /* A fifo is nobody's work, a file may be. */
    assert_return_code(mkfifoat(d->fd, "fifo", 0644), errno);
    assert_int_equal(atomic_symlink_replace(d->fd, "fifo", "x"), 0);
    assert_symlink(d->fd, "fifo", "x");
    put_file(d->fd, "file", "precious");
    assert_int_equal(atomic_symlink_replace(d->fd, "file", "x"), -EEXIST);
    assert_file(d->fd, "file", "precious");
    assert_int_equal(count_entries(d->fd), 3);
}

/* The link is replaced, what it points to is left alone. */
static void test_planted_symlinks(void **state)
{
    Folder *d = *state;
    char name[64];

    put_file(d->fd, "victim", "precious");
    assert_return_code(symlinkat("victim", d->fd, "a.pid"), errno);
    assert_int_equal(replace(d->fd, "a.pid", "1\n"), 0);
    assert_int_equal(file_mode(d->fd, "a.pid"), S_IFREG | 0644);

    /* At the names that will be tried first, too. */
    for (unsigned i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof(name), ".#pm-b.pid.%ld.%u", (long)getpid(), i);
        assert_return_code(symlinkat("victim", d->fd, name), errno);
    }
    assert_int_equal(replace(d->fd, "b.pid", "2\n"), 0);
    assert_int_equal(file_mode(d->fd, "b.pid"), S_IFREG | 0644);
    assert_file(d->fd, "b.pid", "2\n");
    assert_file(d->fd, "victim", "precious");

    for (unsigned i = 3; i < 64; i++) {
        (void)snprintf(name, sizeof(name), ".#pm-b.pid.%ld.%u", (long)getpid(), i);
        assert_return_code(symlinkat("victim", d->fd, name), errno);
    }
    assert_int_equal(replace(d->fd, "b.pid", "3\n"), -EEXIST);
    assert_file(d->fd, "b.pid", "2\n");
    assert_file(d->fd, "victim", "precious");
}

static void test_bad_places(void **state)
{
    Folder *d = *state;
    char name[300];

    assert_return_code(mkdirat(d->fd, "folder", 0755), errno);
    assert_int_equal(replace(d->fd, "folder", "x"), -EISDIR);
    assert_int_equal(atomic_symlink_replace(d->fd, "folder", "x"), -EISDIR);
    assert_int_equal(file_mode(d->fd, "folder"), S_IFDIR | 0755);

    memset(name, 'n', sizeof(name));
    name[250] = '\0';
    assert_int_equal(replace(d->fd, name, "x"), -ENAMETOOLONG);
    assert_int_equal(replace(-1, "a", "x"), -EBADF);
    assert_int_equal(count_entries(d->fd), 1);
}

static void test_disk_full(void **state)
{
    Folder *d = *state;

    if (!mount_tmpfs(d, "64k"))
        skip();
    assert_int_equal(replace(d->fd, "a", "old"), 0);
    assert_int_equal(atomic_file_replace(d->fd, "a", block('n'), BLOCK, NULL), -ENOSPC);
    assert_file(d->fd, "a", "old");
    assert_int_equal(count_entries(d->fd), 1);
    assert_int_equal(replace(d->fd, "a", "new"), 0);
    assert_file(d->fd, "a", "new");
}

/* Fails in the middle as a full disk does, without a right to mount. */
static void test_size_limit(void **state)
{
    Folder *d = *state;
    struct rlimit saved, limit;
    int r;

    assert_int_equal(replace(d->fd, "a", "old"), 0);
    signal(SIGXFSZ, SIG_IGN);
    assert_return_code(getrlimit(RLIMIT_FSIZE, &saved), errno);
    limit = saved;
    limit.rlim_cur = 4096;
    assert_return_code(setrlimit(RLIMIT_FSIZE, &limit), errno);
    r = atomic_file_replace(d->fd, "a", block('n'), BLOCK, NULL);
    assert_return_code(setrlimit(RLIMIT_FSIZE, &saved), errno);
    signal(SIGXFSZ, SIG_DFL);

    assert_int_equal(r, -EFBIG);
    assert_file(d->fd, "a", "old");
    assert_int_equal(count_entries(d->fd), 1);
}

static void test_read_only(void **state)
{
    Folder *d = *state;
    int wanted = geteuid() == 0 ? -EROFS : -EACCES;

    assert_int_equal(replace(d->fd, "a", "old"), 0);
    if (!make_read_only(d))
        skip();
    assert_int_equal(replace(d->fd, "a", "new"), wanted);
    assert_int_equal(atomic_symlink_replace(d->fd, "a", "x"), wanted);
    assert_file(d->fd, "a", "old");
    assert_int_equal(atomic_file_sweep(d->fd), 0);
    assert_int_equal(count_entries(d->fd), 1);
}

static void test_deleted_folder(void **state)
{
    Folder *d = *state;
    int fd;

    assert_return_code(mkdirat(d->fd, "gone", 0755), errno);
    fd = openat(d->fd, "gone", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_return_code(unlinkat(d->fd, "gone", AT_REMOVEDIR), errno);
    assert_int_equal(replace(fd, "a", "x"), -ENOENT);
    assert_int_equal(atomic_symlink_replace(fd, "a", "x"), -ENOENT);
    close(fd);
}

static void test_sweep(void **state)
{
    Folder *d = *state;

    put_file(d->fd, ".#pm-a.json.4711.0", "half");
    assert_return_code(symlinkat("x", d->fd, ".#pm-engine.json.4711.1"), errno);
    assert_return_code(mkdirat(d->fd, ".#pm-folder", 0755), errno);
    put_file(d->fd, ".#other", "not ours");
    put_file(d->fd, "a.json", "whole");
    assert_int_equal(atomic_file_sweep(d->fd), 0);
    assert_no_file(d->fd, ".#pm-a.json.4711.0");
    assert_no_file(d->fd, ".#pm-engine.json.4711.1");
    assert_int_equal(file_mode(d->fd, ".#pm-folder"), S_IFDIR | 0755);
    assert_file(d->fd, ".#other", "not ours");
    assert_file(d->fd, "a.json", "whole");
    assert_int_equal(count_entries(d->fd), 3);
    assert_int_equal(atomic_file_sweep(-1), -EBADF);
}

enum {
    REPLACEMENTS = 5000,
    LENGTH = 8192,
};

/* What another process would see; ends when `stop` is set. */
typedef struct Reader {
    int dir_fd;
    atomic_bool stop;
    atomic_uint rounds;
    atomic_uint faults;
} Reader;

static bool is_whole(const char *data, ssize_t n)
{
    for (ssize_t i = 1; i < n; i++)
        if (data[i] != data[0])
            return false;
    return n == LENGTH;
}

static void *read_on(void *userdata)
{
    Reader *reader = userdata;
    char data[LENGTH + 1];

    while (!reader->stop) {
        int fd = openat(reader->dir_fd, "link", O_RDONLY | O_CLOEXEC);

        if (fd < 0 || !is_whole(data, read(fd, data, sizeof(data))))
            reader->faults++;
        if (fd >= 0)
            close(fd);
        reader->rounds++;
    }
    return NULL;
}

static void test_reader_sees_whole_files(void **state)
{
    Folder *d = *state;
    Reader reader = {.dir_fd = d->fd};
    pthread_t thread;

    assert_int_equal(atomic_file_replace(d->fd, "even", block('a'), LENGTH, NULL), 0);
    assert_int_equal(atomic_symlink_replace(d->fd, "link", "even"), 0);
    assert_int_equal(pthread_create(&thread, NULL, read_on, &reader), 0);
    for (unsigned i = 0; i < REPLACEMENTS || reader.rounds < 100; i++) {
        const char *name = i % 2 ? "odd" : "even";
        char data[LENGTH];

        memset(data, 'a' + (int)(i % 26), LENGTH);
        assert_int_equal(atomic_file_replace(d->fd, name, data, LENGTH, NULL), 0);
        assert_int_equal(atomic_symlink_replace(d->fd, "link", name), 0);
    }
    reader.stop = true;
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(reader.faults, 0);
    assert_int_equal(count_entries(d->fd), 3);
}

enum {
    FILES = 200,
};

/* The replacement that was under way ends, and another one after it. */
static void wait_for_replacements(const Reader *other)
{
    unsigned before = other->rounds;

    while (other->rounds < before + 2)
        sched_yield();
}

/* Puts a file in the link's place again and again, and sees whether it stays. */
static void *put_files(void *userdata)
{
    Reader *other = userdata;

    for (unsigned i = 0; i < FILES; i++) {
        struct stat st;

        put_file(other->dir_fd, "new", "precious");
        if (renameat(other->dir_fd, "new", other->dir_fd, "link") < 0)
            other->faults++;
        wait_for_replacements(other);
        if (fstatat(other->dir_fd, "link", &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
            other->faults++;
        (void)unlinkat(other->dir_fd, "link", 0);
        wait_for_replacements(other);
    }
    other->stop = true;
    return NULL;
}

static void test_symlink_spares_files(void **state)
{
    Folder *d = *state;
    Reader other = {.dir_fd = d->fd};
    unsigned spared = 0, replaced = 0;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, put_files, &other), 0);
    while (!other.stop) {
        int r = atomic_symlink_replace(d->fd, "link", "x");

        spared += r == -EEXIST;
        replaced += r == 0;
        other.rounds++;
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(other.faults, 0);
    assert_true(spared > 0 && replaced > 0);
}

#define FOLDER_TEST(f) cmocka_unit_test_setup_teardown(f, folder_setup, folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            FOLDER_TEST(test_replace),
            FOLDER_TEST(test_symlink),
            FOLDER_TEST(test_planted_symlinks),
            FOLDER_TEST(test_bad_places),
            FOLDER_TEST(test_disk_full),
            FOLDER_TEST(test_size_limit),
            FOLDER_TEST(test_read_only),
            FOLDER_TEST(test_deleted_folder),
            FOLDER_TEST(test_sweep),
            FOLDER_TEST(test_reader_sees_whole_files),
            FOLDER_TEST(test_symlink_spares_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

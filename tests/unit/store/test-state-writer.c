/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poolmgr/limits.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>

#include "store/state_dir.h"
#include "store/state_writer.h"

enum {
    LOST_USEC = 10 * 1000 * 1000, /* whoever waits this long waits for ever */
    MANY = 200,
};

/* The disk: while `slow` is set, whoever waits for it waits. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool slow;
    unsigned waiting, synced;
} disk = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* Instead of that of the C library. */
int fsync(int fd)
{
    pthread_mutex_lock(&disk.mutex);
    disk.waiting++;
    pthread_cond_broadcast(&disk.changed);
    while (disk.slow)
        pthread_cond_wait(&disk.changed, &disk.mutex);
    disk.waiting--;
    disk.synced++;
    pthread_cond_broadcast(&disk.changed);
    pthread_mutex_unlock(&disk.mutex);
    return (int)syscall(SYS_fsync, fd);
}

static void disk_set_slow(bool slow)
{
    pthread_mutex_lock(&disk.mutex);
    disk.slow = slow;
    pthread_cond_broadcast(&disk.changed);
    pthread_mutex_unlock(&disk.mutex);
}

static void await_disk_waited_for(void)
{
    pthread_mutex_lock(&disk.mutex);
    while (disk.waiting == 0)
        pthread_cond_wait(&disk.changed, &disk.mutex);
    pthread_mutex_unlock(&disk.mutex);
}

typedef struct Writer {
    Folder *folder;
    sd_event *event;
    StateWriter *w;
    unsigned told;
    int error;
    char name[64];
} Writer;

static void on_written(const char *name, int error, void *userdata)
{
    Writer *writer = userdata;

    writer->told++;
    writer->error = error;
    (void)snprintf(writer->name, sizeof(writer->name), "%s", name ? name : "");
}

static int setup(void **state)
{
    Writer *writer = calloc(1, sizeof(*writer));

    assert_non_null(writer);
    folder_setup((void **)&writer->folder);
    assert_return_code(sd_event_new(&writer->event), 0);
    assert_int_equal(state_writer_new(dup(writer->folder->fd), writer->event, on_written, writer,
                                      &writer->w),
                     0);
    *state = writer;
    return 0;
}

static int teardown(void **state)
{
    Writer *writer = *state;

    state_writer_free(writer->w);
    sd_event_unref(writer->event);
    folder_teardown((void **)&writer->folder);
    free(writer);
    return 0;
}

static void put(Writer *writer, const char *name, const char *text)
{
    char *copy = strdup(text);

    assert_non_null(copy);
    assert_int_equal(state_writer_put(writer->w, name, &copy), 0);
    assert_null(copy);
}

static void run_until_told(Writer *writer, unsigned times)
{
    while (writer->told < times)
        assert_true(sd_event_run(writer->event, LOST_USEC) > 0);
    assert_int_equal(writer->told, times);
}

static void test_writes(void **state)
{
    Writer *writer = *state;
    unsigned before = disk.synced;
    int fd = writer->folder->fd;

    put(writer, "a.json", "one");
    put(writer, "b.json", "two");
    assert_int_equal(state_writer_flush(writer->w, LOST_USEC), 0);
    assert_file(fd, "a.json", "one");
    assert_file(fd, "b.json", "two");
    assert_int_equal(file_mode(fd, "a.json"), S_IFREG | 0644);
    assert_int_equal(count_entries(fd), 2);
    assert_in_range(disk.synced - before, 3, 4); /* each file, and the folder once or twice */
    assert_int_equal(sd_event_run(writer->event, 0), 0);
    assert_int_equal(writer->told, 0);
}

/* Whoever puts does not wait for the disk; what was overtaken is not written. */
static void test_last_one_wins(void **state)
{
    Writer *writer = *state;
    unsigned before = disk.synced;
    char text[32];

    disk_set_slow(true);
    put(writer, "a.json", "first");
    await_disk_waited_for();
    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(text, sizeof(text), "%u", i);
        put(writer, "a.json", text);
    }
    disk_set_slow(false);
    assert_int_equal(state_writer_flush(writer->w, LOST_USEC), 0);
    assert_file(writer->folder->fd, "a.json", text);
    assert_int_equal(disk.synced - before, 3); /* two files, and the folder */
}

/* Gone at once, whatever the thread does with it. */
static void test_removed_while_it_is_written(void **state)
{
    Writer *writer = *state;
    int fd = writer->folder->fd;

    put_file(fd, "a.json", "older");
    disk_set_slow(true);
    put(writer, "a.json", "newer");
    await_disk_waited_for();
    assert_int_equal(state_writer_remove(writer->w, "a.json"), 0);
    assert_no_file(fd, "a.json");
    disk_set_slow(false);
    assert_int_equal(state_writer_flush(writer->w, LOST_USEC), 0);
    assert_int_equal(count_entries(fd), 0);
}

static void test_removed_and_written_again(void **state)
{
    Writer *writer = *state;
    int fd = writer->folder->fd;

    assert_int_equal(state_writer_remove(writer->w, "a.json"), 0); /* there is none */
    disk_set_slow(true);
    put(writer, "a.json", "one");
    await_disk_waited_for();
    put(writer, "a.json", "two");
    assert_int_equal(state_writer_remove(writer->w, "a.json"), 0);
    put(writer, "a.json", "three");
    disk_set_slow(false);
    assert_int_equal(state_writer_flush(writer->w, LOST_USEC), 0);
    assert_file(fd, "a.json", "three");
    assert_int_equal(count_entries(fd), 1);
}

/* Told once, tried until it can be written, told again; the others do not wait for ever. */
static void test_failure(void **state)
{
    Writer *writer = *state;
    int fd = writer->folder->fd;

    assert_return_code(mkdirat(fd, "a.json", 0755), errno);
    put(writer, "a.json", "one");
    run_until_told(writer, 1);
    assert_int_equal(writer->error, -EISDIR);
    assert_string_equal(writer->name, "a.json");
    assert_int_equal(count_entries(fd), 1);
    put(writer, "a.json", "two");
    put(writer, "b.json", "three");
    assert_return_code(unlinkat(fd, "a.json", AT_REMOVEDIR), errno);
    run_until_told(writer, 2);
    assert_int_equal(writer->error, 0);
    assert_file(fd, "a.json", "two");
    assert_file(fd, "b.json", "three");
}

/* The end waits for what can be done, not for what cannot. */
static void test_flush_after_failure(void **state)
{
    Writer *writer = *state;
    int fd = writer->folder->fd;

    assert_return_code(mkdirat(fd, "a.json", 0755), errno);
    put(writer, "a.json", "one");
    run_until_told(writer, 1);
    put(writer, "b.json", "two");
    assert_int_equal(state_writer_flush(writer->w, LOST_USEC), 1);
    assert_file(fd, "b.json", "two");
}

static unsigned count_threads(void)
{
    int fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    unsigned n;

    assert_return_code(fd, errno);
    n = count_entries(fd);
    close(fd);
    return n;
}

/* A disk that hangs keeps nobody: the thread ends by itself when it can. */
static void test_hangs(void **state)
{
    Writer *writer = *state;
    const struct timespec pause = {.tv_nsec = 1000 * 1000};
    unsigned threads = count_threads();

    disk_set_slow(true);
    put(writer, "a.json", "one");
    put(writer, "b.json", "two");
    await_disk_waited_for();
    assert_int_equal(state_writer_flush(writer->w, 20 * USEC_PER_MSEC), 2);
    writer->w = state_writer_free(writer->w);
    assert_int_equal(count_threads(), threads);
    disk_set_slow(false);
    while (count_threads() == threads)
        (void)nanosleep(&pause, NULL);
    assert_no_file(writer->folder->fd, "b.json");
}

static char *join(const Writer *writer, const char *name)
{
    char *path;

    assert_true(asprintf(&path, "%s/%s", writer->folder->path, name) > 0);
    return path;
}

static int count_pools(const char *pool_id, const char *text, size_t length, int error,
                       void *userdata)
{
    unsigned *count = userdata;

    (*count)++;
    assert_string_equal(pool_id, "p");
    return streq(text, "good") ? 0 : -EBADMSG;
}

static void test_directory(void **state)
{
    Writer *writer = *state;
    _cleanup_free_ char *path = join(writer, "s"), *text = strdup("good"), *large = NULL;
    StateDir *d = NULL;
    unsigned count = 0;

    assert_int_equal(state_dir_open(path, "pools", writer->event, on_written, writer, &d), 0);
    assert_string_equal(state_dir_path(d), path);
    assert_int_equal(file_mode(writer->folder->fd, "s/pools"), S_IFDIR | 0755);
    assert_int_equal(state_dir_write_pool(d, "../p", &text), -EINVAL);
    assert_int_equal(state_dir_write_pool(d, "p", &text), 0);
    large = calloc(1, PM_BODY_MAX + 2);
    assert_non_null(large);
    memset(large, 'x', PM_BODY_MAX + 1);
    assert_int_equal(state_dir_write_pool(d, "p", &large), -EFBIG);
    assert_int_equal(state_dir_flush(d, LOST_USEC), 0);
    assert_file(writer->folder->fd, "s/pools/p.json", "good");
    d = state_dir_free(d);

    put_file(writer->folder->fd, "s/pools/.#pm-p.json.1.0", "left by a killed one");
    assert_int_equal(state_dir_open(path, "pools", writer->event, on_written, writer, &d), 0);
    assert_no_file(writer->folder->fd, "s/pools/.#pm-p.json.1.0");
    assert_int_equal(state_dir_read_pools(d, count_pools, &count), 0);
    put_file(writer->folder->fd, "s/pools/p.json", "bad");
    assert_int_equal(state_dir_read_pools(d, count_pools, &count), 0);
    assert_int_equal(count, 2);
    assert_file(writer->folder->fd, "s/pools/p.json.bad", "bad");
    put_file(writer->folder->fd, "s/pools/p.json", "good");
    assert_int_equal(state_dir_remove_pool(d, "../p"), -EINVAL);
    assert_int_equal(state_dir_remove_pool(d, "p"), 0);
    assert_no_file(writer->folder->fd, "s/pools/p.json");
    state_dir_free(d);
}

static void test_bad_directory(void **state)
{
    Writer *writer = *state;
    _cleanup_free_ char *file = join(writer, "file"), *below = join(writer, "none/s"),
                        *linked = join(writer, "s");
    StateDir *d = NULL;

    put_file(writer->folder->fd, "file", "");
    assert_int_equal(state_dir_open("s", "pools", writer->event, on_written, writer, &d), -EINVAL);
    assert_int_equal(state_dir_open(file, "pools", writer->event, on_written, writer, &d),
                     -ENOTDIR);
    assert_int_equal(state_dir_open(below, "pools", writer->event, on_written, writer, &d),
                     -ENOENT);
    assert_return_code(mkdirat(writer->folder->fd, "s", 0755), errno);
    assert_return_code(symlinkat("..", writer->folder->fd, "s/pools"), errno);
    assert_int_equal(state_dir_open(linked, "pools", writer->event, on_written, writer, &d),
                     -ENOTDIR);
    assert_null(d);
}

#define writer_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            writer_test(test_writes),
            writer_test(test_last_one_wins),
            writer_test(test_removed_while_it_is_written),
            writer_test(test_removed_and_written_again),
            writer_test(test_failure),
            writer_test(test_flush_after_failure),
            writer_test(test_hangs),
            writer_test(test_directory),
            writer_test(test_bad_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

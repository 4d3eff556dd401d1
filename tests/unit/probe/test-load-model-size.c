/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/load_model_size.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../base/cmocka-all.h"
#include "base/usec.h"

#define PATIENCE (20 * USEC_PER_SEC)

/* While it is held, whoever looks at a file waits, as on a network file system that is gone. */
static pthread_mutex_t file_system = PTHREAD_MUTEX_INITIALIZER;

/* Stands in for the C library's, which would not hang. */
int stat(const char *restrict file, struct stat *restrict buf)
{
    int r;

    pthread_mutex_lock(&file_system);
    r = fstatat(AT_FDCWD, file, buf, 0);
    pthread_mutex_unlock(&file_system);
    return r;
}

typedef struct Fixture {
    char root[64];
    sd_event *event;
    unsigned called;
    int error;
    uint64_t bytes;
} Fixture;

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    strcpy(f->root, "/tmp/test-load-model-size-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    assert_return_code(sd_event_new(&f->event), 0);
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    return remove(path);
}

static int teardown(void **state)
{
    Fixture *f = *state;

    sd_event_unref(f->event);
    assert_int_equal(nftw(f->root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    free(f);
    return 0;
}

static char *at(const Fixture *f, const char *name)
{
    static char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s", f->root, name);
    return path;
}

static void put(const Fixture *f, const char *name, off_t size)
{
    int fd = open(at(f, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_return_code(fd, errno);
    assert_return_code(ftruncate(fd, size), errno);
    close(fd);
}

static void put_folder(const Fixture *f, const char *name)
{
    assert_return_code(mkdir(at(f, name), 0755), errno);
}

static void on_size(int error, uint64_t bytes, void *userdata)
{
    Fixture *f = userdata;

    f->called++;
    f->error = error;
    f->bytes = bytes;
}

static ModelSize *start(Fixture *f, const char *path)
{
    ModelSize *s = NULL;

    assert_return_code(model_size_start(f->event, path, on_size, f, &s), 0);
    assert_non_null(s);
    return s;
}

static void run_until_called(Fixture *f, unsigned times)
{
    while (f->called < times)
        assert_true(sd_event_run(f->event, PATIENCE) > 0);
}

static void look_at(Fixture *f, const char *path)
{
    f->called = 0;
    (void)start(f, path);
    assert_int_equal(f->called, 0);
    run_until_called(f, 1);
}

static void assert_size(Fixture *f, const char *name, uint64_t bytes)
{
    look_at(f, at(f, name));
    assert_int_equal(f->error, 0);
    assert_int_equal(f->bytes, bytes);
}

static void assert_error(Fixture *f, const char *path, int error)
{
    look_at(f, path);
    assert_int_equal(f->error, error);
    assert_int_equal(f->bytes, 0);
}

static void test_file(void **state)
{
    Fixture *f = *state;

    put(f, "m.gguf", 12345);
    put(f, "huge.gguf", (off_t)5 << 40);
    assert_return_code(symlink("m.gguf", at(f, "link.gguf")), errno);
    assert_size(f, "m.gguf", 12345);
    assert_size(f, "huge.gguf", (uint64_t)5 << 40);
    assert_size(f, "link.gguf", 12345);
}

static void test_split(void **state)
{
    Fixture *f = *state;

    put(f, "m-00001-of-00003.gguf", 1);
    put(f, "m-00002-of-00003.gguf", 20);
    put(f, "m-00003-of-00003.gguf", 300);
    put(f, "m-00004-of-00003.gguf", 4000);
    put(f, "n-00002-of-00003.gguf", 50000);
    assert_size(f, "m-00001-of-00003.gguf", 321);
    assert_size(f, "m-00003-of-00003.gguf", 321);
    assert_size(f, "n-00002-of-00003.gguf", 50000);
    assert_return_code(unlink(at(f, "m-00002-of-00003.gguf")), errno);
    assert_size(f, "m-00001-of-00003.gguf", 301);
}

/* Names that only look like a part. */
static void test_not_split(void **state)
{
    static const char *const names[] = {"-00001-of-00002.gguf",  "m-0001-of-00002.gguf",
                                        "m-00001-of-0000x.gguf", "m-00001-of-00002.gguf.x",
                                        "m-00001-of-00002.GGUF", "m_00001-of-00002.gguf",
                                        "00001-of-00002.gguf",   "m-99999-of-99999.bin.gguf"};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(names); i++) {
        put(f, names[i], (off_t)(100 + i));
        assert_size(f, names[i], 100 + i);
    }
    put(f, "m-00001-of-00000.gguf", 7);
    assert_error(f, at(f, "m-00001-of-00000.gguf"), -ENODATA);
}

static void test_folder(void **state)
{
    Fixture *f = *state;

    put_folder(f, "model");
    assert_error(f, at(f, "model"), -ENODATA);
    put(f, "model/a.safetensors", 1);
    put(f, "model/b.safetensors", 20);
    put(f, "model/.hidden", 300);
    put_folder(f, "model/sub");
    put(f, "model/sub/c.safetensors", 4000);
    put_folder(f, "model/sub/sub");
    put(f, "model/sub/sub/too-deep", 50000);
    assert_size(f, "model", 4321);
    /* as in a cache: links to the files, and to a folder that leads back */
    put(f, "blob", 600000);
    assert_return_code(symlink("../blob", at(f, "model/d.safetensors")), errno);
    assert_return_code(symlink("nowhere", at(f, "model/dangling")), errno);
    assert_return_code(symlink("..", at(f, "model/up")), errno);
    assert_return_code(mkfifo(at(f, "model/fifo"), 0600), errno);
    assert_size(f, "model", 604321);
}

static void test_folder_with_too_many(void **state)
{
    Fixture *f = *state;
    char name[64];

    put_folder(f, "model");
    for (int i = 0; i < MODEL_SIZE_ENTRIES_MAX + 10; i++) {
        (void)snprintf(name, sizeof(name), "model/%d", i);
        put(f, name, 1);
    }
    assert_size(f, "model", MODEL_SIZE_ENTRIES_MAX);
}

/* Files without blocks: it is what they claim that counts. */
static void test_sparse_files(void **state)
{
    Fixture *f = *state;
    struct stat st;
    char name[64];

    put_folder(f, "model");
    for (int i = 0; i < 64; i++) {
        (void)snprintf(name, sizeof(name), "model/%d", i);
        put(f, name, (off_t)15 << 40);
    }
    assert_return_code(stat(at(f, "model/0"), &st), errno);
    assert_size(f, "model", 64 * (uint64_t)st.st_size);
}

static void test_errors(void **state)
{
    Fixture *f = *state;
    char longest[PATH_MAX + 1];

    put(f, "empty", 0);
    put(f, "file", 1);
    assert_return_code(mkfifo(at(f, "fifo"), 0600), errno);
    assert_return_code(symlink("loop", at(f, "loop")), errno);
    assert_error(f, at(f, "nothing"), -ENOENT);
    assert_error(f, at(f, "file/x"), -ENOTDIR);
    assert_error(f, at(f, "loop"), -ELOOP);
    assert_error(f, at(f, "empty"), -ENODATA);
    assert_error(f, at(f, "fifo"), -ENODATA);
    assert_error(f, "/dev/null", -ENODATA);
    memset(longest, '/', PATH_MAX);
    longest[PATH_MAX] = '\0';
    assert_error(f, longest, -ENAMETOOLONG);
}

static void test_relative(void **state)
{
    static const char *const paths[] = {"", "model.gguf", "./model.gguf", "org/model"};
    Fixture *f = *state;
    ModelSize *s = NULL;

    for (size_t i = 0; i < ELEMENTSOF(paths); i++)
        assert_int_equal(model_size_start(f->event, paths[i], on_size, f, &s), -EINVAL);
    assert_null(s);
}

/* All places are taken by lookups that hang, also by those that nobody waits for any more. */
static void test_hanging_file_system(void **state)
{
    Fixture *f = *state;
    ModelSize *waiting[MODEL_SIZE_LOOKUPS_MAX / 2], *s = NULL;
    const unsigned n = ELEMENTSOF(waiting);

    put(f, "m.gguf", 7);
    pthread_mutex_lock(&file_system);
    for (unsigned i = 0; i < n; i++)
        waiting[i] = start(f, at(f, "m.gguf"));
    for (unsigned i = n; i < MODEL_SIZE_LOOKUPS_MAX; i++)
        assert_null(model_size_free(start(f, at(f, "m.gguf"))));
    assert_int_equal(model_size_start(f->event, at(f, "m.gguf"), on_size, f, &s), -EBUSY);
    assert_null(s);
    assert_null(model_size_free(waiting[0]));
    assert_int_equal(sd_event_run(f->event, 0), 0);
    pthread_mutex_unlock(&file_system);
    run_until_called(f, n - 1);
    assert_int_equal(f->error, 0);
    assert_int_equal(f->bytes, 7);
    while (model_size_start(f->event, at(f, "m.gguf"), on_size, f, &s) == -EBUSY)
        (void)sched_yield();
    run_until_called(f, n);
    assert_int_equal(sd_event_run(f->event, 0), 0);
    assert_int_equal(f->called, n);
}

static void on_size_again(int error, uint64_t bytes, void *userdata)
{
    on_size(error, bytes, userdata);
    if (error == 0)
        (void)start(userdata, "/nonexistent");
}

static void test_start_in_the_callback(void **state)
{
    Fixture *f = *state;
    ModelSize *s;

    put(f, "m.gguf", 7);
    assert_return_code(model_size_start(f->event, at(f, "m.gguf"), on_size_again, f, &s), 0);
    run_until_called(f, 2);
    assert_int_equal(f->error, -ENOENT);
}

static void test_cancel_when_done(void **state)
{
    Fixture *f = *state;
    ModelSize *s;

    put(f, "m.gguf", 7);
    s = start(f, at(f, "m.gguf"));
    while (sd_event_prepare(f->event) == 0 && sd_event_wait(f->event, PATIENCE) == 0)
        ;
    assert_null(model_size_free(s));
    (void)sd_event_dispatch(f->event);
    assert_int_equal(f->called, 0);
    assert_null(model_size_free(NULL));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_file),
            TEST(test_split),
            TEST(test_not_split),
            TEST(test_folder),
            TEST(test_folder_with_too_many),
            TEST(test_sparse_files),
            TEST(test_errors),
            TEST(test_relative),
            TEST(test_hanging_file_system),
            TEST(test_start_in_the_callback),
            TEST(test_cancel_when_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "store/registry_lock.h"

/* The test's folder is R. */
typedef struct Locks {
    Folder *folder;
    RuntimeDir *dir;
    RegistryLock *lock;
} Locks;

static int locks_setup(void **state)
{
    Locks *t = calloc(1, sizeof(*t));

    assert_non_null(t);
    folder_setup((void **)&t->folder);
    assert_int_equal(runtime_dir_open(t->folder->path, &t->dir), 0);
    assert_int_equal(registry_lock_open(t->dir, &t->lock), 0);
    *state = t;
    return 0;
}

static int locks_teardown(void **state)
{
    Locks *t = *state;

    registry_lock_free(t->lock);
    runtime_dir_free(t->dir);
    folder_teardown((void **)&t->folder);
    free(t);
    return 0;
}

/* Another process that holds a lock of its own, until it is told to end. */
typedef struct Holder {
    pid_t pid;
    int stop_fd;
} Holder;

static int lock_file(int dir_fd, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
    int fd = openat(dir_fd, "registry.lock", O_RDWR | O_CLOEXEC);

    return fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) >= 0 ? fd : -1;
}

static Holder hold(int dir_fd, short type)
{
    int ready[2], stop[2];
    Holder holder;
    char byte;

    assert_return_code(pipe2(ready, O_CLOEXEC), errno);
    assert_return_code(pipe2(stop, O_CLOEXEC), errno);
    holder.pid = fork();
    assert_return_code(holder.pid, errno);
    if (holder.pid == 0) {
        close(stop[1]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        byte = lock_file(dir_fd, type) >= 0 ? 'y' : 'n';
        _exit(write(ready[1], &byte, 1) == 1 && read(stop[0], &byte, 1) == 1 ? 0 : 1);
    }
    close(ready[1]);
    close(stop[0]);
    holder.stop_fd = stop[1];
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    assert_int_equal(byte, 'y');
    return holder;
}

static void let_go(Holder holder)
{
    int status;

    /* The end of the pipe would not be seen: other holders have it open. */
    assert_int_equal(write(holder.stop_fd, "", 1), 1);
    close(holder.stop_fd);
    assert_int_equal(waitpid(holder.pid, &status, 0), holder.pid);
    assert_int_equal(status, 0);
}

static void test_open(void **state)
{
    Locks *t = *state;
    mode_t saved = umask(0077);
    RegistryLock *lock = NULL;

    assert_int_equal(file_mode(t->folder->fd, "registry.lock"), S_IFREG | 0600);
    assert_return_code(unlinkat(t->folder->fd, "registry.lock", 0), errno);
    assert_int_equal(registry_lock_open(t->dir, &lock), 0);
    umask(saved);
    assert_int_equal(file_mode(t->folder->fd, "registry.lock"), S_IFREG | 0600);
    assert_null(registry_lock_free(lock));
    assert_null(registry_lock_free(NULL));

    /* One that is there is taken as it is. */
    put_file(t->folder->fd, "registry.lock", "text");
    assert_return_code(fchmodat(t->folder->fd, "registry.lock", 0600, 0), errno);
    assert_int_equal(registry_lock_open(t->dir, &lock), 0);
    registry_lock_free(lock);
    assert_file(t->folder->fd, "registry.lock", "text");
    assert_int_equal(file_mode(t->folder->fd, "registry.lock"), S_IFREG | 0600);
}

static void test_take_and_release(void **state)
{
    Locks *t = *state;

    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(registry_lock_try(t->lock, i % 2), 0);
        assert_int_equal(registry_lock_try(t->lock, false), -EDEADLK);
        assert_int_equal(registry_lock_try(t->lock, true), -EDEADLK);
        registry_lock_release(t->lock);
        registry_lock_release(t->lock);
    }
    let_go(hold(t->folder->fd, F_WRLCK));
}

static void test_contention(void **state)
{
    Locks *t = *state;
    Holder holder = hold(t->folder->fd, F_WRLCK), second;

    assert_int_equal(registry_lock_try(t->lock, false), -EAGAIN);
    assert_int_equal(registry_lock_try(t->lock, true), -EAGAIN);
    let_go(holder);
    assert_int_equal(registry_lock_try(t->lock, true), 0);
    assert_int_equal(lock_file(t->folder->fd, F_RDLCK), -1);
    registry_lock_release(t->lock);

    holder = hold(t->folder->fd, F_RDLCK);
    second = hold(t->folder->fd, F_RDLCK);
    assert_int_equal(registry_lock_try(t->lock, true), -EAGAIN);
    assert_int_equal(registry_lock_try(t->lock, false), 0);
    registry_lock_release(t->lock);
    let_go(holder);
    assert_int_equal(registry_lock_try(t->lock, true), -EAGAIN);
    let_go(second);
    assert_int_equal(registry_lock_try(t->lock, true), 0);
}

/* Locks belong to the open file, not to the process: two of one process exclude each other. */
static void test_two_of_one_process(void **state)
{
    Locks *t = *state;
    RegistryLock *other = NULL;

    assert_int_equal(registry_lock_open(t->dir, &other), 0);
    assert_int_equal(registry_lock_try(t->lock, true), 0);
    assert_int_equal(registry_lock_try(other, false), -EAGAIN);
    registry_lock_release(t->lock);
    assert_int_equal(registry_lock_try(other, true), 0);
    assert_int_equal(registry_lock_try(t->lock, false), -EAGAIN);
    registry_lock_free(other);
    assert_int_equal(registry_lock_try(t->lock, false), 0);
}

static void test_killed_holder(void **state)
{
    Locks *t = *state;
    Holder holder = hold(t->folder->fd, F_WRLCK);

    assert_return_code(kill(holder.pid, SIGKILL), errno);
    assert_int_equal(waitpid(holder.pid, NULL, 0), holder.pid);
    close(holder.stop_fd);
    assert_int_equal(registry_lock_try(t->lock, true), 0);
}

/* The lock that counts is the one of the file that the name leads to. */
static void test_deleted(void **state)
{
    Locks *t = *state;
    Holder holder = hold(t->folder->fd, F_WRLCK);

    assert_return_code(unlinkat(t->folder->fd, "registry.lock", 0), errno);
    assert_int_equal(registry_lock_try(t->lock, true), 0);
    assert_int_equal(file_mode(t->folder->fd, "registry.lock"), S_IFREG | 0600);
    assert_int_equal(lock_file(t->folder->fd, F_RDLCK), -1);
    registry_lock_release(t->lock);
    let_go(holder);
}

static void test_replaced(void **state)
{
    Locks *t = *state;
    Holder old = hold(t->folder->fd, F_WRLCK), holder;

    put_file(t->folder->fd, "new", "");
    assert_return_code(renameat(t->folder->fd, "new", t->folder->fd, "registry.lock"), errno);
    holder = hold(t->folder->fd, F_WRLCK);
    let_go(old);
    assert_int_equal(registry_lock_try(t->lock, false), -EAGAIN);
    let_go(holder);
    assert_int_equal(registry_lock_try(t->lock, true), 0);
    assert_int_equal(lock_file(t->folder->fd, F_RDLCK), -1);
}

static void test_other_kinds(void **state)
{
    Locks *t = *state;
    RegistryLock *lock = NULL;
    int fd = t->folder->fd;

    put_file(fd, "victim", "precious");
    assert_return_code(renameat(fd, "registry.lock", fd, "kept"), errno);
    assert_return_code(symlinkat("victim", fd, "registry.lock"), errno);
    assert_int_equal(registry_lock_open(t->dir, &lock), -ELOOP);
    assert_int_equal(registry_lock_try(t->lock, true), -ELOOP);
    assert_return_code(renameat(fd, "kept", fd, "registry.lock"), errno);
    let_go(hold(fd, F_WRLCK));

    assert_return_code(unlinkat(fd, "registry.lock", 0), errno);
    assert_return_code(mkdirat(fd, "registry.lock", 0755), errno);
    assert_int_equal(registry_lock_open(t->dir, &lock), -EISDIR);
    assert_int_equal(registry_lock_try(t->lock, true), -EISDIR);

    assert_return_code(unlinkat(fd, "registry.lock", AT_REMOVEDIR), errno);
    assert_return_code(mkfifoat(fd, "registry.lock", 0644), errno);
    assert_int_equal(registry_lock_open(t->dir, &lock), -EINVAL);
    assert_int_equal(registry_lock_try(t->lock, false), -EINVAL);
    assert_null(lock);

    /* None of this has left it held, and it heals. */
    assert_return_code(unlinkat(fd, "registry.lock", 0), errno);
    assert_int_equal(registry_lock_try(t->lock, true), 0);
    assert_file(fd, "victim", "precious");
}

/* Nobody can lock what nobody can come by: the registry stays usable without its folder. */
static void test_folder_deleted(void **state)
{
    Locks *t = *state;
    const char *const names[] = {"engines", "state", "leases", "provision"};
    RegistryLock *lock = NULL;

    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        assert_return_code(unlinkat(t->folder->fd, names[i], AT_REMOVEDIR), errno);
    assert_return_code(unlinkat(t->folder->fd, "registry.lock", 0), errno);
    assert_return_code(rmdir(t->folder->path), errno);
    assert_int_equal(registry_lock_try(t->lock, true), 0);
    registry_lock_release(t->lock);
    assert_int_equal(registry_lock_try(t->lock, false), 0);
    registry_lock_release(t->lock);
    assert_int_equal(registry_lock_open(t->dir, &lock), -ENOENT);
}

static void test_disk_full(void **state)
{
    Folder *d = *state;
    RuntimeDir *dir = NULL;
    RegistryLock *lock = NULL;

    /* An inode for each folder, and none for the lock. */
    if (!mount_tmpfs(d, "64k,nr_inodes=6"))
        skip();
    assert_int_equal(runtime_dir_open(d->path, &dir), 0);
    assert_int_equal(registry_lock_open(dir, &lock), 0);
    assert_return_code(unlinkat(d->fd, "registry.lock", 0), errno);
    assert_int_equal(registry_lock_try(lock, true), 0);
    registry_lock_release(lock);
    assert_int_equal(registry_lock_try(lock, true), 0);
    registry_lock_free(lock);
    runtime_dir_free(dir);
}

enum {
    ROUNDS = 20000,
};

typedef struct Contender {
    const RuntimeDir *dir;
    atomic_int *inside;
    atomic_uint *faults;
} Contender;

static void *contend(void *userdata)
{
    const Contender *c = userdata;
    RegistryLock *lock = NULL;

    if (registry_lock_open(c->dir, &lock) < 0) {
        (*c->faults)++;
        return NULL;
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        int r = registry_lock_try(lock, true);

        if (r < 0 && r != -EAGAIN)
            (*c->faults)++;
        if (r < 0)
            continue;
        if (atomic_fetch_add(c->inside, 1) != 0)
            (*c->faults)++;
        atomic_fetch_sub(c->inside, 1);
        registry_lock_release(lock);
    }
    registry_lock_free(lock);
    return NULL;
}

/* Two that want it all the time are never in it both. */
static void test_exclusion(void **state)
{
    Locks *t = *state;
    atomic_int inside = 0;
    atomic_uint faults = 0;
    Contender c = {t->dir, &inside, &faults};
    pthread_t threads[2];

    for (size_t i = 0; i < ELEMENTSOF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, contend, &c), 0);
    for (size_t i = 0; i < ELEMENTSOF(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(faults, 0);
}

#define LOCKS_TEST(f) cmocka_unit_test_setup_teardown(f, locks_setup, locks_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            LOCKS_TEST(test_open),
            LOCKS_TEST(test_take_and_release),
            LOCKS_TEST(test_contention),
            LOCKS_TEST(test_two_of_one_process),
            LOCKS_TEST(test_killed_holder),
            LOCKS_TEST(test_deleted),
            LOCKS_TEST(test_replaced),
            LOCKS_TEST(test_other_kinds),
            LOCKS_TEST(test_folder_deleted),
            LOCKS_TEST(test_exclusion),
            cmocka_unit_test_setup_teardown(test_disk_full, folder_setup, folder_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

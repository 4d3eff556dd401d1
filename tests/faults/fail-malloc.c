/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Preloaded, it lets allocations fail as the test says that shares the file FAIL_MALLOC_FILE with
 * it (tests/faults/common/allocation.py). Without that file it does nothing.
 */

typedef struct Orders {
    _Atomic uint64_t calls;  /* so many were asked for */
    _Atomic uint64_t failed; /* so many of them failed */
    _Atomic uint64_t from;   /* those from this call on fail, … */
    _Atomic uint64_t until;  /* … but for those from this one on */
    _Atomic uint64_t one_in; /* of those between only one of so many; 0: all */
    _Atomic uint64_t seed;   /* which ones */
} Orders;

/* Of glibc: what the functions below stand before. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

static Orders *orders;

__attribute__((constructor)) static void open_orders(void)
{
    const char *path = getenv("FAIL_MALLOC_FILE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *shared;

    (void)unsetenv("LD_PRELOAD"); /* a program that is run by this one is none of ours */
    if (fd < 0)
        return;
    shared = mmap(NULL, sizeof(Orders), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (shared != MAP_FAILED)
        orders = shared;
}

/* One of many numbers that look random; SplitMix64. */
static uint64_t scramble(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static int fails(void)
{
    uint64_t call, one_in;

    if (!orders)
        return 0;
    call = atomic_fetch_add(&orders->calls, 1) + 1;
    if (call < atomic_load(&orders->from) || call >= atomic_load(&orders->until))
        return 0;
    one_in = atomic_load(&orders->one_in);
    if (one_in > 0 && scramble(call ^ atomic_load(&orders->seed)) % one_in != 0)
        return 0;
    (void)atomic_fetch_add(&orders->failed, 1);
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t n)
{
    return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return fails() ? NULL : __libc_realloc(p, n);
}

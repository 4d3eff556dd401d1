/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define _cleanup_(func)   __attribute__((__cleanup__(func)))
#define _printf_(fmt, va) __attribute__((__format__(__printf__, fmt, va)))
#define _unused_          __attribute__((__unused__))
#define _sentinel_        __attribute__((__sentinel__))

#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))

/* The value of a pointer variable, which is NULL afterwards: hands ownership over. */
#define TAKE_PTR(p)                 \
    ({                              \
        __typeof__(p) _taken = (p); \
        (p) = NULL;                 \
        _taken;                     \
    })

/* The same for a file descriptor, -1 being none. */
#define TAKE_FD(fd)        \
    ({                     \
        int _taken = (fd); \
        (fd) = -1;         \
        _taken;            \
    })

/* A function for _cleanup_() out of a destructor that returns NULL. */
#define DEFINE_CLEANUP(type, func)      \
    static inline void func##p(type *p) \
    {                                   \
        if (*p)                         \
            *p = func(*p);              \
    }

static inline void freep(void *p)
{
    void *memory;

    /* p points to a pointer of any type. */
    memcpy(&memory, p, sizeof(memory));
    free(memory);
}

static inline void closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define _cleanup_free_  _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)

static inline bool streq(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* NULL is "". */
static inline const char *strempty(const char *s)
{
    return s ? s : "";
}

/* NULL is a value of its own, equal to itself only. */
static inline bool streq_ptr(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static inline bool startswith(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

/*
 * What tells one version of a file from another without reading it. On kernels before 6.13 times
 * move in steps of some milliseconds: a file that is rewritten in place within one, at the same
 * length, looks the same.
 */
typedef struct FileVersion {
    dev_t device;
    ino_t inode; /* 0: of no file */
    off_t size;
    struct timespec changed;
} FileVersion;

static inline FileVersion file_version(const struct stat *st)
{
    return (FileVersion){
            .device = st->st_dev,
            .inode = st->st_ino,
            .size = st->st_size,
            .changed = st->st_mtim,
    };
}

static inline bool file_version_equal(const FileVersion *a, const FileVersion *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/macros.h"

/*
 * How large a model is. Looking at a file can hang for ever on a network file system that is gone,
 * so that is done in a thread of its own.
 */
typedef struct ModelSize ModelSize;

enum {
    MODEL_SIZE_LOOKUPS_MAX = 16,   /* at once in the whole process, those that hang included */
    MODEL_SIZE_ENTRIES_MAX = 4096, /* of a folder that are looked at */
    MODEL_SIZE_PARTS_MAX = 4096,   /* of a split GGUF */
};

/*
 * The end of a lookup. `error` 0: `bytes` is the size, at least 1. Else negative errno, and `bytes`
 * is 0: -ENOENT, -EACCES, …, or -ENODATA for what has no size (an empty file, a device). The lookup
 * is gone when this is called; do not free it.
 */
typedef void (*ModelSizeFunc)(int error, uint64_t bytes, void *userdata);

/*
 * Starts looking at `path` (absolute; links are followed):
 *  - a file: its size; one that is part of a split GGUF, "…-00001-of-00003.gguf": all parts that
 *    are there;
 *  - a folder: the regular files in it and in its folders, not deeper, the first
 *    MODEL_SIZE_ENTRIES_MAX entries. Links to files count as the files (model caches are made of
 *    them), links to folders are not followed.
 *
 * `f` is called once, from the loop, never from within. Returns 0, -EINVAL (path not absolute),
 * -EBUSY (MODEL_SIZE_LOOKUPS_MAX), or another negative errno.
 */
int model_size_start(sd_event *event, const char *path, ModelSizeFunc f, void *userdata,
                     ModelSize **ret);

/* Cancels: the function is not called. Does not wait for the thread, which ends when it can. Takes
 * NULL, returns NULL. */
ModelSize *model_size_free(ModelSize *s);

DEFINE_CLEANUP(ModelSize *, model_size_free)

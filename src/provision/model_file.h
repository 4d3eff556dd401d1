/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "provision/progress.h"
#include "provision/sha256.h"

/* Looking into files that are models, or should be. All offsets and sizes are in bytes. */

/*
 * Whether the file starts as every GGUF does. *ret_start are its first bytes as a person can read
 * them (what is not printable is '.'), for the error. Returns 1, 0, or negative errno.
 */
int model_file_is_gguf(int fd, char ret_start[5]);

/* Adds the bytes from `from` to `size` of the file to `s`, with progress. Returns 0, -EIO (the file
 * is shorter, or cannot be read) or another negative errno. */
int model_file_digest(int fd, uint64_t from, uint64_t size, Sha256 *s, Progress *progress);

/*
 * Checks the model at `path`, which is absolute: a regular file that is a GGUF and has the digest
 * `sha256` ("": any), or a folder with a config.json, as Hugging Face lays models out. Returns 0 or
 * -EINVAL/-EIO with `error` set.
 */
int model_file_check(const char *path, const char *sha256, Progress *progress, Error *error);

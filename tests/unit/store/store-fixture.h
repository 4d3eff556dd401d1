/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/macros.h"

/* An empty folder for a test. */
typedef struct Folder {
    char path[64];
    int fd;
} Folder;

/* cmocka setup and teardown; *state is a Folder, removed with all that is in it. */
int folder_setup(void **state);
int folder_teardown(void **state);

/* Files by name below `dir_fd`; they fail the test on any error. */
void put_file(int dir_fd, const char *name, const char *text);
void assert_file(int dir_fd, const char *name, const char *text);
void assert_no_file(int dir_fd, const char *name);
void assert_symlink(int dir_fd, const char *name, const char *target);
mode_t file_mode(int dir_fd, const char *name); /* of a link: its own; with the type bits */
unsigned count_entries(int dir_fd);

/*
 * Mounts a file system in memory of `size` on the folder, out of everybody else's sight, and opens
 * it anew. Returns false where the test has no right to do that.
 */
bool mount_tmpfs(Folder *folder, const char *size);

/* Takes every right to change the folder away. Returns false where that cannot be done. */
bool make_read_only(Folder *folder);

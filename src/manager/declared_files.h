/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/strv.h"
#include "core/declared.h"

/* The files of pools.d (pool-managerd.pools.d(5)). */

/* One, of the strongest folder that has its name. */
typedef struct DeclaredFile {
    char pool_id[PM_ID_MAX + 1];
    unsigned place; /* which folder it lies in, 0: the strongest */
    char *path;
    bool masked;  /* a link to /dev/null: as if there were no file */
    bool settled; /* its port was its own before: of two with one port the other one is to blame */
    Declaration declaration; /* no spec: it cannot be used */
    char *problem;           /* why, for people, with file and line; NULL: it can */
    char **warnings;         /* the same of what does no harm */
} DeclaredFile;

typedef struct DeclaredFiles {
    DeclaredFile *items; /* sorted by pool */
    size_t count;
    char **problems; /* of folders, and of files with a name that no pool can have */
    bool incomplete; /* a folder could not be read: which files are gone is not known */
} DeclaredFiles;

/*
 * Reads them: at most PM_POOLS_MAX files, PM_BODY_MAX bytes of each, DECLARED_BYTES_MAX of all
 * together; what is over that cannot be used. Does not wait for fifos and such. Returns 0 or
 * -ENOMEM.
 */
enum {
    DECLARED_BYTES_MAX = 16 * 1024 * 1024,
};
int declared_files_read(bool user_mode, DeclaredFiles *ret);

/* Of those with one host and port only one can be used: one that is settled, else the first.
 * Returns 0 or -ENOMEM. */
int declared_files_check_ports(DeclaredFiles *files);

void declared_files_done(DeclaredFiles *files);
void declared_file_done(DeclaredFile *file);

/* declared_file_read.c: fills in all but pool and path. `buffer` is the caller's, of
 * DECLARED_BUFFER_SIZE bytes; *left is how many bytes may still be read of all files together. */
enum {
    DECLARED_BUFFER_SIZE = PM_BODY_MAX + 2,
};
int declared_file_read(DeclaredFile *file, char *buffer, size_t *left);
/* Sets the problem, and takes the declaration away. Returns 0 or -ENOMEM. */
int declared_file_refuse(DeclaredFile *file, const char *format, ...) _printf_(2, 3);

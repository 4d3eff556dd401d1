/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <err.h>
#include <limits.h>

#include "fuzz.h"

/*
 * Runs a fuzz target on files and on all files of folders: what was found once is not found again.
 * Usage: fuzz-NAME PATH…
 */

enum { INPUT_MAX = 1024 * 1024 };

/* A target need not have it. */
#pragma weak LLVMFuzzerInitialize

static size_t replay_file(const char *path)
{
    _cleanup_free_ uint8_t *data = malloc(INPUT_MAX);
    FILE *file = fopen(path, "re");
    size_t size;

    if (!file || !data)
        err(EXIT_FAILURE, "%s", path);
    size = fread(data, 1, INPUT_MAX, file);
    if (ferror(file))
        err(EXIT_FAILURE, "%s", path);
    (void)fclose(file);
    (void)fprintf(stderr, "%s\n", path);
    (void)LLVMFuzzerTestOneInput(data, size);
    return 1;
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static size_t replay(const char *path)
{
    struct dirent **entries = NULL;
    char name[PATH_MAX];
    size_t files = 0;
    int n = scandir(path, &entries, is_shown, alphasort);

    if (n < 0 && errno == ENOTDIR)
        return replay_file(path);
    if (n < 0)
        err(EXIT_FAILURE, "%s", path);
    for (int i = 0; i < n; i++) {
        (void)snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
        files += replay_file(name);
        free(entries[i]);
    }
    free(entries);
    return files;
}

int main(int argc, char **argv)
{
    size_t files = 0;

    if (LLVMFuzzerInitialize)
        (void)LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++)
        files += replay(argv[i]);
    if (files == 0)
        errx(EXIT_FAILURE, "no input");
    (void)fprintf(stderr, "%zu inputs\n", files);
    return EXIT_SUCCESS;
}

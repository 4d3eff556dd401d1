/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/declared_files.h"

#include <dirent.h>
#include <errno.h>
#include <poolmgr/names.h>
#include <stdio.h>

#include "base/parse.h"
#include "manager/config_files.h"

#define SUFFIX ".json"

void declared_file_done(DeclaredFile *file)
{
    free(file->path);
    declaration_done(&file->declaration);
    free(file->problem);
    strv_free(file->warnings);
    *file = (DeclaredFile){.path = NULL};
}

void declared_files_done(DeclaredFiles *files)
{
    for (size_t i = 0; i < files->count; i++)
        declared_file_done(&files->items[i]);
    free(files->items);
    strv_free(files->problems);
    *files = (DeclaredFiles){.count = 0};
}

static bool is_ours(const char *name)
{
    size_t n = strlen(name);

    return name[0] != '.' && n > strlen(SUFFIX) && streq(name + n - strlen(SUFFIX), SUFFIX);
}

static int grow(DeclaredFiles *files, size_t *room)
{
    DeclaredFile *items;

    if (files->count < *room)
        return 0;
    *room = *room > 0 ? 2 * *room : 16;
    items = reallocarray(files->items, *room, sizeof(DeclaredFile));
    if (!items)
        return -ENOMEM;
    files->items = items;
    return 0;
}

static int add_file(DeclaredFiles *files, size_t *room, const char *folder, unsigned place,
                    const char *name)
{
    DeclaredFile f = {.place = place};
    size_t stem = strlen(name) - strlen(SUFFIX);

    (void)snprintf(f.pool_id, sizeof(f.pool_id), "%.*s", (int)stem, name);
    if (stem > PM_ID_MAX || !id_is_valid(f.pool_id))
        return strv_extendf(&files->problems,
                            "%s/%s: is ignored: it must be called after its pool, 1 to %d letters, "
                            "digits, '.', '_' or '-', and " SUFFIX,
                            folder, name, (int)PM_ID_MAX);
    if (grow(files, room) < 0 || asprintf(&f.path, "%s/%s", folder, name) < 0)
        return -ENOMEM;
    files->items[files->count++] = f;
    return 0;
}

static int find_in(DeclaredFiles *files, size_t *room, const char *folder, unsigned place)
{
    const struct dirent *entry;
    DIR *dir = opendir(folder);
    int r = 0;

    if (!dir && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    errno = dir ? 0 : errno;
    while (dir && r >= 0 && files->count < 3 * (size_t)PM_POOLS_MAX && (entry = readdir(dir))) {
        if (is_ours(entry->d_name))
            r = add_file(files, room, folder, place, entry->d_name);
        errno = 0;
    }
    if (r >= 0 && errno != 0) {
        files->incomplete = true;
        r = strv_extendf(&files->problems, "%s: cannot be read: %s", folder, strerror(errno));
    }
    if (dir)
        (void)closedir(dir);
    return r;
}

static int compare_files(const void *a, const void *b)
{
    const DeclaredFile *x = a, *y = b;
    int order = strcmp(x->pool_id, y->pool_id);

    return order != 0 ? order : (int)x->place - (int)y->place;
}

/* Of those with one name the one of the strongest folder counts. */
static void drop_hidden(DeclaredFiles *files)
{
    size_t kept = 0;

    if (files->count > 0)
        qsort(files->items, files->count, sizeof(DeclaredFile), compare_files);
    for (size_t i = 0; i < files->count; i++) {
        if (kept > 0 && streq(files->items[kept - 1].pool_id, files->items[i].pool_id))
            free(files->items[i].path);
        else
            files->items[kept++] = files->items[i];
    }
    files->count = kept;
}

static int read_all(DeclaredFiles *files)
{
    _cleanup_free_ char *buffer = malloc(DECLARED_BUFFER_SIZE);
    size_t left = DECLARED_BYTES_MAX;
    int r = buffer ? 0 : -ENOMEM;

    for (size_t i = 0; i < files->count && r >= 0; i++)
        r = i < PM_POOLS_MAX ? declared_file_read(&files->items[i], buffer, &left)
                             : declared_file_refuse(&files->items[i],
                                                    "%s: is not read: there are more than %d",
                                                    files->items[i].path, (int)PM_POOLS_MAX);
    return r;
}

int declared_files_read(bool user_mode, DeclaredFiles *ret)
{
    _cleanup_strv_free_ char **folders = NULL;
    DeclaredFiles files = {.count = 0};
    size_t room = 0;
    unsigned place = 0;
    int r = config_files_pools(user_mode, &folders);

    STRV_FOREACH (folder, folders)
        if (r >= 0)
            r = find_in(&files, &room, *folder, place++);
    if (r >= 0) {
        drop_hidden(&files);
        r = read_all(&files);
    }
    if (r < 0) {
        declared_files_done(&files);
        return r;
    }
    *ret = files;
    return 0;
}

static int compare_ports(const void *a, const void *b)
{
    const DeclaredFile *const *p = a, *const *q = b, *x = *p, *y = *q;
    int order = (int)x->declaration.spec->port - (int)y->declaration.spec->port;

    if (order == 0)
        order = strcmp(x->declaration.spec->host, y->declaration.spec->host);
    if (order == 0)
        order = (int)y->settled - (int)x->settled;
    return order != 0 ? order : strcmp(x->pool_id, y->pool_id);
}

static bool same_port(const DeclaredFile *a, const DeclaredFile *b)
{
    return a->declaration.spec->port == b->declaration.spec->port &&
           streq(a->declaration.spec->host, b->declaration.spec->host);
}

int declared_files_check_ports(DeclaredFiles *files)
{
    _cleanup_free_ DeclaredFile **sorted = calloc(files->count + 1, sizeof(DeclaredFile *));
    const DeclaredFile *first = NULL;
    size_t n = 0;

    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < files->count; i++)
        if (files->items[i].declaration.spec)
            sorted[n++] = &files->items[i];
    qsort(sorted, n, sizeof(DeclaredFile *), compare_ports);
    for (size_t i = 0; i < n; i++) {
        const EngineSpec *spec = sorted[i]->declaration.spec;

        if (!first || !same_port(first, sorted[i]))
            first = sorted[i];
        else if (declared_file_refuse(
                         sorted[i], "%s: port: port %u of %s is that of %s: choose another port",
                         sorted[i]->path, (unsigned)spec->port, spec->host, first->path) < 0)
            return -ENOMEM;
    }
    return 0;
}

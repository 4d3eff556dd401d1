/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/parse.h"
#include "store/atomic_file.h"
#include "store/runtime_dir_internal.h"

int runtime_dir_handoff_name(const char *pool_id, const char *replica_id, FileName *ret)
{
    if (!id_is_valid(pool_id) || !id_is_valid(replica_id))
        return -EINVAL;
    (void)snprintf(ret->text, sizeof(ret->text), "%s-%s.json", pool_id, replica_id);
    return 0;
}

bool runtime_dir_owns_handoff(const RuntimeDir *r, const char *name, const struct stat *st)
{
    const FileRecord *record = file_table_get(&r->own_handoffs, name);
    FileVersion version = file_version(st);

    return record && file_version_equal(&record->version, &version);
}

/* Writes the file and takes note of it, so that the watch knows it. */
static int write_own(RuntimeDir *r, const char *name, const char *text)
{
    FileRecord *record;
    int q, is_new;

    /* Before the file: one that cannot be taken note of must not be there. */
    is_new = file_table_ensure(&r->own_handoffs, name, &record);
    if (is_new < 0)
        return is_new;
    q = runtime_dir_write_file(r->engines_fd, name, text, &record->version);
    if (q < 0 && is_new)
        file_table_remove(&r->own_handoffs, name);
    return q;
}

static int remove_own(RuntimeDir *r, const char *name)
{
    int q = runtime_dir_remove_file(r->engines_fd, name);

    if (q >= 0)
        file_table_remove(&r->own_handoffs, name);
    return q;
}

int runtime_dir_write_handoff(RuntimeDir *r, const char *pool_id, const char *replica_id,
                              const char *text)
{
    FileName name;
    int q;

    q = runtime_dir_handoff_name(pool_id, replica_id, &name);
    if (q >= 0)
        q = write_own(r, name.text, text);
    if (q < 0)
        return q;
    q = atomic_symlink_replace(r->engines_fd, HANDOFF_SYMLINK, name.text);
    if (q == -EEXIST) /* Somebody's handoff. */
        return 0;
    if (q < 0)
        (void)remove_own(r, name.text);
    return q;
}

/* Removes engine.json when it is a symlink to `name`. */
static int remove_symlink_to(int dir_fd, const char *name)
{
    char target[NAME_MAX + 1];
    ssize_t n;

    n = readlinkat(dir_fd, HANDOFF_SYMLINK, target, sizeof(target));
    if (n < 0) /* EINVAL: someone put something else there, which is not ours to remove. */
        return errno == ENOENT || errno == EINVAL ? 0 : -errno;
    if ((size_t)n != strlen(name) || memcmp(target, name, (size_t)n) != 0)
        return 0;
    return runtime_dir_remove_file(dir_fd, HANDOFF_SYMLINK);
}

int runtime_dir_remove_handoff(RuntimeDir *r, const char *pool_id, const char *replica_id)
{
    FileName name;
    int q, q2;

    q = runtime_dir_handoff_name(pool_id, replica_id, &name);
    if (q < 0)
        return q;
    /* A link that stays must not keep the handoff in place: it is the file that routes requests. */
    q = remove_symlink_to(r->engines_fd, name.text);
    q2 = remove_own(r, name.text);
    return q2 < 0 ? q2 : q;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/macros.h"

/*
 * The runtime directory R (contract: files in R): pid, handoff, state, lease and registry files.
 * Every file is replaced atomically: a reader sees the old one or the new one, whole. All functions
 * return 0 or negative errno and change nothing on failure, where nothing else is said. -EINVAL: an
 * id that is none; -EFBIG: a text over PM_BODY_MAX, which nobody would read back; -ENOENT from a
 * write: the folder was deleted.
 */
typedef struct RuntimeDir RuntimeDir;

/*
 * Opens R (absolute path; its parent must exist), making it and its folders (0755 whatever the
 * umask) where they are missing, and sweeps temporary files that a killed manager left. Folders
 * that exist keep their modes. R may be a symbolic link, its folders may not: -ELOOP or -ENOTDIR.
 */
int runtime_dir_open(const char *path, RuntimeDir **ret);
RuntimeDir *runtime_dir_free(RuntimeDir *r);
/* Whether the paths of it and of its folders lead to what is open. */
bool runtime_dir_is_there(const RuntimeDir *r);

/*
 * Opens it and its folders by their paths again, making those that are missing. What was in those
 * that have gone is to be written again by the caller. Returns 0 or negative errno: then it is as
 * before.
 */
int runtime_dir_renew(RuntimeDir *r);

const char *runtime_dir_path(const RuntimeDir *r);

/* <pool>.pid: `pid` (at least 1) in decimal and a newline. */
int runtime_dir_write_pid(RuntimeDir *r, const char *pool_id, pid_t pid);
int runtime_dir_remove_pid(RuntimeDir *r, const char *pool_id); /* 0 too when there is none */

/*
 * engines/<pool>-<replica>.json with `text`, then engines/engine.json as a relative symlink to it,
 * replaced atomically. When only the second step fails, the file is removed again. A regular file
 * called engine.json is a handoff of somebody else's: it stays, there is no symlink then, and that
 * is no failure.
 */
int runtime_dir_write_handoff(RuntimeDir *r, const char *pool_id, const char *replica_id,
                              const char *text);
/*
 * Removes the file, and the symlink when it pointed to it (first, so that nobody follows it to
 * nowhere). 0 too when there is none. Other handoffs get no symlink for it: it only ever means the
 * one written last.
 */
int runtime_dir_remove_handoff(RuntimeDir *r, const char *pool_id, const char *replica_id);

/* Absolute paths, for answers; the caller frees. */
int runtime_dir_handoff_path(const RuntimeDir *r, const char *pool_id, const char *replica_id,
                             char **ret);
int runtime_dir_log_path(const RuntimeDir *r, const char *pool_id, char **ret);

/* state/<pool>.json: what a restarted manager needs of the pool. */
int runtime_dir_write_state(RuntimeDir *r, const char *pool_id, const char *text);
int runtime_dir_remove_state(RuntimeDir *r, const char *pool_id); /* 0 too when there is none */

/* leases/<pool>.json: the leases of its engine. */
int runtime_dir_write_leases(RuntimeDir *r, const char *pool_id, const char *text);
int runtime_dir_remove_leases(RuntimeDir *r, const char *pool_id); /* 0 too when there is none */

/*
 * Read all state files or all lease files, sorted by name, and call `f` for each with its `length`
 * bytes of text (NUL-terminated, valid during the call). For a file that cannot be used `text` is
 * NULL, `length` 0 and `error` a negative errno: -EFBIG over PM_BODY_MAX, -EISDIR a folder, -ELOOP
 * a symlink, -EINVAL some other kind of file, -EACCES and so on. Names that are no valid pool id
 * with ".json" are skipped. When `f` returns -ENOMEM, that is returned at once; any other negative
 * return of it sets that file aside, as well as that can be done: it is renamed to <name>.bad (the
 * newest one is kept). `f` may write and remove states and
 * leases.
 *
 * Return 0, or negative errno when the folder cannot be read, or when reading ran out of memory or
 * descriptors, which says nothing about the files: some were not shown to `f` then.
 */
typedef int (*RuntimeStateFunc)(const char *pool_id, const char *text, size_t length, int error,
                                void *userdata);
int runtime_dir_read_states(RuntimeDir *r, RuntimeStateFunc f, void *userdata);
int runtime_dir_read_leases(RuntimeDir *r, RuntimeStateFunc f, void *userdata);

/*
 * registry.json: what belongs to no pool. Reading gives its text (NUL-terminated; the caller frees
 * it) or -ENOENT when there is none, or one of the errors of the files above; -ENOMEM, -EMFILE and
 * -ENFILE say nothing about the file. Rejecting renames it to registry.json.bad (the newest one is
 * kept); 0 too when there is none.
 */
int runtime_dir_write_registry(RuntimeDir *r, const char *text);
int runtime_dir_read_registry(RuntimeDir *r, char **ret_text, size_t *ret_length);
int runtime_dir_reject_registry(RuntimeDir *r);

/* What the model provisioner writes for a pool: provision/<pool>.out and provision/<pool>.err. */
typedef enum ProvisionFile {
    PROVISION_OUTPUT,
    PROVISION_ERRORS,
    PROVISION_FILE_MAX,
} ProvisionFile;

/* The absolute path; the caller frees. */
int runtime_dir_provision_path(const RuntimeDir *r, const char *pool_id, ProvisionFile file,
                               char **ret);
int runtime_dir_remove_provision(RuntimeDir *r, const char *pool_id); /* both; 0 too without any */

DEFINE_CLEANUP(RuntimeDir *, runtime_dir_free)

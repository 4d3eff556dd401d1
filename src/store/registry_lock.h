/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macros.h"
#include "store/runtime_dir.h"

/*
 * registry.lock in the runtime directory (contract: files in R): an open-file-description lock over
 * the whole file, shared to read the registry, exclusive to change it. It is advisory and between
 * processes. The kernel does not tell who holds such a lock.
 *
 * Whoever deletes or replaces the file does not split those who lock: the lock that counts is the
 * one on the file that the name leads to, which is looked at after each locking. Where the name
 * leads elsewhere, that file is opened, or made, and locked instead. When the name leads nowhere
 * and no file can be made (the folder was deleted, the file system is full), nobody else can come
 * by that name either, and the file that is open serves.
 */
typedef struct RegistryLock RegistryLock;

/*
 * Opens the lock's file, making it (0600: who may lock it may hold up everybody) where it is
 * missing; takes no lock. `dir` must outlive *ret. Returns 0 or negative errno: -ELOOP: a symlink
 * stands there; -EISDIR, -EINVAL: a folder, some other kind of file; -EACCES and so on.
 */
int registry_lock_open(const RuntimeDir *dir, RegistryLock **ret);
/* Releases it where it is held. Returns NULL. */
RegistryLock *registry_lock_free(RegistryLock *l);

/*
 * Takes the lock, `exclusive` or shared, without waiting. Returns 0; -EAGAIN: another process holds
 * it, so try again later; -EDEADLK: it is held through `l` already (it does not nest); or what
 * registry_lock_open() returns, when the file was replaced. Not held after an error.
 */
int registry_lock_try(RegistryLock *l, bool exclusive);
/* Nothing happens when it is not held. */
void registry_lock_release(RegistryLock *l);

DEFINE_CLEANUP(RegistryLock *, registry_lock_free)

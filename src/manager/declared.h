/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/declared_files.h"
#include "manager/manager_internal.h"
#include "store/state_dir.h"
#include "json/declared_file.h"

/* The declared pools: inside of the manager, between the files declared*.c. */

typedef struct DeclaredPool {
    Manager *manager;
    char id[PM_ID_MAX + 1];
    DeclaredFile file;       /* path NULL: there is none (any more) */
    DeclaredRecord *record;  /* NULL: nothing was applied yet */
    bool due;                /* file and pool are to be compared */
    bool waits;              /* until something happens to the pool */
    bool told;               /* that it waits */
    bool leaving;            /* as in DeclaredCase; the record has it too, where there is one */
    DeclaredRecord *before;  /* the record from before this one; NULL: there was none */
    OperationWaiter *waiter; /* for a reload of ours; NULL: none */
} DeclaredPool;

struct DeclaredPools {
    DeclaredPool **items; /* sorted by id */
    size_t count, allocated;
    StateDir *store;
    char boot_id[BOOT_ID_LENGTH + 1];
    char **problems; /* of the last reading, those that are no pool's */
    sd_event_source *step;
};

DeclaredPool *declared_find(const Manager *m, const char *pool_id);
/* Returns 0 or -ENOMEM. */
int declared_ensure(Manager *m, const char *pool_id, DeclaredPool **ret);
/* Frees it, and takes it from the list. */
void declared_drop(DeclaredPool *d);
void declared_free(DeclaredPool *d);

/* declared_record.c: what was applied, on disk. */
int declared_records_open(Manager *m, const Settings *settings);
void declared_record_save(DeclaredPool *d);
void declared_record_remove(DeclaredPool *d);
/* Notes the file as it is as applied, in this boot; `made`: the pool was not there before. Returns
 * 0, or -ENOMEM with nothing changed. */
int declared_record_note(DeclaredPool *d, bool made);
/* It was not applied after all. */
void declared_record_take_back(DeclaredPool *d);

/* declared_step.c: does the next thing that makes the pool what its file says. */
void declared_step(DeclaredPool *d);

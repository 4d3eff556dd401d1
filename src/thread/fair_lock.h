/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <pthread.h>
#include <stdbool.h>

/*
 * A lock that threads get in the order in which they ask for it: with a mutex, one that gives it
 * back and asks at once is quicker than those who have to be woken up first, and they may starve.
 */

typedef struct FairWaiter FairWaiter;

typedef struct FairLock {
    pthread_mutex_t mutex; /* of what stands here, held for a moment */
    bool is_held;
    FairWaiter *first, *last; /* a list; `last` is something only where `first` is */
} FairLock;

#define FAIR_LOCK_INIT ((FairLock){.mutex = PTHREAD_MUTEX_INITIALIZER})

/* Waits as long as it takes. The thread must not hold it already. */
void fair_lock_take(FairLock *lock);
/* Gives it to the one that has waited longest. */
void fair_lock_give(FairLock *lock);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "thread/fair_lock.h"

#include <stddef.h>

/* On the stack of the thread that waits. */
struct FairWaiter {
    pthread_cond_t granted;
    bool is_granted;
    FairWaiter *next;
};

static void wait_in_line(FairLock *lock)
{
    FairWaiter me = {.granted = PTHREAD_COND_INITIALIZER};

    if (lock->first)
        lock->last->next = &me;
    else
        lock->first = &me;
    lock->last = &me;
    while (!me.is_granted)
        (void)pthread_cond_wait(&me.granted, &lock->mutex);
    (void)pthread_cond_destroy(&me.granted);
}

void fair_lock_take(FairLock *lock)
{
    (void)pthread_mutex_lock(&lock->mutex);
    if (lock->is_held)
        wait_in_line(lock);
    else
        lock->is_held = true;
    (void)pthread_mutex_unlock(&lock->mutex);
}

void fair_lock_give(FairLock *lock)
{
    FairWaiter *next;

    (void)pthread_mutex_lock(&lock->mutex);
    next = lock->first;
    if (next) {
        lock->first = next->next;
        next->is_granted = true;
        (void)pthread_cond_signal(&next->granted);
    } else {
        lock->is_held = false;
    }
    (void)pthread_mutex_unlock(&lock->mutex);
}

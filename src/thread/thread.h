/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <pthread.h>
#include <stddef.h>

/* Threads for what may take long, beside the one that runs the loop. */

/*
 * Runs `f` with a stack of `stack_bytes`. No signal of the process is delivered to the thread.
 * `ret` NULL: nobody will join it. Returns 0 or negative errno.
 */
int thread_start(size_t stack_bytes, void *(*f)(void *), void *userdata, pthread_t *ret);

/* A condition whose deadlines are on the monotonic clock. */
void thread_condition_init(pthread_cond_t *condition);

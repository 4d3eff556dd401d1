/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "base/usec.h"

/*
 * Runs a program, argv[0] being its absolute path, and waits for its end; not on the loop. Its
 * standard output goes into `buffer` with a NUL behind; its input is empty, its messages are
 * dropped. A program that has not ended `within` that time, or that prints more, is killed.
 *
 * Returns its exit status, 128 and the signal for one that a signal has ended; -ETIMEDOUT; -EFBIG;
 * or another negative errno, of starting it.
 */
int child_output(const char *const argv[], usec_t within, char *buffer, size_t size);

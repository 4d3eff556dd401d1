/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/parse.h"

/*
 * What the fuzz targets share. Each is one file with this function: libFuzzer calls it with bytes
 * that it makes up, replay.c with those of the files of a corpus. What is found wrong aborts.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Called once before the first input, where a target has it. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define REQUIRE(condition)                                                                 \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                       \
        }                                                                                  \
    } while (0)

/* The bytes with nothing behind them, so that a read too far is seen. The caller frees them. */
static inline char *fuzz_bytes(const uint8_t *data, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);

    REQUIRE(copy);
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

/* The bytes up to the first NUL, if any, with one behind them. The caller frees them. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *copy = strndup((const char *)data, size);

    REQUIRE(copy);
    return copy;
}

/* Takes the first byte away; 0 when there is none. */
static inline uint8_t fuzz_take(const uint8_t **data, size_t *size)
{
    if (*size == 0)
        return 0;
    (*size)--;
    return *(*data)++;
}

/* The outcome of a reader: 0, or an error that a user can do something with. Returns whether it is
 * the former. */
static inline bool fuzz_accepted(int r, const Error *error)
{
    if (r >= 0) {
        REQUIRE(!error_is_set(error));
        return true;
    }
    REQUIRE(r == -EINVAL);
    REQUIRE(error_is_set(error) && error->text[0]);
    REQUIRE(utf8_is_valid(error->text, strlen(error->text)));
    REQUIRE(utf8_is_valid(error->field, strlen(error->field)));
    return false;
}

/* The same of a request's body: the error says which field is to blame. */
static inline bool fuzz_accepted_body(int r, const Error *error)
{
    bool accepted = fuzz_accepted(r, error);

    REQUIRE(error->code != PM_ERROR_INVALID_FIELD || error->field[0]);
    return accepted;
}

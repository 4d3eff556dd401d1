/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"

enum {
    CACHE_KEY_HEX = 32,   /* 128 bits of a digest: nobody finds two addresses with the same */
    CACHE_TAIL_MAX = 100, /* bytes; leaves room for what stands before it in a file's name */
};

/* An http: or https: address of a model, in the shapes that are needed of it. */
typedef struct WebAddress {
    char *url;   /* to ask for: without a fragment */
    char *shown; /* for people and logs: without user, password and query, which may be secret */
    bool is_https;
    char key[CACHE_KEY_HEX + 1]; /* tells it from other addresses, whoever asks for it */
    char tail[CACHE_TAIL_MAX +
              1]; /* [A-Za-z0-9._-]: by what people know the model; not "." first */
} WebAddress;

/*
 * Takes an address apart. `text` is NUL-terminated, free of control characters and without a
 * fragment. Returns 0; -EINVAL with `error` set, which does not repeat what may be secret; or
 * -ENOMEM with `error` set.
 */
int web_address_parse(const char *text, WebAddress *ret, Error *error);

void web_address_done(WebAddress *a);

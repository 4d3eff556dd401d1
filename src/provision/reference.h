/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "provision/sha256.h"
#include "provision/web_address.h"

typedef enum ReferenceKind {
    REFERENCE_PATH, /* a plain path or a file: address */
    REFERENCE_WEB,  /* http: or https: */
    REFERENCE_MAX,
    REFERENCE_INVALID = -EINVAL,
} ReferenceKind;

/* What names a model (contract: model provisioner). */
typedef struct Reference {
    ReferenceKind kind;
    char *path;                  /* of REFERENCE_PATH: absolute, UTF-8, without ".." */
    WebAddress address;          /* of REFERENCE_WEB */
    char sha256[SHA256_HEX + 1]; /* lower case; "": any content will do */
} Reference;

/*
 * Reads a reference: an absolute path, file:/path, file:///path, file://localhost/path,
 * http://… or https://…, each with "#sha256=" and 64 hex digits behind it or not; at most
 * PM_STRING_MAX bytes. In a file: address %XX stands for a byte. Returns 0; -EINVAL or -ENOMEM with
 * `error` set.
 */
int reference_parse(const char *text, Reference *ret, Error *error);

void reference_done(Reference *reference);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/options.h"
#include "provision/progress.h"
#include "provision/reference.h"

/* A model that is there. */
typedef struct Model {
    char *path;                  /* absolute */
    char sha256[SHA256_HEX + 1]; /* "": not known */
} Model;

/*
 * Fetches what `reference`, of kind REFERENCE_WEB, names into the cache, or finds that it is there:
 * without a request where its digest is given, else with one conditional request. Waits for as long
 * as that takes. Returns 0, or negative errno with `error` set. The caller frees ret->path.
 */
int download(const Options *options, const Reference *reference, Progress *progress, Model *ret,
             Error *error);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The OpenAPI 3.1 document of the API, made from the route table, the schema table and the error
 * table. `has_token`: requests need one. HEAD and OPTIONS, which every path has that it should, are
 * left out; /v2 is a second server. Returns 0 or -ENOMEM.
 */
int openapi_describe(bool has_token, char **ret, size_t *ret_length);

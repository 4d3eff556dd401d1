/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "http/route.h"

/* The larger parts of an operation in the OpenAPI document. NULL when out of memory. */

/* The parameters of path and query, and the headers that matter. */
json_object *openapi_parameters(const Route *route);

/* Each status that the operation may answer with; "default" is for the errors that are the same
 * everywhere and have nothing to do with the operation. */
json_object *openapi_responses(const Route *route, bool has_token);

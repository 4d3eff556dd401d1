/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/request.h"

/* Answers that tell what was taken but had no effect. */

/* Answers with `object` (the reference is taken; NULL: there was no memory for it) and a member
 * "warnings". */
void answer_warned(HttpRequest *request, unsigned status, json_object *object,
                   char *const *warnings);

/* The same with the status of the pool of the request as it is now: how a command that is done at
 * once is answered. */
void answer_pool(HttpRequest *request, bool is_new, char *const *warnings);

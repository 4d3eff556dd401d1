/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/*
 * Whether the value of an Authorization header (NULL: none) is "Bearer" with this token (RFC 6750;
 * contract: "Who may"). The time it takes depends on what the client sent, not on the token, and
 * not on how much of it is right.
 */
bool auth_bearer_is(const char *value, const char *token);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <strings.h>

#include "base/macros.h"
#include "http/auth.h"

/* Every byte that was given is compared, with the token repeated where it is shorter. */
static bool equal_in_constant_time(const char *given, const char *token)
{
    size_t length = strlen(given), token_length = strlen(token);
    volatile size_t difference = length ^ token_length;

    for (size_t i = 0, j = 0; i < length; i++, j++) {
        if (j >= token_length)
            j = 0;
        difference |= (unsigned char)given[i] ^ (unsigned char)token[j];
    }
    return difference == 0;
}

bool auth_bearer_is(const char *value, const char *token)
{
    static const char scheme[] = "Bearer ";

    if (!value || strncasecmp(value, scheme, strlen(scheme)) != 0)
        return false;
    value += strlen(scheme);
    value += strspn(value, " ");
    return equal_in_constant_time(value, token);
}

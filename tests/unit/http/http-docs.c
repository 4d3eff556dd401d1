/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/macros.h"
#include "http/openapi.h"

/* Prints the description of the HTTP API, for docs/http/generate. */
int main(void)
{
    _cleanup_free_ char *text = NULL;
    size_t length;

    if (openapi_describe(true, &text, &length) < 0)
        return EXIT_FAILURE;
    return fwrite(text, 1, length, stdout) == length && fflush(stdout) == 0 ? EXIT_SUCCESS
                                                                            : EXIT_FAILURE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "json/provision_answer.h"

/* What the model provisioner prints: its answer, and its lines of progress. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_bytes(data, size), *path = NULL;
    uint64_t percent = UINT64_MAX;
    Error error = {0};
    int r = provision_progress_parse(text, size, &percent);

    REQUIRE(r == -EINVAL || (r == 0 && percent <= 100));
    if (fuzz_accepted(provision_answer_parse(text, size, &path, &error), &error))
        REQUIRE(path_is_absolute_and_plain(path));
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "probe/outcome.h"

/* The head of the answer to a health check, line by line as libcurl hands it on, however the
 * transfer then ended: the first byte is libcurl's code. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Transfer transfer = {
            .code = (CURLcode)(fuzz_take(&data, &size) % CURL_LAST),
            .os_errno = fuzz_take(&data, &size),
            .began = size > 0,
    };
    Answer answer = {.state = ANSWER_STATUS_LINE};
    Outcome outcome;
    bool more = true;

    while (size > 0 && more) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t n = end ? (size_t)(end + 1 - data) : size;
        _cleanup_free_ char *line = fuzz_bytes(data, n);

        more = answer_feed(&answer, line, n);
        data += n;
        size -= n;
    }
    REQUIRE(answer.header_bytes <= ANSWER_HEADER_MAX);
    outcome_judge(&answer, &transfer, 1500000, &outcome);
    REQUIRE(outcome.good == (outcome.error[0] == '\0'));
    REQUIRE(!outcome.good || (answer.state == ANSWER_COMPLETE && answer.status == 200));
    return 0;
}

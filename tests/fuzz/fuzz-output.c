/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/output_class.h"
#include "fuzz.h"

/* What an engine has written, line by line. */

static void require_whole(const OutputTail *tail)
{
    char text[OUTPUT_TEXT_MAX];

    output_tail_text(tail, text);
    REQUIRE(strlen(text) < sizeof(text));
    REQUIRE(tail->failure >= FAILURE_NONE && tail->failure < FAILURE_MAX);
    REQUIRE(strlen(tail->line) <= OUTPUT_LINE_MAX);
    /* What explains the end is among what is shown. */
    REQUIRE(!tail->line[0] || strstr(text, tail->line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_text(data, size);
    char *rest = text, *line;
    OutputTail tail = {.count = 0};

    while ((line = strsep(&rest, "\n"))) {
        FailureClass class = output_line_classify(line);

        REQUIRE(class >= FAILURE_NONE && class < FAILURE_MAX);
        output_tail_add(&tail, line);
        REQUIRE(strlen(tail.line) <= OUTPUT_LINE_MAX);
    }
    require_whole(&tail);
    return 0;
}

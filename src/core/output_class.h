/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/classify.h"
#include "core/event.h"

/*
 * What the output of an engine tells of its end (B-SUPER-003): by the words that llama.cpp, vLLM,
 * PyTorch, CUDA, ROCm and the drivers use for failures that have a class of their own.
 */

enum {
    OUTPUT_LINES_MAX = 20,   /* lines that are kept */
    OUTPUT_TEXT_MAX = 4096,  /* bytes of output_tail_text(), NUL included */
    OUTPUT_LOOKED_AT = 1024, /* bytes of a line that are looked at; it may be longer */
};

/*
 * FAILURE_CUDA, FAILURE_VRAM_OOM, FAILURE_OUT_OF_MEMORY (of the host), FAILURE_DRIVER_RESET, or
 * FAILURE_NONE, which most lines tell of. Case does not matter.
 */
FailureClass output_line_classify(const char *line);

/* The end of an engine's output, taken in line by line. A zeroed one is empty. */
typedef struct OutputTail {
    char lines[OUTPUT_LINES_MAX][OUTPUT_LINE_MAX + 1]; /* of line n at n % OUTPUT_LINES_MAX */
    size_t count;                                      /* lines so far */
    FailureClass failure;
    bool is_error;  /* `line` is more than the last one */
    bool traceback; /* of Python, which says what it was about at the end */
    char line[OUTPUT_LINE_MAX + 1];
} OutputTail;

/*
 * Takes in the next line, without its newline; an empty one counts for nothing. From then on
 * tail->failure and tail->line say what explains the end best: the first line of the most specific
 * class, with none the first one that speaks of an error (after a traceback the last one), else the
 * last one. What was said before
 * the engine reported that it is up, or went on another way, explains nothing any more.
 */
void output_tail_add(OutputTail *tail, const char *line);

/*
 * The lines that are kept, as one text with newlines between them, at most OUTPUT_TEXT_MAX - 1
 * bytes: the newest whole ones. The explaining line comes first when it is not among them.
 */
void output_tail_text(const OutputTail *tail, char buffer[static OUTPUT_TEXT_MAX]);

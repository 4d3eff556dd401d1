/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the shells' completion calls: poolctl --complete WORD..., for which help says nothing. */
#define COMPLETE_OPTION "--complete"

/*
 * Prints what the last of `words` may become, one a line: the whole word, and behind a tab what it
 * means. `words` are those of the command line up to the cursor, without poolctl itself. A line
 * ":file" or ":command" asks the shell for its own files or commands. Returns the exit status,
 * which is always 0: nobody wants errors while typing.
 */
int complete(char *const *words);

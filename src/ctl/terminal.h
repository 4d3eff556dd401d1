/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "base/macros.h"

/* What is written to people's terminals. */

typedef enum Color {
    COLOR_NORMAL,
    COLOR_BOLD,
    COLOR_GREEN,
    COLOR_YELLOW,
    COLOR_RED,
    COLOR_GREY,
} Color;

/* The escape sequence that switches `stream` to `color`: "" where it is no terminal, or people want
 * none ($NO_COLOR, $TERM). */
const char *terminal_color(FILE *stream, Color color);

/* The columns of `stream`: $COLUMNS, else the terminal's; SIZE_MAX where it is none. */
size_t terminal_width(FILE *stream);

/* Whether people's texts may hold more than ASCII. */
bool terminal_is_utf8(void);

/*
 * A copy in which control characters and bytes that are no text are escaped ("\x1b"), so that what
 * an engine says cannot drive the terminal. NULL when out of memory.
 */
char *terminal_safe(const char *s);

/* How many columns the text takes; it must be safe. */
size_t text_columns(const char *s);

/* A copy of at most `columns` columns, ending in an ellipsis where something was cut. NULL when out
 * of memory. */
char *text_ellipsize(const char *s, size_t columns);

/* The colour of a pool's state. */
Color state_color(const char *state);

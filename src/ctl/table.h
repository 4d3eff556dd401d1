/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "ctl/terminal.h"

/* A table of aligned columns that fits the width it is given. */
typedef struct Table Table;

typedef struct TableColumn {
    const char *header;
    bool right;         /* align right: numbers */
    size_t min_columns; /* it may be cut down to this when the line is too long; SIZE_MAX: never cut
                         */
    bool spare;         /* cut before the others are */
} TableColumn;

/* `columns` must outlive the table. Returns 0 or -ENOMEM. */
int table_new(const TableColumn *columns, size_t n_columns, Table **ret);
Table *table_free(Table *t);

/* The next cell, row by row. `text` may hold anything; NULL and "" are shown as "-". Returns 0 or
 * -ENOMEM. */
int table_add(Table *t, const char *text, Color color);
int table_addf(Table *t, Color color, const char *format, ...) _printf_(3, 4);

/* Writes the rows, under their headers when `legend`, in at most `width` columns where the columns'
 * minima allow that. Returns 0 or -ENOMEM. */
int table_print(const Table *t, FILE *f, size_t width, bool legend);

DEFINE_CLEANUP(Table *, table_free)

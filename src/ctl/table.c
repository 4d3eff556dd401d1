/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>

enum {
    GAP = 2,
    TABLE_COLUMNS_MAX = 16,
};

typedef struct Cell {
    char *text; /* safe */
    Color color;
} Cell;

struct Table {
    const TableColumn *columns;
    size_t n_columns;
    Cell *cells;
    size_t n_cells;
    size_t allocated;
};

int table_new(const TableColumn *columns, size_t n_columns, Table **ret)
{
    Table *t;

    if (n_columns == 0 || n_columns > TABLE_COLUMNS_MAX)
        return -EINVAL;
    t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    t->columns = columns;
    t->n_columns = n_columns;
    *ret = t;
    return 0;
}

Table *table_free(Table *t)
{
    if (!t)
        return NULL;
    for (size_t i = 0; i < t->n_cells; i++)
        free(t->cells[i].text);
    free(t->cells);
    free(t);
    return NULL;
}

int table_add(Table *t, const char *text, Color color)
{
    if (t->n_cells == t->allocated) {
        size_t allocated = t->allocated ? 2 * t->allocated : 64;
        Cell *cells = reallocarray(t->cells, allocated, sizeof(*cells));

        if (!cells)
            return -ENOMEM;
        t->cells = cells;
        t->allocated = allocated;
    }
    text = terminal_safe(text && text[0] ? text : "-");
    if (!text)
        return -ENOMEM;
    memcpy(&t->cells[t->n_cells].text, &text, sizeof(text));
    t->cells[t->n_cells++].color = color;
    return 0;
}

int table_addf(Table *t, Color color, const char *format, ...)
{
    _cleanup_free_ char *text = NULL;
    va_list ap;
    int r;

    va_start(ap, format);
    r = vasprintf(&text, format, ap);
    va_end(ap);
    if (r < 0) {
        text = NULL;
        return -ENOMEM;
    }
    return table_add(t, text, color);
}

static void natural_widths(const Table *t, bool legend, size_t *widths)
{
    size_t column = 0;

    for (size_t i = 0; i < t->n_columns; i++)
        widths[i] = legend ? strlen(t->columns[i].header) : 0;
    for (size_t i = 0; i < t->n_cells; i++) {
        size_t columns = text_columns(t->cells[i].text);

        if (columns > widths[column])
            widths[column] = columns;
        column = column + 1 < t->n_columns ? column + 1 : 0;
    }
}

/* Takes columns away from the widest of those that may lose some, until the line fits (`total` is
 * its width) or none is left. Returns the new width. */
static size_t shrink(const Table *t, size_t width, size_t total, bool only_spare, size_t *widths)
{
    while (total > width) {
        size_t widest = SIZE_MAX;

        for (size_t i = 0; i < t->n_columns; i++)
            if ((t->columns[i].spare || !only_spare) && widths[i] > t->columns[i].min_columns &&
                (widest == SIZE_MAX || widths[i] > widths[widest]))
                widest = i;
        if (widest == SIZE_MAX)
            break;
        widths[widest]--;
        total--;
    }
    return total;
}

static void fit_widths(const Table *t, size_t width, size_t *widths)
{
    size_t total = (t->n_columns - 1) * GAP;

    for (size_t i = 0; i < t->n_columns; i++)
        total += widths[i];
    total = shrink(t, width, total, true, widths);
    (void)shrink(t, width, total, false, widths);
}

static int print_cell(const Table *t, FILE *f, size_t column, const char *text, Color color,
                      size_t width)
{
    bool last = column + 1 == t->n_columns;
    _cleanup_free_ char *cut = NULL;
    int padding;

    cut = text_ellipsize(text, width);
    if (!cut)
        return -ENOMEM;
    padding = (int)(width - text_columns(cut));
    if (t->columns[column].right)
        fprintf(f, "%*s", padding, "");
    if (color == COLOR_NORMAL)
        fputs(cut, f);
    else
        fprintf(f, "%s%s%s", terminal_color(f, color), cut, terminal_color(f, COLOR_NORMAL));
    if (!last)
        fprintf(f, "%*s", (t->columns[column].right ? 0 : padding) + GAP, "");
    else
        fputc('\n', f);
    return 0;
}

int table_print(const Table *t, FILE *f, size_t width, bool legend)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0};
    size_t column = 0;
    int r;

    natural_widths(t, legend, widths);
    fit_widths(t, width, widths);
    for (size_t i = 0; legend && i < t->n_columns; i++) {
        r = print_cell(t, f, i, t->columns[i].header, COLOR_BOLD, widths[i]);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < t->n_cells; i++) {
        r = print_cell(t, f, column, t->cells[i].text, t->cells[i].color, widths[column]);
        if (r < 0)
            return r;
        column = column + 1 < t->n_columns ? column + 1 : 0;
    }
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/terminal.h"

#include <langinfo.h>
#include <limits.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <wchar.h>

#include "base/parse.h"
#include "base/text.h"

static bool color_is_wanted(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(fileno(stream)) && !(no_color && no_color[0]) && term && !streq(term, "dumb");
}

const char *terminal_color(FILE *stream, Color color)
{
    static const char *const sequences[] = {
            [COLOR_NORMAL] = "\033[0m",    [COLOR_BOLD] = "\033[1m",   [COLOR_GREEN] = "\033[1;32m",
            [COLOR_YELLOW] = "\033[1;33m", [COLOR_RED] = "\033[1;31m", [COLOR_GREY] = "\033[90m",
    };

    return color_is_wanted(stream) ? sequences[color] : "";
}

size_t terminal_width(FILE *stream)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    uint64_t n;

    if (columns && parse_u64(columns, 1, UINT16_MAX, &n) >= 0)
        return n;
    if (isatty(fileno(stream)) && ioctl(fileno(stream), TIOCGWINSZ, &size) >= 0 && size.ws_col > 0)
        return size.ws_col;
    return SIZE_MAX;
}

bool terminal_is_utf8(void)
{
    return streq(nl_langinfo(CODESET), "UTF-8");
}

/* The next character of `s`: its bytes in *ret_length, its columns returned; -1 for what is not
 * printable text. */
static int next_character(const char *s, mbstate_t *state, size_t *ret_length)
{
    wchar_t c;
    size_t n;

    n = mbrtowc(&c, s, MB_LEN_MAX, state);
    if (n == (size_t)-1 || n == (size_t)-2 || n == 0) {
        memset(state, 0, sizeof(*state));
        *ret_length = 1;
        return -1;
    }
    *ret_length = n;
    return wcwidth(c);
}

char *terminal_safe(const char *s)
{
    Text text = {0};
    mbstate_t state = {0};
    char *safe;
    size_t length;

    for (; *s; s += length) {
        if (next_character(s, &state, &length) >= 0) {
            text_append_bytes(&text, s, length);
            continue;
        }
        for (size_t i = 0; i < length; i++)
            text_printf(&text, "\\x%02x", (unsigned)(unsigned char)s[i]);
    }
    return text_take(&text, &safe) < 0 ? NULL : safe;
}

size_t text_columns(const char *s)
{
    mbstate_t state = {0};
    size_t columns = 0, length;

    for (; *s; s += length) {
        int width = next_character(s, &state, &length);

        columns += width > 0 ? (size_t)width : 0;
    }
    return columns;
}

char *text_ellipsize(const char *s, size_t columns)
{
    const char *ellipsis = terminal_is_utf8() ? "…" : ".";
    Text text = {0};
    mbstate_t state = {0};
    size_t used = 0, length;
    char *cut;

    if (text_columns(s) <= columns)
        return strdup(s);
    for (; *s && columns > 0; s += length) {
        int width = next_character(s, &state, &length);

        used += width > 0 ? (size_t)width : 0;
        if (used > columns - 1)
            break;
        text_append_bytes(&text, s, length);
    }
    if (columns > 0)
        text_append(&text, ellipsis);
    return text_take(&text, &cut) < 0 ? NULL : cut;
}

Color state_color(const char *state)
{
    static const struct {
        const char *state;
        Color color;
    } colors[] = {
            {"ready", COLOR_GREEN},     {"external", COLOR_GREEN}, {"preflight", COLOR_YELLOW},
            {"starting", COLOR_YELLOW}, {"warming", COLOR_YELLOW}, {"draining", COLOR_YELLOW},
            {"stopping", COLOR_YELLOW}, {"backoff", COLOR_YELLOW}, {"adopting", COLOR_YELLOW},
            {"tripped", COLOR_RED},     {"failed", COLOR_RED},
    };

    for (size_t i = 0; i < ELEMENTSOF(colors); i++)
        if (streq(state, colors[i].state))
            return colors[i].color;
    return COLOR_NORMAL;
}

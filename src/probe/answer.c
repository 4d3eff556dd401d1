/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/answer.h"

#include "base/macros.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.0 200" or "HTTP/1.1 200", then a space or the end of the line (RFC 9112, section 4). */
static bool parse_status_line(const char *line, size_t n, unsigned *ret)
{
    const char *s;

    if (n < strlen("HTTP/1.x 200\n") || memcmp(line, "HTTP/1.", strlen("HTTP/1.")) != 0)
        return false;
    if ((line[7] != '0' && line[7] != '1') || line[8] != ' ')
        return false;
    s = line + strlen("HTTP/1.x ");
    if (!is_digit(s[0]) || !is_digit(s[1]) || !is_digit(s[2]))
        return false;
    if (s[3] != ' ' && s[3] != '\r' && s[3] != '\n')
        return false;
    *ret = (unsigned)(s[0] - '0') * 100 + (unsigned)(s[1] - '0') * 10 + (unsigned)(s[2] - '0');
    return true;
}

/* The state after a line that is within the bound. */
static AnswerState next_state(Answer *a, const char *line, size_t n)
{
    if (a->state == ANSWER_STATUS_LINE)
        return parse_status_line(line, n, &a->status) ? ANSWER_FIELDS : ANSWER_NOT_HTTP;
    if (n > 0 && line[0] != '\r' && line[0] != '\n')
        return ANSWER_FIELDS;
    /* The empty line. An interim answer, 1xx, is followed by another one. */
    return a->status < 200 ? ANSWER_STATUS_LINE : ANSWER_COMPLETE;
}

bool answer_feed(Answer *a, const char *line, size_t n)
{
    if (a->state != ANSWER_STATUS_LINE && a->state != ANSWER_FIELDS)
        return false;
    a->state = n > ANSWER_HEADER_MAX - a->header_bytes ? ANSWER_TOO_LARGE : next_state(a, line, n);
    if (a->state != ANSWER_TOO_LARGE)
        a->header_bytes += n;
    return a->state == ANSWER_STATUS_LINE || a->state == ANSWER_FIELDS;
}

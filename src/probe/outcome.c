/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/outcome.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/macros.h"
#include "base/shortage.h"

/* CURLE_TOO_LARGE, which libcurl has since 8.6; before, it was CURLE_OUT_OF_MEMORY. */
#define CODE_TOO_LARGE ((CURLcode)100)

static _printf_(2, 3) void bad(Outcome *o, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(o->error, sizeof(o->error), format, ap);
    va_end(ap);
}

static void bad_timeout(Outcome *o, usec_t timeout_usec)
{
    if (timeout_usec % USEC_PER_SEC == 0)
        bad(o, "no answer within %" PRIu64 " s", timeout_usec / USEC_PER_SEC);
    else
        bad(o, "no answer within %" PRIu64 " ms", usec_to_ms(timeout_usec + USEC_PER_MSEC - 1));
}

static void bad_connect(Outcome *o, long os_errno)
{
    char buffer[64];

    if (os_errno == ECONNREFUSED)
        bad(o, "connection refused");
    else if (os_errno > 0)
        bad(o, "cannot connect: %s", strerror_r((int)os_errno, buffer, sizeof(buffer)));
    else
        bad(o, "cannot connect");
}

/* What we run out of ourselves. */
static bool is_own_shortage(const Transfer *t)
{
    if (t->was_short)
        return true;
    if (t->code == CURLE_OUT_OF_MEMORY)
        return !t->began;
    return t->code == CURLE_COULDNT_CONNECT &&
           (errno_is_shortage(-(int)t->os_errno) || t->os_errno == ENOBUFS);
}

static void bad_size(Outcome *o)
{
    bad(o, "answered with more than %d KiB of headers", ANSWER_HEADER_MAX / 1024);
}

/* The answer is not complete: libcurl says why. */
static void judge_transfer(Outcome *o, const Transfer *t, usec_t timeout_usec)
{
    CURLcode code = t->code;

    o->not_made = is_own_shortage(t);
    /* Not a switch: it would have to list all of libcurl's hundred codes. */
    if (code == CURLE_OPERATION_TIMEDOUT)
        bad_timeout(o, timeout_usec);
    else if (code == CURLE_COULDNT_CONNECT)
        bad_connect(o, t->os_errno);
    else if (code == CURLE_COULDNT_RESOLVE_HOST)
        bad(o, "the host name has no address");
    else if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY)
        bad(o, "answered with something that is not HTTP");
    else if (code == CURLE_OK || code == CURLE_GOT_NOTHING || code == CURLE_PARTIAL_FILE ||
             code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR)
        bad(o, "connection closed before an answer");
    else if (code == CODE_TOO_LARGE || (code == CURLE_OUT_OF_MEMORY && t->began))
        bad_size(o); /* a single line over 100 KiB, which answer_feed() never sees */
    else
        bad(o, "the try failed: %s", curl_easy_strerror(code));
}

void outcome_judge(const Answer *answer, const Transfer *transfer, usec_t timeout_usec,
                   Outcome *ret)
{
    *ret = (Outcome){.good = answer->state == ANSWER_COMPLETE && answer->status == 200};
    if (ret->good)
        return;
    if (answer->state == ANSWER_COMPLETE)
        bad(ret, "answered with status %u", answer->status);
    else if (answer->state == ANSWER_NOT_HTTP)
        bad(ret, "answered with something that is not HTTP");
    else if (answer->state == ANSWER_TOO_LARGE)
        bad_size(ret);
    else
        judge_transfer(ret, transfer, timeout_usec);
}

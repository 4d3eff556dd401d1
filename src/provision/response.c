/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/response.h"

#include <stdio.h>

#include "base/parse.h"
#include "provision/failure.h"

typedef struct ContentRange {
    uint64_t first; /* RECORD_UNKNOWN: no range, only a size ("bytes *" "/N") */
    uint64_t total; /* RECORD_UNKNOWN: not said */
} ContentRange;

const char *validators_strong(const Validators *v)
{
    if (v->etag[0] && !startswith(v->etag, "W/"))
        return v->etag;
    return v->last_modified[0] ? v->last_modified : NULL;
}

/* "bytes 5-9/10", "bytes 5-9/" "*" or "bytes *" "/10" (RFC 9110, 14.4). */
static int parse_content_range(const char *s, ContentRange *ret)
{
    ContentRange range = {RECORD_UNKNOWN, RECORD_UNKNOWN};
    char span[48], number[24];
    const char *slash;
    size_t n;

    if (!s || strncasecmp(s, "bytes ", 6) != 0)
        return -EINVAL;
    s += 6;
    slash = strchr(s, '/');
    if (!slash || (size_t)(slash - s) >= sizeof(span))
        return -EINVAL;
    (void)snprintf(span, sizeof(span), "%.*s", (int)(slash - s), s);
    if (!streq(slash + 1, "*") && parse_u64(slash + 1, 0, INT64_MAX, &range.total) < 0)
        return -EINVAL;
    if (!streq(span, "*")) {
        n = strcspn(span, "-");
        if (n >= sizeof(number))
            return -EINVAL;
        (void)snprintf(number, sizeof(number), "%.*s", (int)n, span);
        if (parse_u64(number, 0, INT64_MAX, &range.first) < 0)
            return -EINVAL;
    }
    *ret = range;
    return 0;
}

static bool differ(const char *a, const char *b)
{
    return a[0] && b[0] && !streq(a, b);
}

static bool of_another_version(const Response *response, uint64_t total, const PartRecord *part)
{
    return differ(response->validators.etag, part->validators.etag) ||
           differ(response->validators.last_modified, part->validators.last_modified) ||
           (total != RECORD_UNKNOWN && part->total != RECORD_UNKNOWN && total != part->total);
}

static ResponseVerdict judge_whole(const Response *response, const Asked *asked,
                                   uint64_t *ret_total, Error *error)
{
    if (response->content_length == RECORD_UNKNOWN && !response->end_is_marked &&
        !asked->digest_known) {
        error_set(error, FAILURE_FINAL, NULL,
                  "%s does not tell the size of the file, so that a broken connection cannot be "
                  "told from its end; add #sha256=<digest>",
                  asked->shown);
        return RESPONSE_FAILED;
    }
    *ret_total = response->content_length;
    return RESPONSE_WHOLE;
}

static ResponseVerdict judge_part(const Response *response, const Asked *asked, uint64_t *ret_total,
                                  Error *error)
{
    ContentRange range;

    if (asked->offset == 0) {
        error_set(error, FAILURE_FINAL, NULL,
                  "%s answers with a part of the file though the whole was asked for",
                  asked->shown);
        return RESPONSE_FAILED;
    }
    if (parse_content_range(response->content_range, &range) < 0 || range.first != asked->offset ||
        of_another_version(response, range.total, asked->part))
        return RESPONSE_RESTART;
    *ret_total = range.total != RECORD_UNKNOWN ? range.total : asked->part->total;
    return RESPONSE_CONTINUES;
}

/* 416: there is nothing from the offset on. */
static ResponseVerdict judge_no_part(const Response *response, const Asked *asked)
{
    ContentRange range;

    if (parse_content_range(response->content_range, &range) >= 0 && range.total == asked->offset &&
        !of_another_version(response, range.total, asked->part))
        return RESPONSE_COMPLETE;
    return RESPONSE_RESTART;
}

static ResponseVerdict refuse(const Response *response, const Asked *asked, Error *error)
{
    const int status = (int)response->status;

    if (status == 408 || status == 425 || status == 429 ||
        (status >= 500 && status != 501 && status != 505))
        error_set(error, FAILURE_TEMPORARY, NULL,
                  "%s answers %d; the server is busy or out of order, try again later",
                  asked->shown, status);
    else if (status == 401 || status == 403 || status == 407)
        error_set(error, FAILURE_FINAL, NULL,
                  "%s answers %d: it may not be read without a login, or with this one",
                  asked->shown, status);
    else if (status == 404 || status == 410)
        error_set(error, FAILURE_FINAL, NULL,
                  "%s answers %d: there is no such file; check the "
                  "address",
                  asked->shown, status);
    else
        error_set(error, FAILURE_FINAL, NULL,
                  "%s answers %d instead of the file; check the "
                  "address",
                  asked->shown, status);
    return RESPONSE_FAILED;
}

ResponseVerdict response_judge(const Response *response, const Asked *asked, uint64_t *ret_total,
                               Error *error)
{
    switch (response->status) {
    case 200:
        return judge_whole(response, asked, ret_total, error);
    case 206:
        return judge_part(response, asked, ret_total, error);
    case 304:
        return asked->unless_unchanged ? RESPONSE_UNCHANGED : refuse(response, asked, error);
    case 416:
        return asked->offset > 0 ? judge_no_part(response, asked) : refuse(response, asked, error);
    default:
        return refuse(response, asked, error);
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/transfer.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "provision/clock.h"
#include "provision/failure.h"
#include "provision/response.h"
#include "provision/transfer_error.h"
#include "json/check.h"

enum {
    BUFFER_BYTES = 256 * 1024,
};

typedef struct Run {
    const Transfer *transfer;
    CURL *easy;
    struct curl_slist *headers;
    Asked asked;
    ResponseVerdict verdict; /* RESPONSE_MAX: no answer yet */
    uint64_t total;
    bool looks_good; /* the file starts as a model does */
    bool refused;    /* the transfer was ended by us */
    bool no_place;   /* because of our own disk */
    curl_off_t received;
    usec_t received_usec; /* when that last changed */
    char detail[CURL_ERROR_SIZE];
    Error *error;
} Run;

static const char *shown(const Run *run)
{
    return run->transfer->cache->address->shown;
}

/* The header of the last answer; "" when it has none, or none that we would want to keep. */
static void copy_header(CURL *easy, const char *name, char *ret, size_t size)
{
    struct curl_header *header;

    ret[0] = '\0';
    if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK &&
        strlen(header->value) < size && !check_printable(header->value))
        (void)snprintf(ret, size, "%s", header->value);
}

static void read_response(CURL *easy, char range[64], Response *ret)
{
    Response response = {.content_length = RECORD_UNKNOWN};
    char encoding[64];
    curl_off_t length = -1;
    long version = 0;

    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &response.status);
    (void)curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    (void)curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length >= 0)
        response.content_length = (uint64_t)length;
    copy_header(easy, "Transfer-Encoding", encoding, sizeof(encoding));
    response.end_is_marked = encoding[0] || version >= CURL_HTTP_VERSION_2_0;
    copy_header(easy, "ETag", response.validators.etag, sizeof(response.validators.etag));
    copy_header(easy, "Last-Modified", response.validators.last_modified,
                sizeof(response.validators.last_modified));
    copy_header(easy, "Content-Range", range, 64);
    response.content_range = range[0] ? range : NULL;
    *ret = response;
}

static int no_place(Run *run, int r, const char *what)
{
    run->no_place = true;
    return cache_failed(run->transfer->cache, r, what, run->error);
}

/* Better to say so now than after hours. A file system that does not tell is tried. */
static int check_room(Run *run)
{
    const Cache *cache = run->transfer->cache;
    const uint64_t there = part_size(run->transfer->part);
    struct statvfs fs;
    uint64_t room;

    if (run->total == RECORD_UNKNOWN || fstatvfs(cache->fd, &fs) < 0 || fs.f_blocks == 0)
        return 0;
    room = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (run->total < there || run->total - there <= room)
        return 0;
    run->no_place = true;
    return error_set(run->error, FAILURE_TEMPORARY, NULL,
                     "no room in %s: %" PRIu64 " bytes are needed and %" PRIu64
                     " are free; free some, or choose another folder with --cache-dir=. What was "
                     "fetched is kept",
                     cache->path, run->total - there, room);
}

/* Once the head of the answer is there: what it means, and the part made ready for the body. */
static int take_head(Run *run)
{
    const Transfer *t = run->transfer;
    Response response;
    char range[64];
    int r = 0;

    read_response(run->easy, range, &response);
    run->verdict = response_judge(&response, &run->asked, &run->total, run->error);
    if (run->verdict == RESPONSE_WHOLE || run->verdict == RESPONSE_RESTART)
        r = part_restart(t->part, &response.validators, run->total);
    if (r < 0)
        return no_place(run, r, "starting to fetch");
    return run->verdict == RESPONSE_WHOLE || run->verdict == RESPONSE_CONTINUES ? check_room(run)
                                                                                : 0;
}

/* A page that asks for a login is not worth 40 GB of patience. */
static int check_start(Run *run)
{
    char start[5];
    int r;

    if (run->looks_good || part_size(run->transfer->part) < 4)
        return 0;
    r = part_is_gguf(run->transfer->part, start);
    if (r < 0)
        return no_place(run, r, "reading");
    run->looks_good = r > 0;
    if (run->looks_good)
        return 0;
    (void)part_restart(run->transfer->part, &(Validators){}, RECORD_UNKNOWN);
    return error_set(run->error, FAILURE_FINAL, NULL,
                     "%s is not a GGUF model: it starts with \"%s\" instead of \"GGUF\"; check the "
                     "address, and whether it wants a login",
                     shown(run), start);
}

static int take_body(Run *run, const char *data, size_t n)
{
    int r;

    if (run->verdict == RESPONSE_MAX) {
        r = take_head(run);
        if (r < 0)
            return r;
    }
    if (run->verdict != RESPONSE_WHOLE && run->verdict != RESPONSE_CONTINUES)
        return -ECANCELED; /* the head has said it all */
    if (n > run->total - part_size(run->transfer->part))
        return error_set(run->error, FAILURE_FINAL, NULL,
                         "%s sends more than the %" PRIu64 " bytes that it announced", shown(run),
                         run->total);
    r = part_append(run->transfer->part, data, n);
    if (r < 0)
        return no_place(run, r, "fetching");
    return check_start(run);
}

/* CURLOPT_WRITEFUNCTION */
static size_t on_body(char *data, size_t size, size_t n, void *userdata)
{
    Run *run = userdata;

    if (take_body(run, data, size * n) >= 0)
        return size * n;
    run->refused = true;
    return CURL_WRITEFUNC_ERROR;
}

/* CURLOPT_XFERINFOFUNCTION, called at least once a second */
static int on_progress(void *userdata, curl_off_t total, curl_off_t received, curl_off_t up_total,
                       curl_off_t up)
{
    Run *run = userdata;
    const usec_t now = clock_mono_usec();

    if (run->verdict == RESPONSE_WHOLE || run->verdict == RESPONSE_CONTINUES)
        progress_report(run->transfer->progress, "download", part_size(run->transfer->part),
                        run->total);
    if (received != run->received) {
        run->received = received;
        run->received_usec = now;
    }
    if (usec_sub(now, run->received_usec) < run->transfer->stall_usec)
        return 0;
    error_set(run->error, FAILURE_TEMPORARY, NULL,
              "%s has sent nothing for %" PRIu64 " ms; %" PRIu64 " bytes are there", shown(run),
              usec_to_ms(run->transfer->stall_usec), part_size(run->transfer->part));
    run->refused = true;
    return 1;
}

static int add_header(Run *run, const char *name, const char *value)
{
    _cleanup_free_ char *line = NULL;
    struct curl_slist *longer;

    if (asprintf(&line, "%s: %s", name, value) < 0)
        return -ENOMEM;
    longer = curl_slist_append(run->headers, line);
    if (!longer)
        return -ENOMEM;
    run->headers = longer;
    return 0;
}

static int add_headers(Run *run)
{
    const Validators *unless = run->transfer->unless;
    const char *same =
            run->asked.offset > 0 ? validators_strong(&run->asked.part->validators) : NULL;
    int r = add_header(run, "Accept-Encoding", "identity");

    if (r >= 0 && same)
        r = add_header(run, "If-Range", same);
    if (r >= 0 && unless && unless->etag[0])
        r = add_header(run, "If-None-Match", unless->etag);
    else if (r >= 0 && unless && unless->last_modified[0])
        r = add_header(run, "If-Modified-Since", unless->last_modified);
    return r;
}

static CURLcode set_limits(Run *run)
{
    const WebAddress *address = run->transfer->cache->address;
    CURL *easy = run->easy;
    CURLcode c;

    c = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR,
                             address->is_https ? "https" : "http,https");
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)TRANSFER_REDIRECTS_MAX);
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                             (long)usec_to_ms(run->transfer->stall_usec));
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* The pages that come with errors are of no use. */
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
    return c;
}

static CURLcode set_functions(Run *run)
{
    CURL *easy = run->easy;
    CURLcode c;

    c = curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, run->detail);
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_WRITEDATA, run);
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_XFERINFODATA, run);
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    return c;
}

static CURLcode set_request(Run *run)
{
    char range[32];
    CURLcode c;

    c = curl_easy_setopt(run->easy, CURLOPT_URL, run->transfer->cache->address->url);
    if (c == CURLE_OK)
        c = curl_easy_setopt(run->easy, CURLOPT_USERAGENT, "pool-managerd-provision/" PM_VERSION);
    if (c == CURLE_OK)
        c = curl_easy_setopt(run->easy, CURLOPT_HTTPHEADER, run->headers);
    /* Fewer and larger writes than with libcurl's own 16 KiB. */
    if (c == CURLE_OK)
        c = curl_easy_setopt(run->easy, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
    if (c == CURLE_OK && run->asked.offset > 0) {
        (void)snprintf(range, sizeof(range), "%" PRIu64 "-", run->asked.offset);
        c = curl_easy_setopt(run->easy, CURLOPT_RANGE, range);
    }
    return c;
}

static int set_up(Run *run)
{
    CURLcode c;

    run->easy = curl_easy_init();
    if (!run->easy || add_headers(run) < 0)
        return failure_no_memory(run->error);
    c = set_limits(run);
    if (c == CURLE_OK)
        c = set_functions(run);
    if (c == CURLE_OK)
        c = set_request(run);
    if (c == CURLE_OK)
        return 0;
    transfer_error_set(c, shown(run), "", 0, run->error);
    return -EIO;
}

static TransferEnd judge_body(Run *run)
{
    Part *part = run->transfer->part;

    if (run->total != RECORD_UNKNOWN && part_size(part) < run->total) {
        transfer_error_set(CURLE_PARTIAL_FILE, shown(run), "", part_size(part), run->error);
        return TRANSFER_FAILED;
    }
    return TRANSFER_DONE;
}

static TransferEnd judge(Run *run, CURLcode code)
{
    if (run->refused && error_is_set(run->error))
        return run->no_place ? TRANSFER_NO_PLACE : TRANSFER_FAILED;
    /* An answer without a body. */
    if (run->verdict == RESPONSE_MAX && (code == CURLE_OK || code == CURLE_HTTP_RETURNED_ERROR) &&
        take_head(run) < 0)
        return TRANSFER_NO_PLACE;
    switch (run->verdict) {
    case RESPONSE_UNCHANGED:
        return TRANSFER_UNCHANGED;
    case RESPONSE_COMPLETE:
        return TRANSFER_DONE;
    case RESPONSE_RESTART:
        return TRANSFER_RESTART;
    case RESPONSE_FAILED:
        return TRANSFER_FAILED;
    default:
        break;
    }
    if (code == CURLE_OK)
        return judge_body(run);
    transfer_error_set(code, shown(run), run->detail, part_size(run->transfer->part), run->error);
    return TRANSFER_FAILED;
}

static void ask(Run *run)
{
    const Transfer *t = run->transfer;
    const PartRecord *part = part_record(t->part);
    /* Bytes of two versions must not be mixed, unless the digest would tell. */
    const bool go_on = t->digest_known || validators_strong(&part->validators);

    run->asked = (Asked){
            .shown = shown(run),
            .offset = go_on ? part_size(t->part) : 0,
            .part = part,
            .unless_unchanged = t->unless && (t->unless->etag[0] || t->unless->last_modified[0]),
            .digest_known = t->digest_known,
    };
}

TransferEnd transfer_run(const Transfer *transfer, usec_t *ret_retry_after_usec, Error *error)
{
    Run run = {.transfer = transfer,
               .verdict = RESPONSE_MAX,
               .total = RECORD_UNKNOWN,
               .received_usec = clock_mono_usec(),
               .error = error};
    TransferEnd end = TRANSFER_FAILED;
    curl_off_t retry_after = 0;

    ask(&run);
    if (set_up(&run) >= 0) {
        end = judge(&run, curl_easy_perform(run.easy));
        (void)curl_easy_getinfo(run.easy, CURLINFO_RETRY_AFTER, &retry_after);
    }
    *ret_retry_after_usec = retry_after > 0 ? usec_from_ms((uint64_t)retry_after * 1000) : 0;
    curl_slist_free_all(run.headers);
    curl_easy_cleanup(run.easy);
    return end;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/download.h"

#include <ctype.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "provision/failure.h"
#include "provision/transfer.h"

#define RETRY_WAIT_MAX (30 * USEC_PER_SEC)

typedef struct Download {
    const Options *options;
    const Reference *reference;
    Progress *progress;
    Cache *cache;
    Part *part;
    bool has_last; /* `last` is there and undamaged */
    CachedRecord last;
    unsigned vain;     /* tries in a row that brought nothing */
    uint64_t most;     /* bytes that were ever there: only what goes beyond them is progress */
    bool is_patchwork; /* the part was not fetched in one go */
    Error *error;
} Download;

/* "…-00002-of-00007.gguf": the engine looks for the others beside it, under their own names. */
static int refuse_split(const WebAddress *address, Error *error)
{
    static const char form[] = "-ddddd-of-ddddd.gguf";
    const size_t n = strlen(address->tail);
    const char *end;

    if (n < strlen(form))
        return 0;
    end = address->tail + n - strlen(form);
    for (size_t i = 0; form[i]; i++)
        if (form[i] == 'd' ? !isdigit((unsigned char)end[i]) : end[i] != form[i])
            return 0;
    if (streq(end, "-00001-of-00001.gguf"))
        return 0;
    return error_set(error, FAILURE_FINAL, NULL,
                     "%s is one part of a split model, and all parts are needed; fetch them into "
                     "one folder and give the path of the first",
                     address->shown);
}

static int give(Download *d, const char *file, const char *sha256, Model *ret)
{
    char *path = cache_path(d->cache, file);

    if (!path)
        return failure_no_memory(d->error);
    ret->path = path;
    (void)snprintf(ret->sha256, sizeof(ret->sha256), "%s", sha256);
    return 0;
}

/* Looks at what is in the cache. Returns 1 when it is all that is needed. */
static int look(Download *d)
{
    const char *sha256 = d->reference->sha256;
    int r;

    if (sha256[0])
        return cache_find(d->cache, sha256, d->progress, d->error);
    r = cache_find_last(d->cache, d->progress, &d->last, d->error);
    d->has_last = r > 0;
    return r < 0 ? r : 0;
}

static void wait_before_retry(Download *d, usec_t retry_after_usec)
{
    usec_t wait = d->options->retry_wait_usec;
    struct timespec left;

    for (unsigned i = 1; i < d->vain && wait < RETRY_WAIT_MAX; i++)
        wait *= 2;
    wait = usec_min(usec_max(wait, retry_after_usec), RETRY_WAIT_MAX);
    progress_report(d->progress, "retry", part_size(d->part), part_record(d->part)->total);
    left = (struct timespec){.tv_sec = (time_t)(wait / USEC_PER_SEC),
                             .tv_nsec = (long)(wait % USEC_PER_SEC) * 1000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

/* Whether another try makes sense after one that failed; waits before it. */
static int retry(Download *d, usec_t retry_after_usec)
{
    d->is_patchwork = d->is_patchwork || part_size(d->part) > 0;
    (void)part_sync(d->part);
    if (part_size(d->part) > d->most) {
        d->most = part_size(d->part);
        d->vain = 0;
    }
    d->vain++;
    if (d->error->code != FAILURE_TEMPORARY || d->vain > d->options->retries)
        return -EIO;
    /* Waiting for less than it asks for would only annoy it. */
    if (retry_after_usec > RETRY_WAIT_MAX)
        return -EIO;
    wait_before_retry(d, retry_after_usec);
    *d->error = (Error){0};
    return 0;
}

/* Fetches until the part is whole. Returns 1, 0 when what is in the cache is as good, or negative
 * errno. */
static int fetch(Download *d)
{
    const bool digest_known = d->reference->sha256[0];
    const Transfer transfer = {
            .cache = d->cache,
            .part = d->part,
            .progress = d->progress,
            .unless = d->has_last ? &d->last.validators : NULL,
            .digest_known = digest_known,
            .stall_usec = d->options->stall_usec,
    };

    for (;;) {
        usec_t retry_after_usec = 0;

        if (digest_known && part_size(d->part) > 0 &&
            part_size(d->part) == part_record(d->part)->total)
            return 1;
        switch (transfer_run(&transfer, &retry_after_usec, d->error)) {
        case TRANSFER_DONE:
            return 1;
        case TRANSFER_UNCHANGED:
            return 0;
        case TRANSFER_NO_PLACE: /* the disk does not get larger within seconds */
            return -EIO;
        case TRANSFER_RESTART: /* asks for the whole file now, so not for ever */
            break;
        default:
            if (retry(d, retry_after_usec) < 0)
                return -EIO;
        }
    }
}

/* Whether the part is what was asked for: 1, 0 with `error` set, or negative errno. */
static int check(Download *d, char ret_sha256[SHA256_HEX + 1])
{
    const char *wanted = d->reference->sha256, *shown = d->cache->address->shown;
    char start[5];
    int r = part_sha256(d->part, d->progress, ret_sha256);

    if (r >= 0)
        r = part_is_gguf(d->part, start);
    if (r < 0)
        return cache_failed(d->cache, r, "checking what was fetched", d->error);
    if (wanted[0] && !streq(wanted, ret_sha256)) {
        error_set(d->error, FAILURE_FINAL, NULL,
                  "%s has the SHA-256 %s, not %s; check which of the two is right", shown,
                  ret_sha256, wanted);
        return 0;
    }
    if (r == 0)
        error_set(d->error, FAILURE_FINAL, NULL,
                  "%s is not a GGUF model: it is %" PRIu64 " bytes long and starts with \"%s\"",
                  shown, part_size(d->part), start);
    return r;
}

static int finish(Download *d, const char *sha256, Model *ret)
{
    CachedRecord record = {.validators = part_record(d->part)->validators};
    int r;

    cache_file_name(d->cache, sha256, record.file);
    (void)snprintf(record.sha256, sizeof(record.sha256), "%s", sha256);
    r = part_finish(d->part, record.file);
    if (r < 0)
        return cache_failed(d->cache, r, "keeping what was fetched", d->error);
    r = cache_remember(d->cache, &record, d->error);
    return r < 0 ? r : give(d, record.file, sha256, ret);
}

/*
 * Fetches until the part is whole and right: returns 1, or as fetch(). Pieces that came one by one
 * may be of two versions, so a file that was not fetched in one go gets a second chance.
 */
static int fetch_right(Download *d, char ret_sha256[SHA256_HEX + 1])
{
    bool again = part_size(d->part) > 0;

    for (int i = 0;; i++) {
        int r = fetch(d);

        if (r > 0) {
            again = again || d->is_patchwork;
            r = check(d, ret_sha256);
            if (r != 0)
                return r;
        } else {
            return r;
        }
        /* What is wrong is of no use to anybody. */
        (void)part_restart(d->part, &(Validators){}, RECORD_UNKNOWN);
        if (!again || i > 0)
            return -EIO;
        *d->error = (Error){0};
        d->most = 0;
    }
}

static int fetch_and_keep(Download *d, Model *ret)
{
    char sha256[SHA256_HEX + 1];
    int r = part_open(d->cache, &d->part, d->error);

    if (r < 0)
        return r;
    d->most = part_size(d->part);
    r = fetch_right(d, sha256);
    if (r < 0)
        return r;
    return r > 0 ? finish(d, sha256, ret) : give(d, d->last.file, d->last.sha256, ret);
}

/* At night, an older copy may be what helps. */
static void mention_last(Download *d)
{
    const Error error = *d->error;

    if (d->has_last && error.code == FAILURE_TEMPORARY)
        error_set(d->error, error.code, NULL, "%s. Fetched before and still there: %s/%s",
                  error.text, d->cache->path, d->last.file);
}

static int run(Download *d, Model *ret)
{
    char file[NAME_MAX + 1];
    int r;

    r = cache_open(d->options->cache_dir, &d->reference->address, d->progress, &d->cache, d->error);
    if (r < 0)
        return r;
    r = look(d);
    if (r < 0)
        return r;
    if (r == 0) {
        r = fetch_and_keep(d, ret);
        if (r < 0)
            mention_last(d);
        return r;
    }
    cache_file_name(d->cache, d->reference->sha256, file);
    return give(d, file, d->reference->sha256, ret);
}

int download(const Options *options, const Reference *reference, Progress *progress, Model *ret,
             Error *error)
{
    Download d = {.options = options, .reference = reference, .progress = progress, .error = error};
    int r;

    r = refuse_split(&reference->address, error);
    if (r < 0)
        return r;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return failure_no_memory(error);
    r = run(&d, ret);
    part_free(d.part);
    cache_free(d.cache);
    curl_global_cleanup();
    return r;
}

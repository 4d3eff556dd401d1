/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "http/connection.h"
#include "http/http_metrics.h"
#include "http/stream.h"
#include "json/build.h"
#include "json/encode.h"

enum {
    HEADERS_MAX = 9,
    START_MS = 1000, /* that the daemon takes to find its engines again, or a little less */
};

typedef struct Header {
    const char *name;
    const char *value;
} Header;

void answer_text(HttpRequest *request, unsigned status, char *text, size_t length)
{
    HttpAnswer *a = &request->answer;

    assert(!a->ready);
    a->ready = true;
    a->status = text ? status : 0;
    a->content_type = "application/json";
    a->text = text;
    a->length = length;
}

void answer_typed(HttpRequest *request, const char *content_type, char *text, size_t length)
{
    answer_text(request, MHD_HTTP_OK, text, length);
    request->answer.content_type = content_type;
}

void answer_json(HttpRequest *request, unsigned status, json_object *object)
{
    char *text = NULL;
    size_t length = 0;

    if (json_text(object, false, &text, &length) < 0)
        text = NULL;
    answer_text(request, status, text, length);
}

void answer_empty(HttpRequest *request, unsigned status)
{
    assert(!request->answer.ready);
    request->answer.ready = true;
    request->answer.status = status;
}

void answer_stream(HttpRequest *request, HttpStream *stream, const char *content_type)
{
    answer_empty(request, MHD_HTTP_OK);
    request->answer.stream = stream;
    request->answer.content_type = content_type;
}

void answer_accepted(HttpRequest *request, uint64_t operation)
{
    const Preferences *p = &request->preferences;
    HttpAnswer *a = &request->answer;
    Builder b;

    (void)snprintf(a->location, sizeof(a->location), "%s/operations/%" PRIu64,
                   request->target.has_version ? "/v2" : "", operation);
    if (p->has_wait)
        (void)snprintf(a->preference, sizeof(a->preference), "%swait=%" PRIu64,
                       p->respond_async ? "respond-async, " : "", p->wait_sec);
    else if (p->respond_async)
        (void)snprintf(a->preference, sizeof(a->preference), "respond-async");
    builder_init(&b);
    builder_add_number(&b, "operation", operation);
    builder_add_string(&b, "pool_id", request->parameters.pool_id);
    answer_json(request, MHD_HTTP_ACCEPTED, builder_take(&b));
}

void answer_failure(HttpRequest *request, int r, Error *error)
{
    if (!error_is_set(error))
        (void)error_set(error, PM_ERROR_INTERNAL, NULL, "%s", strerror(-r));
    answer_error(request, error, error->code == PM_ERROR_UNAVAILABLE ? START_MS : 0);
}

void answer_error(HttpRequest *request, const Error *error, uint64_t retry_after_ms)
{
    const PmErrorInfo *info = pm_error_info(error->code);
    json_object *object = json_error(error, request->parameters.pool_id);

    if (object && retry_after_ms > 0) {
        json_object *ms = json_object_new_uint64(retry_after_ms);

        if (!ms || json_object_object_add(object, "retry_after_ms", ms) < 0) {
            json_object_put(ms);
            json_object_put(object);
            object = NULL;
        }
    }
    request->answer.retry_after_ms = retry_after_ms;
    request->answer.challenge = info->http_status == MHD_HTTP_UNAUTHORIZED;
    answer_json(request, (unsigned)info->http_status, object);
}

void answer_refuse(HttpRequest *request, PmErrorCode code, const char *field, const char *format,
                   ...)
{
    char text[PM_ERROR_TEXT_MAX + 1];
    Error error = {.code = PM_ERROR_NONE};
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    (void)error_set(&error, code, field, "%s", text);
    answer_error(request, &error, 0);
}

/* The headers of an answer but those that are about its transfer. Returns how many. */
static size_t collect_headers(const HttpRequest *request, Header list[HEADERS_MAX],
                              char retry_after[24])
{
    const HttpAnswer *a = &request->answer;
    size_t n = 0;

    if (a->content_type)
        list[n++] = (Header){"Content-Type", a->content_type};
    if (request->correlation_id[0])
        list[n++] = (Header){"X-Correlation-Id", request->correlation_id};
    if (a->allow[0])
        list[n++] = (Header){"Allow", a->allow};
    if (a->location[0])
        list[n++] = (Header){"Location", a->location};
    if (a->preference[0])
        list[n++] = (Header){"Preference-Applied", a->preference};
    if (a->stream)
        list[n++] = (Header){"Cache-Control", "no-store"};
    if (a->challenge)
        list[n++] = (Header){"WWW-Authenticate", "Bearer"};
    if (a->retry_after_ms > 0) {
        uint64_t seconds = a->retry_after_ms / 1000 + (a->retry_after_ms % 1000 > 0);

        (void)snprintf(retry_after, 24, "%" PRIu64, seconds);
        list[n++] = (Header){"Retry-After", retry_after};
    }
    if (request->refused_early)
        list[n++] = (Header){"Connection", "close"};
    return n;
}

static struct MHD_Response *make_response(HttpAnswer *a)
{
    static char nothing[1];

    if (a->stream)
        return http_stream_response(a->stream);
    return MHD_create_response_from_buffer(a->text ? a->length : 0, a->text ? a->text : nothing,
                                           a->text ? MHD_RESPMEM_MUST_FREE
                                                   : MHD_RESPMEM_PERSISTENT);
}

enum MHD_Result answer_queue(HttpRequest *request)
{
    HttpAnswer *a = &request->answer;
    enum MHD_Result result = MHD_YES;
    struct MHD_Response *response;
    Header list[HEADERS_MAX];
    char retry_after[24];
    size_t n;

    if (a->status == 0)
        return MHD_NO;
    response = make_response(a);
    if (!response)
        return MHD_NO;
    http_metrics_count(request);
    n = collect_headers(request, list, retry_after);
    a->text = NULL;
    for (size_t i = 0; i < n && result == MHD_YES; i++)
        result = MHD_add_response_header(response, list[i].name, list[i].value);
    if (result == MHD_YES)
        result = MHD_queue_response(request->mhd, a->status, response);
    MHD_destroy_response(response);
    return result;
}

void answer_send(HttpRequest *request)
{
    const HttpAnswer *a = &request->answer;
    _cleanup_free_ char *all = NULL;
    Text text = {.data = NULL};
    Header list[HEADERS_MAX];
    char retry_after[24], date[64];
    time_t now = time(NULL);
    struct tm tm;
    size_t n, length;

    if (a->status == 0 || !gmtime_r(&now, &tm) ||
        strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0)
        return;
    n = collect_headers(request, list, retry_after);
    text_printf(&text, "HTTP/1.1 %u %s\r\nDate: %s\r\nContent-Length: %zu\r\n", a->status,
                MHD_get_reason_phrase_for(a->status), date, a->text ? a->length : 0);
    for (size_t i = 0; i < n; i++)
        text_printf(&text, "%s: %s\r\n", list[i].name, list[i].value);
    text_append(&text, "\r\n");
    if (a->text)
        text_append_bytes(&text, a->text, a->length);
    if (text_take_all(&text, &all, &length) < 0)
        return;
    http_metrics_count(request);
    /* A client that does not take these few hundred bytes now gets none. */
    (void)!send(request->connection->fd, all, length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void answer_done(HttpAnswer *answer)
{
    free(answer->text);
    answer->text = NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "http/auth.h"
#include "http/request.h"

/* The headers that matter to us, the first of each name. */
typedef struct Headers {
    const char *host;
    const char *content_length;
    const char *transfer_encoding;
    const char *content_type;
    const char *content_encoding;
    const char *expect;
    const char *correlation_id;
    const char *authorization;
    const char *origin;
    const char *last_event_id;
    const char *twice; /* the name of a header that decides and came more than once */
    bool has_bad_name; /* one has a name that is no token */
    Preferences *preferences;
} Headers;

static bool is_token(const char *s)
{
    static const char others[] = "!#$%&'*+-.^_`|~"; /* RFC 9110, 5.6.2 */

    if (!s || !*s)
        return false;
    for (; *s; s++)
        if (!((*s >= '0' && *s <= '9') || (*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z') ||
              strchr(others, *s)))
            return false;
    return true;
}

/*
 * Older versions of libmicrohttpd put the continuation of a folded line behind the header's name
 * (RFC 9112, 5.2: folding is to be refused). Of a header that frames the body that must not pass: a
 * proxy would see another body than we do.
 */
static bool is_glued(const char *name)
{
    static const char *const framing[] = {"Transfer-Encoding", "Content-Length"};

    for (size_t i = 0; i < ELEMENTSOF(framing); i++)
        if (strncasecmp(name, framing[i], strlen(framing[i])) == 0 &&
            name[strlen(framing[i])] != '\0')
            return true;
    return false;
}

/* Whether it is the header of that name: most are told apart by their first letter. */
static bool is_header(const char *name, const char *wanted)
{
    return ((name[0] ^ wanted[0]) & ~('a' ^ 'A')) == 0 && strcasecmp(name, wanted) == 0;
}

static enum MHD_Result on_header(void *userdata, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    Headers *h = userdata;
    const struct {
        const char *name;
        const char **value;
        bool once;
    } known[] = {
            {"Host", &h->host, true},
            {"Content-Length", &h->content_length, true},
            {"Transfer-Encoding", &h->transfer_encoding, true},
            {"Content-Type", &h->content_type, true},
            {"Content-Encoding", &h->content_encoding, true},
            {"Expect", &h->expect, false},
            {"X-Correlation-Id", &h->correlation_id, true},
            {"Authorization", &h->authorization, true},
            {"Origin", &h->origin, false},
            {"Last-Event-ID", &h->last_event_id, true},
    };

    if (!is_token(name) || is_glued(name))
        h->has_bad_name = true;
    if (name && value && is_header(name, "Prefer"))
        preferences_add_prefer(h->preferences, value);
    if (name && value && is_header(name, "Accept"))
        preferences_add_accept(h->preferences, value);
    for (size_t i = 0; name && i < ELEMENTSOF(known); i++) {
        if (!is_header(name, known[i].name))
            continue;
        if (*known[i].value && known[i].once)
            h->twice = known[i].name;
        else
            *known[i].value = value ? value : "";
    }
    return MHD_YES;
}

/* A correlation id for a request that came without one: they count up from one that is like no
 * other server's, since the kernel takes its time for each that is random. */
static void make_correlation_id(HttpRequest *request)
{
    request->server->last_id.qwords[1]++;
    (void)sd_id128_to_string(request->server->last_id, request->correlation_id);
}

/* Takes the client's correlation id, or makes one. Returns whether the client's is good. */
static bool set_correlation_id(HttpRequest *request, const char *given)
{
    size_t n = given ? strlen(given) : 0;
    bool good = n <= PM_CORRELATION_ID_MAX;

    for (size_t i = 0; good && i < n; i++)
        good = given[i] >= ' ' && given[i] <= '~';
    if (good && n > 0) {
        memcpy(request->correlation_id, given, n + 1);
        return true;
    }
    make_correlation_id(request);
    return good;
}

/*
 * What leaves open where the request ends, or what different readers understand differently, is
 * refused (RFC 9112, 3.2, 5.1, 6.1, 6.3): a proxy before us may have understood the other thing.
 */
static const char *find_fault(const HttpRequest *request, const Headers *h)
{
    if (h->has_bad_name)
        return "a header has a name with a character that is not allowed there, or a space before "
               "its colon";
    if (request->is_http_1_1 && !h->host)
        return "the Host header is missing, which HTTP/1.1 requires";
    if (request->target_has_nul)
        return "the request line has a NUL";
    if (h->transfer_encoding && h->content_length)
        return "the request has both Content-Length and Transfer-Encoding";
    if (h->transfer_encoding && !request->is_http_1_1)
        return "HTTP/1.0 has no Transfer-Encoding";
    if (h->transfer_encoding && strcasecmp(h->transfer_encoding, "chunked") != 0)
        return "the only Transfer-Encoding that is understood is chunked";
    return NULL;
}

/* Whether the media type is application/json, with whatever parameters. */
static bool is_json_type(const char *type)
{
    static const char json[] = "application/json";
    size_t n = strlen(json);

    if (!type || strncasecmp(type, json, n) != 0)
        return false;
    type += n;
    type += strspn(type, " \t");
    return *type == '\0' || *type == ';';
}

/* Reads what the path and the query say, and refuses what they must not. */
static void read_parameters(HttpRequest *request)
{
    const Route *route = request->route;
    char *query = route->flags & ROUTE_ANY_QUERY ? NULL : request->target.query;
    Parameters values = {.pool_id = NULL};
    Error error = {.code = PM_ERROR_NONE};
    int r = route_read_path(route, &request->target, &values, &error);

    if (r >= 0) {
        request->parameters.pool_id = values.pool_id;
        r = parameters_read_query(route->query, route->n_query, query, &values, &error);
    }
    if (r < 0)
        answer_failure(request, r, &error);
    else
        request->parameters = values;
}

/* Finds the row of the table, and refuses when there is none. */
static void find_route(HttpRequest *request, const char *method)
{
    char allow[ROUTE_ALLOW_MAX];

    switch (route_find(method, &request->target, &request->route, allow)) {
    case ROUTE_NO_PATH:
        answer_refuse(request, PM_ERROR_NOT_FOUND, "path", "there is nothing at %.128s",
                      request->target_text);
        break;
    case ROUTE_NO_METHOD:
        answer_refuse(request, PM_ERROR_METHOD_NOT_ALLOWED, "method",
                      "%.32s is not allowed at %.128s, only %s", is_token(method) ? method : "that",
                      request->target_text, allow);
        memcpy(request->answer.allow, allow, sizeof(allow));
        break;
    case ROUTE_OPTIONS:
        answer_empty(request, MHD_HTTP_NO_CONTENT);
        memcpy(request->answer.allow, allow, sizeof(allow));
        break;
    case ROUTE_FOUND:
        read_parameters(request);
        break;
    }
}

static bool is_authorized(const HttpRequest *request, const Headers *h)
{
    const char *token = request->server->token;

    return !token || (request->route && (request->route->flags & ROUTE_OPEN)) ||
           auth_bearer_is(h->authorization, token);
}

/*
 * Where loopback is all that protects us, any page that a browser of this host shows could send
 * commands: a browser says by Origin that a page is behind a request (RFC 6454, 7), and lets no
 * page leave it out.
 */
static bool is_from_web_page(const HttpRequest *request, const Headers *h)
{
    return h->origin && !request->server->token && request->route &&
           (request->route->flags & ROUTE_COMMAND);
}

/* What the path and the method say. */
static void judge_target(HttpRequest *request, const Headers *h, const char *method)
{
    Error error = {.code = PM_ERROR_NONE};
    int r = target_parse(request->target_text, &request->target, &error);

    if (r == -ENOMEM)
        (void)error_set(&error, PM_ERROR_INTERNAL, NULL, "out of memory");
    if (r < 0)
        answer_error(request, &error, 0);
    else
        find_route(request, method);
    if (!request->answer.ready && is_from_web_page(request, h))
        answer_refuse(request, PM_ERROR_FORBIDDEN, "Origin",
                      "commands of web pages are not taken without an API token");
    if (is_authorized(request, h))
        return;
    /* Without the token nobody learns what is there and what is not. */
    answer_done(&request->answer);
    memset(&request->answer, 0, sizeof(request->answer));
    request->parameters.pool_id = NULL;
    answer_refuse(request, PM_ERROR_UNAUTHORIZED, NULL,
                  "%s; send the header \"Authorization: Bearer\" with the API token",
                  h->authorization ? "the token is wrong" : "a token is needed");
}

/* What the headers say about the body. */
static void judge_body(HttpRequest *request, const Headers *h)
{
    bool has_body = h->transfer_encoding || (h->content_length && !streq(h->content_length, "0"));

    if (request->answer.ready || !has_body || !(request->route->flags & ROUTE_BODY_JSON))
        return;
    if (!is_json_type(h->content_type))
        answer_refuse(request, PM_ERROR_UNSUPPORTED_MEDIA_TYPE, "Content-Type",
                      "the body must be sent as \"Content-Type: application/json\"%s",
                      h->content_type ? "" : ", but no type was given");
    else if (h->content_encoding && strcasecmp(h->content_encoding, "identity") != 0)
        answer_refuse(request, PM_ERROR_UNSUPPORTED_MEDIA_TYPE, "Content-Encoding",
                      "the body must not be compressed or encoded");
}

/* A length that libmicrohttpd has checked already: digits, and not beyond 64 bits. */
static bool is_too_large(const char *content_length)
{
    return content_length && strtoull(content_length, NULL, 10) > PM_BODY_MAX;
}

void request_read_headers(HttpRequest *request, const char *method, const char *version)
{
    Headers h = {.preferences = &request->preferences};
    bool good_id, too_large;
    const char *fault;

    request->headers_read = true;
    request->is_head = streq(method, "HEAD");
    request->is_http_1_1 = !streq(version, "HTTP/1.0");
    (void)MHD_get_connection_values(request->mhd, MHD_HEADER_KIND, on_header, &h);
    request->last_event_id = h.last_event_id;
    good_id = set_correlation_id(request, h.correlation_id);
    too_large = is_too_large(h.content_length);
    fault = find_fault(request, &h);
    if (fault || h.twice) {
        answer_refuse(request, PM_ERROR_BAD_REQUEST, NULL,
                      fault ? "%s" : "there are two %s headers", fault ? fault : h.twice);
    } else {
        judge_target(request, &h, method);
        if (!request->answer.ready && !good_id)
            answer_refuse(request, PM_ERROR_BAD_REQUEST, "X-Correlation-Id",
                          "the correlation id must be at most %d printable ASCII characters",
                          PM_CORRELATION_ID_MAX);
        if (!request->answer.ready && too_large)
            answer_refuse(request, PM_ERROR_BODY_TOO_LARGE, "Content-Length",
                          "the body is larger than %d bytes", PM_BODY_MAX);
        judge_body(request, &h);
    }
    /* A client that asks first is told at once; a small body is else read, and the connection is
     * good for the next request. */
    request->refused_early = request->answer.ready && (fault || h.twice || too_large || h.expect);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "http/json_list.h"
#include "http/openapi_parts.h"
#include "http/schema.h"
#include "json/build.h"

enum {
    STATUS_FIRST = 200,
    STATUS_LAST = 599,
};

/* {"type": "string"} as the schema of a header. */
static void add_header(Builder *headers, const char *name, bool required, const char *summary)
{
    const SchemaField field = {.type = SCHEMA_STRING};
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "description", summary);
    builder_add_bool(&b, "required", required);
    builder_add_value(&b, "schema", schema_describe_field(&field));
    builder_add_value(headers, name, builder_take(&b));
}

static json_object *describe_headers(unsigned status)
{
    Builder b;

    builder_init(&b);
    add_header(&b, "X-Correlation-Id", true, "That of the request, or one that was made for it");
    if (status == 202) {
        add_header(&b, "Location", true, "Where the operation is");
        /* A drain is accepted without any. */
        add_header(&b, "Preference-Applied", false,
                   "The preference of the request, where one was honoured");
    }
    if (status == 401)
        add_header(&b, "WWW-Authenticate", true, "Bearer");
    if (status == 503)
        add_header(&b, "Retry-After", true, "Seconds");
    return builder_take(&b);
}

/* {"type": "array", "items": …} */
static json_object *list_of(json_object *items)
{
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "type", "array");
    builder_add_value(&b, "items", items);
    return builder_take(&b);
}

static json_object *describe_value(const RouteAnswer *answer)
{
    static const SchemaField any = {.type = SCHEMA_OBJECT}, text = {.type = SCHEMA_STRING};

    if (answer->type)
        return schema_describe_field(&text);
    if (!answer->schema)
        return schema_describe_field(&any);
    return answer->is_list ? list_of(schema_refer(answer->schema)) : schema_refer(answer->schema);
}

/* `line` NULL: nothing is to be said of the lines. */
static void add_content(Builder *content, const char *type, json_object *schema, const char *line)
{
    Builder b;

    builder_init(&b);
    builder_add_value(&b, "schema", schema);
    if (line)
        builder_add_value(&b, "x-line-schema", schema_refer(line));
    builder_add_value(content, type, builder_take(&b));
}

static json_object *describe_answer(const RouteAnswer *answer)
{
    Builder b, content;

    builder_init(&content);
    add_content(&content, answer->type ? answer->type : "application/json", describe_value(answer),
                NULL);
    /* OpenAPI 3.1 cannot say what the lines of a text are. */
    if (answer->other_type)
        add_content(&content, answer->other_type, describe_value(answer), answer->schema);
    builder_init(&b);
    builder_add_string(&b, "description", answer->summary);
    builder_add_value(&b, "headers", describe_headers(answer->status));
    builder_add_value(&b, "content", builder_take(&content));
    return builder_take(&b);
}

/* Which errors the flags of a route stand for. */
static bool flags_may_answer(const Route *route, PmErrorCode code, bool has_token)
{
    const RouteFlags flags = route->flags;

    switch (code) {
    case PM_ERROR_BAD_REQUEST:
        return true;
    case PM_ERROR_INVALID_ID:
        return strchr(route->pattern, '{') != NULL;
    case PM_ERROR_INVALID_FIELD:
        return (flags & ROUTE_BODY_JSON) || route->n_query > 0;
    case PM_ERROR_INVALID_JSON:
    case PM_ERROR_BODY_TOO_LARGE:
    case PM_ERROR_UNSUPPORTED_MEDIA_TYPE:
        return flags & ROUTE_BODY_JSON;
    case PM_ERROR_UNAUTHORIZED:
        return has_token && !(flags & ROUTE_OPEN);
    case PM_ERROR_FORBIDDEN:
        return (flags & ROUTE_COMMAND) && !has_token;
    case PM_ERROR_UNAVAILABLE:
        return flags & (ROUTE_COMMAND | ROUTE_WAITS | ROUTE_STREAM);
    case PM_ERROR_REGISTRY_LOCK:
        return flags & (ROUTE_READ | ROUTE_WRITE);
    default:
        return false;
    }
}

static bool may_answer(const Route *route, PmErrorCode code, bool has_token)
{
    for (size_t i = 0; i < ROUTE_ERRORS_MAX && route->errors[i] != PM_ERROR_NONE; i++)
        if (route->errors[i] == code)
            return true;
    return flags_may_answer(route, code, has_token);
}

/* The codes of `status` that the route may answer with; NULL and false when there are none. */
static bool list_codes(const Route *route, unsigned status, bool has_token, ListBuilder *codes)
{
    bool any = false;

    for (PmErrorCode code = PM_ERROR_NONE + 1; code < PM_ERROR_MAX; code++) {
        const PmErrorInfo *info = pm_error_info(code);

        if ((unsigned)info->http_status != status || !may_answer(route, code, has_token))
            continue;
        list_builder_add_string(codes, info->code);
        any = true;
    }
    return any;
}

/* {"allOf": [error, {"properties": {"code": {"enum": codes}}}]} */
static json_object *error_with(const char *error, json_object *codes)
{
    Builder code, properties, narrow, b;
    ListBuilder all;

    builder_init(&code);
    builder_add_value(&code, "enum", codes);
    builder_init(&properties);
    builder_add_value(&properties, "code", builder_take(&code));
    builder_init(&narrow);
    builder_add_value(&narrow, "properties", builder_take(&properties));
    list_builder_init(&all);
    list_builder_add(&all, schema_refer(error));
    list_builder_add(&all, builder_take(&narrow));
    builder_init(&b);
    builder_add_value(&b, "allOf", list_builder_take(&all));
    return builder_take(&b);
}

static json_object *describe_error(const char *summary, unsigned status, json_object *schema)
{
    Builder b, content;

    builder_init(&content);
    add_content(&content, "application/json", schema, NULL);
    builder_init(&b);
    builder_add_string(&b, "description", summary);
    builder_add_value(&b, "headers", describe_headers(status));
    builder_add_value(&b, "content", builder_take(&content));
    return builder_take(&b);
}

/* Keys of an object that live as long as the program. */
static const char *status_key(unsigned status)
{
    static char keys[STATUS_LAST - STATUS_FIRST + 1][4];
    char *key = keys[status - STATUS_FIRST];

    (void)snprintf(key, sizeof(keys[0]), "%u", status);
    return key;
}

static void add_errors(Builder *b, const Route *route, bool has_token)
{
    const char *error = route->error ? route->error : "Error";

    for (unsigned status = 400; status <= STATUS_LAST; status++) {
        ListBuilder codes;

        list_builder_init(&codes);
        if (list_codes(route, status, has_token, &codes))
            builder_add_value(b, status_key(status),
                              describe_error("See the code", status,
                                             error_with(error, list_builder_take(&codes))));
        else
            json_object_put(list_builder_take(&codes));
    }
}

json_object *openapi_responses(const Route *route, bool has_token)
{
    static const RouteAnswer accepted = {202, "It goes on without the client", "Accepted"};
    Builder b;

    builder_init(&b);
    for (size_t i = 0; i < ROUTE_ANSWERS_MAX && route->answers[i].status > 0; i++)
        builder_add_value(&b, status_key(route->answers[i].status),
                          describe_answer(&route->answers[i]));
    if (route->flags & ROUTE_WAITS)
        builder_add_value(&b, status_key(accepted.status), describe_answer(&accepted));
    add_errors(&b, route, has_token);
    builder_add_value(&b, "default",
                      describe_error("What can go wrong anywhere", 500, schema_refer("Error")));
    return builder_take(&b);
}

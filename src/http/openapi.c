/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/openapi.h"

#include "http/handlers.h"
#include "http/json_list.h"
#include "http/openapi_parts.h"
#include "http/schema.h"
#include "json/build.h"
#include "json/encode.h"

/* {"type": "http", "scheme": "bearer", ...} under its name. */
static json_object *describe_security_schemes(void)
{
    Builder all, bearer;

    builder_init(&bearer);
    builder_add_string(&bearer, "type", "http");
    builder_add_string(&bearer, "scheme", "bearer");
    builder_add_string(&bearer, "description", "The API token of the daemon's configuration");
    builder_init(&all);
    builder_add_value(&all, "bearer", builder_take(&bearer));
    return builder_take(&all);
}

static json_object *describe_schemas(void)
{
    const Schema *schema;
    Builder b;

    builder_init(&b);
    for (size_t i = 0; (schema = schema_at(i)); i++)
        builder_add_value(&b, schema->name, schema_describe(schema));
    return builder_take(&b);
}

static json_object *describe_components(bool has_token)
{
    Builder b;

    builder_init(&b);
    builder_add_value(&b, "schemas", describe_schemas());
    if (has_token)
        builder_add_value(&b, "securitySchemes", describe_security_schemes());
    return builder_take(&b);
}

static json_object *describe_body(const Route *route)
{
    Builder b, content, type;

    builder_init(&type);
    if (route->body) {
        builder_add_value(&type, "schema", schema_refer(route->body));
    } else {
        Builder any;

        builder_init(&any);
        builder_add_string(&any, "type", "object");
        builder_add_value(&type, "schema", builder_take(&any));
    }
    builder_init(&content);
    builder_add_value(&content, "application/json", builder_take(&type));
    builder_init(&b);
    builder_add_bool(&b, "required", route->flags & ROUTE_BODY_REQUIRED);
    builder_add_value(&b, "content", builder_take(&content));
    return builder_take(&b);
}

static json_object *describe_operation(const Route *route, bool has_token)
{
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "operationId", route->name);
    builder_add_string(&b, "summary", route->summary);
    builder_add_value(&b, "parameters", openapi_parameters(route));
    if (route->flags & ROUTE_BODY_JSON)
        builder_add_value(&b, "requestBody", describe_body(route));
    builder_add_value(&b, "responses", openapi_responses(route, has_token));
    if (has_token && (route->flags & ROUTE_OPEN))
        builder_add_value(&b, "security", json_object_new_array());
    return builder_take(&b);
}

/* The key of a method in a path item; NULL for one that a path item cannot have. */
static const char *method_key(const char *method)
{
    static const char *const keys[][2] = {
            {"GET", "get"},     {"POST", "post"},     {"PUT", "put"},
            {"PATCH", "patch"}, {"DELETE", "delete"},
    };

    for (size_t i = 0; i < ELEMENTSOF(keys); i++)
        if (streq(keys[i][0], method))
            return keys[i][1];
    return NULL;
}

/* All methods of one pattern. */
static json_object *describe_path(const char *pattern, bool has_token)
{
    const Route *route;
    Builder b;

    builder_init(&b);
    for (size_t i = 0; (route = route_at(i)); i++)
        if (streq(route->pattern, pattern))
            builder_add_value(&b, method_key(route->method), describe_operation(route, has_token));
    return builder_take(&b);
}

static bool is_first_of_pattern(size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (streq(route_at(j)->pattern, route_at(i)->pattern))
            return false;
    return true;
}

static json_object *describe_paths(bool has_token)
{
    const Route *route;
    Builder b;

    builder_init(&b);
    for (size_t i = 0; (route = route_at(i)); i++)
        if (is_first_of_pattern(i))
            builder_add_value(&b, route->pattern, describe_path(route->pattern, has_token));
    return builder_take(&b);
}

static json_object *describe_info(void)
{
    Builder b, license;

    builder_init(&license);
    builder_add_string(&license, "name", "LGPL-2.1-or-later");
    builder_add_string(&license, "identifier", "LGPL-2.1-or-later");
    builder_init(&b);
    builder_add_string(&b, "title", "pool-managerd");
    builder_add_string(&b, "version", PM_VERSION);
    builder_add_string(
            &b, "description",
            "Runs LLM engines as systemd units, in pools. Every path is there under /v2, "
            "too; GET also serves HEAD; OPTIONS tells the methods of a path.");
    builder_add_value(&b, "license", builder_take(&license));
    return builder_take(&b);
}

static json_object *describe_servers(void)
{
    static const char *const urls[] = {"/", "/v2"};
    ListBuilder l;

    list_builder_init(&l);
    for (size_t i = 0; i < ELEMENTSOF(urls); i++) {
        Builder b;

        builder_init(&b);
        builder_add_string(&b, "url", urls[i]);
        list_builder_add(&l, builder_take(&b));
    }
    return list_builder_take(&l);
}

/* [{"bearer": []}] */
static json_object *describe_security(void)
{
    ListBuilder l;
    Builder b;

    builder_init(&b);
    builder_add_value(&b, "bearer", json_object_new_array());
    list_builder_init(&l);
    list_builder_add(&l, builder_take(&b));
    return list_builder_take(&l);
}

int openapi_describe(bool has_token, char **ret, size_t *ret_length)
{
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "openapi", "3.1.0");
    builder_add_value(&b, "info", describe_info());
    builder_add_value(&b, "servers", describe_servers());
    builder_add_value(&b, "paths", describe_paths(has_token));
    builder_add_value(&b, "components", describe_components(has_token));
    if (has_token)
        builder_add_value(&b, "security", describe_security());
    return json_text(builder_take(&b), false, ret, ret_length);
}

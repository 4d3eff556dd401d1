/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/parse.h"
#include "core/lease.h"
#include "http/json_list.h"
#include "http/openapi_parts.h"
#include "http/schema.h"
#include "json/build.h"

/* The schema of a parameter's value. */
static SchemaField field_of(const Parameter *p)
{
    switch (p->type) {
    case PARAMETER_BOOL:
        return (SchemaField){.type = SCHEMA_BOOL};
    case PARAMETER_NUMBER:
        return (SchemaField){.type = SCHEMA_NUMBER, .min = p->min, .max = p->max};
    case PARAMETER_POOL_ID:
        return (SchemaField){.type = SCHEMA_STRING, .pattern = schema_id_pattern};
    case PARAMETER_LEASE_ID:
        return (SchemaField){.type = SCHEMA_STRING, .min = 1, .max = LEASE_ID_MAX};
    case PARAMETER_TEXT:
        break;
    }
    return (SchemaField){.type = SCHEMA_STRING, .max = p->max};
}

/* What it is when it is left out, as JSON. */
static json_object *fallback_of(const Parameter *p)
{
    uint64_t number = 0;

    if (p->type == PARAMETER_BOOL)
        return json_object_new_boolean(streq(p->fallback, "true"));
    (void)parse_u64(p->fallback, 0, UINT64_MAX, &number);
    return json_object_new_uint64(number);
}

static json_object *describe(const char *name, const char *in, const char *summary,
                             const SchemaField *field, json_object *fallback)
{
    json_object *schema = schema_describe_field(field);
    Builder b;

    if (schema && fallback && json_object_object_add(schema, "default", fallback) < 0) {
        json_object_put(fallback);
        json_object_put(schema);
        schema = NULL;
    }
    builder_init(&b);
    builder_add_string(&b, "name", name);
    builder_add_string(&b, "in", in);
    builder_add_string(&b, "description", summary);
    builder_add_bool(&b, "required", streq(in, "path"));
    builder_add_value(&b, "schema", schema);
    return builder_take(&b);
}

static void add_parameter(ListBuilder *l, const Parameter *p, const char *in)
{
    const SchemaField field = field_of(p);

    list_builder_add(
            l, describe(p->name, in, p->summary, &field, p->fallback ? fallback_of(p) : NULL));
}

static void add_path(ListBuilder *l, const char *pattern)
{
    while ((pattern = strchr(pattern, '{'))) {
        size_t n = strcspn(++pattern, "}");

        add_parameter(l, parameter_of_path(pattern, n), "path");
    }
}

static void add_header(ListBuilder *l, const char *name, const char *summary, uint64_t max)
{
    const SchemaField field = {.type = SCHEMA_STRING, .max = max};

    list_builder_add(l, describe(name, "header", summary, &field, NULL));
}

json_object *openapi_parameters(const Route *route)
{
    ListBuilder l;

    list_builder_init(&l);
    add_path(&l, route->pattern);
    for (size_t i = 0; i < route->n_query; i++)
        add_parameter(&l, &route->query[i], "query");
    add_header(&l, "X-Correlation-Id",
               "Comes back with the answer and stands in the log lines of what the request caused",
               PM_CORRELATION_ID_MAX);
    if (route->flags & ROUTE_WAITS)
        add_header(
                &l, "Prefer",
                "RFC 7240: \"respond-async\" is answered with 202 at once, \"wait=SECONDS\" when "
                "the operation has not ended by then",
                0);
    if (route->answers[0].type && streq(route->answers[0].type, "text/event-stream"))
        add_header(&l, "Last-Event-ID", "Go on behind this event", 0);
    return list_builder_take(&l);
}

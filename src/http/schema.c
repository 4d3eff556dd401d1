/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/schema.h"

#include <stdio.h>

#include "core/pool.h"
#include "core/status.h"
#include "http/json_list.h"
#include "json/build.h"

json_object *schema_refer(const char *name)
{
    char ref[128];
    Builder b;

    (void)snprintf(ref, sizeof(ref), "#/components/schemas/%s", name);
    builder_init(&b);
    builder_add_string(&b, "$ref", ref);
    return builder_take(&b);
}

static json_object *of_type(const char *type)
{
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "type", type);
    return builder_take(&b);
}

static const char *type_name(SchemaType type)
{
    static const char *const names[] = {
            [SCHEMA_STRING] = "string", [SCHEMA_BOOL] = "boolean", [SCHEMA_NUMBER] = "integer",
            [SCHEMA_STRINGS] = "array", [SCHEMA_MAP] = "object",   [SCHEMA_OBJECT] = "object",
            [SCHEMA_LIST] = "array",    [SCHEMA_RATIOS] = "array",
    };

    return names[type];
}

static json_object *type_or_null(const char *type)
{
    ListBuilder l;

    list_builder_init(&l);
    list_builder_add_string(&l, type);
    list_builder_add_string(&l, "null");
    return list_builder_take(&l);
}

static json_object *shape_or_null(const char *name)
{
    ListBuilder l;

    list_builder_init(&l);
    list_builder_add(&l, schema_refer(name));
    list_builder_add(&l, of_type("null"));
    return list_builder_take(&l);
}

static json_object *shape(const char *name)
{
    ListBuilder l;

    list_builder_init(&l);
    list_builder_add(&l, schema_refer(name));
    return list_builder_take(&l);
}

static json_object *list_values(const SchemaField *field)
{
    const char *value;
    ListBuilder l;

    list_builder_init(&l);
    for (size_t i = 0; field->value_at && (value = field->value_at(i)); i++)
        list_builder_add_string(&l, value);
    if (field->nullable)
        list_builder_add_string(&l, NULL);
    return list_builder_take(&l);
}

/* A word, or numbers that are not negative. */
static json_object *word_or_ratios(const SchemaField *field)
{
    Builder word, number, ratios;
    ListBuilder l;

    builder_init(&word);
    builder_add_string(&word, "type", "string");
    builder_add_value(&word, "enum", list_values(field));
    builder_init(&number);
    builder_add_string(&number, "type", "number");
    builder_add_number(&number, "minimum", 0);
    builder_init(&ratios);
    builder_add_string(&ratios, "type", "array");
    builder_add_value(&ratios, "items", builder_take(&number));
    builder_add_number(&ratios, "minItems", 1);
    builder_add_number(&ratios, "maxItems", field->max);
    list_builder_init(&l);
    list_builder_add(&l, builder_take(&word));
    list_builder_add(&l, builder_take(&ratios));
    list_builder_add(&l, of_type("null"));
    return list_builder_take(&l);
}

/* JSON Schema counts characters where we count bytes: who keeps within the first and breaks the
 * second has sent text beyond ASCII. */
static void add_bounds(const SchemaField *field, Builder *b)
{
    static const char *const keys[][2] = {
            [SCHEMA_STRING] = {"minLength", "maxLength"},
            [SCHEMA_NUMBER] = {"minimum", "maximum"},
            [SCHEMA_STRINGS] = {"minItems", "maxItems"},
            [SCHEMA_MAP] = {"minProperties", "maxProperties"},
            [SCHEMA_OBJECT] = {NULL, NULL},
            [SCHEMA_LIST] = {NULL, NULL},
            [SCHEMA_RATIOS] = {NULL, NULL},
    };

    if (keys[field->type][0] && (field->min > 0 || field->type == SCHEMA_NUMBER))
        builder_add_number(b, keys[field->type][0], field->min);
    if (keys[field->type][1] && field->max > 0)
        builder_add_number(b, keys[field->type][1], field->max);
}

json_object *schema_describe_field(const SchemaField *field)
{
    const char *type = type_name(field->type);
    bool is_list = field->type == SCHEMA_LIST;
    Builder b;

    builder_init(&b);
    if (field->type == SCHEMA_RATIOS)
        builder_add_value(&b, "anyOf", word_or_ratios(field));
    else if (field->schema && !is_list && field->nullable)
        builder_add_value(&b, "anyOf", shape_or_null(field->schema));
    else if (field->schema && !is_list)
        builder_add_value(&b, "allOf", shape(field->schema));
    else if (field->nullable)
        builder_add_value(&b, "type", type_or_null(type));
    else
        builder_add_string(&b, "type", type);
    if (field->summary)
        builder_add_string(&b, "description", field->summary);
    add_bounds(field, &b);
    if (field->pattern)
        builder_add_string(&b, "pattern", field->pattern);
    if (field->value_at && field->type != SCHEMA_RATIOS)
        builder_add_value(&b, "enum", list_values(field));
    if (field->type == SCHEMA_STRINGS)
        builder_add_value(&b, "items", of_type("string"));
    if (is_list)
        builder_add_value(&b, "items", schema_refer(field->schema));
    if (field->type == SCHEMA_MAP)
        builder_add_value(&b, "additionalProperties", of_type("string"));
    return builder_take(&b);
}

static void add_field(const SchemaField *field, Builder *properties, ListBuilder *required)
{
    builder_add_value(properties, field->name, schema_describe_field(field));
    if (field->required)
        list_builder_add_string(required, field->name);
}

static const char *state_at(size_t i)
{
    return pool_state_to_string((PoolState)i);
}

/* A pool that never was is enough to ask what a status consists of. */
static int add_status(Builder *properties, ListBuilder *required)
{
    static const SchemaType types[] = {[STATUS_STRING] = SCHEMA_STRING,
                                       [STATUS_BOOL] = SCHEMA_BOOL,
                                       [STATUS_NUMBER] = SCHEMA_NUMBER,
                                       [STATUS_OBJECT] = SCHEMA_OBJECT};
    PoolStatus status;
    Pool *pool = NULL;
    int r = pool_new("p", &pool);

    if (r < 0)
        return r;
    pool_status(pool, (Instant){0}, &status);
    for (size_t i = 0; i < ELEMENTSOF(status.values); i++) {
        const StatusValue *v = &status.values[i];
        SchemaField field = {v->name, types[v->type], .required = true,
                             .nullable = v->type != STATUS_BOOL};

        if (streq(v->name, "state")) {
            field.nullable = false;
            field.value_at = state_at;
        }
        add_field(&field, properties, required);
    }
    pool_free(pool);
    return 0;
}

json_object *schema_describe(const Schema *schema)
{
    ListBuilder required;
    Builder b, properties;

    builder_init(&b);
    builder_init(&properties);
    list_builder_init(&required);
    builder_add_string(&b, "type", "object");
    builder_add_string(&b, "description", schema->summary);
    if (schema->with_status && add_status(&properties, &required) < 0)
        b.failed = true;
    for (size_t i = 0; i < schema->n_fields; i++)
        add_field(&schema->fields[i], &properties, &required);
    builder_add_value(&b, "properties", builder_take(&properties));
    builder_add_value(&b, "required", list_builder_take(&required));
    if (!schema->is_request)
        builder_add_bool(&b, "additionalProperties", false);
    return builder_take(&b);
}

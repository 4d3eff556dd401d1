/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>
#include <stdbool.h>
#include <stdint.h>

/* The shapes of what goes in and out, for the description of the API. */

typedef enum SchemaType {
    SCHEMA_STRING,
    SCHEMA_BOOL,
    SCHEMA_NUMBER,  /* an integer */
    SCHEMA_STRINGS, /* an array of strings */
    SCHEMA_RATIOS,  /* one of the words of `value_at`, or an array of numbers */
    SCHEMA_MAP,     /* an object of strings */
    SCHEMA_OBJECT,  /* of the shape `schema`; NULL: one with any members */
    SCHEMA_LIST,    /* an array of objects of the shape `schema` */
} SchemaType;

typedef struct SchemaField {
    const char *name;
    SchemaType type;
    bool required;
    bool nullable;
    const char *summary;             /* NULL: the name says it */
    uint64_t min, max;               /* of a number; bytes of a string; items; max 0: not said */
    const char *pattern;             /* of a string; NULL: any */
    const char *(*value_at)(size_t); /* of a string: all that it can be, up to NULL; NULL: any */
    const char *schema;
} SchemaField;

typedef struct Schema {
    const char *name;
    const char *summary;
    bool is_request;  /* members that are not known are taken, and warned of */
    bool with_status; /* the fields of a status come before these */
    const SchemaField *fields;
    size_t n_fields;
} Schema;

/* What a pool id looks like, as a regular expression. */
extern const char schema_id_pattern[];

/* The table; `i` counts from 0; NULL behind the last. */
const Schema *schema_at(size_t i);

/* The JSON Schema (2020-12) of one of them, or of a field. NULL when out of memory. */
json_object *schema_describe(const Schema *schema);
json_object *schema_describe_field(const SchemaField *field);

/* {"$ref": …} to one of them in an OpenAPI document. NULL when out of memory. */
json_object *schema_refer(const char *name);

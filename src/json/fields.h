/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>
#include <stdint.h>

#include "base/error.h"
#include "json/build.h"
#include "json/check.h"
#include "json/warnings.h"

/*
 * The members of a C struct as the members of a JSON object: one table says how they are read,
 * checked and written.
 */

typedef enum FieldType {
    FIELD_STRING,  /* char *, NULL: unset */
    FIELD_BUFFER,  /* char[max + 1], "": unset */
    FIELD_BOOL,    /* bool, never unset */
    FIELD_FLAG,    /* Flag, true or false; FLAG_UNSET: unset */
    FIELD_U64,     /* uint64_t, SPEC_UNSET: unset */
    FIELD_U16,     /* uint16_t, 0: unset */
    FIELD_PID,     /* pid_t, 0: unset */
    FIELD_REAL_MS, /* usec_t, in milliseconds outside; 0: unset */
    FIELD_SPAN_MS, /* usec_t, in milliseconds outside; SPEC_UNSET: unset */
    FIELD_ENUM,    /* an enum, by name; a value without a name: unset */
    FIELD_LIST,    /* char **, an array of strings; NULL: empty */
    FIELD_MAP,     /* char ** of "name=value", an object of strings; NULL: empty */
    FIELD_SPLIT,   /* a SpecSplit; SPLIT_NONE: unset */
    FIELD_OBJECT,  /* char *, the text of an object whose members are nobody's business, of `max`
                    * bytes; NULL: unset */
    FIELD_GROUP,   /* an object whose fields lie in the same struct */
} FieldType;

typedef struct Field {
    const char *name;
    FieldType type;
    bool required; /* must be there; what is not required may be left out or null */
    bool refused;  /* its check takes nothing, to say what to do instead: never written */
    bool nullable; /* required, but may be null: written as null where unset */
    size_t offset; /* in the struct; of a group: 0 */
    uint64_t min;  /* of numbers */
    uint64_t max;  /* of numbers; bytes of a string; items of a list or map; enum: last value + 1 */
    StringCheck check;      /* of a string, a list's items, a map's values; NULL: anything */
    StringCheck check_name; /* of a map's names */
    const char *fallback;   /* of a string that is left out; NULL: unset */
    const char *(*enum_name)(int value);
    const struct FieldTable *group;
} Field;

typedef struct FieldTable {
    const Field *fields;
    size_t count;
} FieldTable;

/*
 * Reads the members of `object` into the struct at `base`, whose fields are unset. `prefix` comes
 * before the names in errors ("" or "health."). Unknown members are left alone and named in
 * `warnings` (NULL: nobody wants to know). On failure what was read so far stays in the struct, for
 * its owner to free. Returns 0, -EINVAL with `error` naming the field, or -ENOMEM with `error` set.
 */
int fields_read(const FieldTable *table, json_object *object, const char *prefix, void *base,
                Warnings *warnings, Error *error);

/* Adds the members that fields_read() makes the same struct of; what is unset is left out, or null
 * where it is required. */
void fields_write(const FieldTable *table, const void *base, Builder *b);

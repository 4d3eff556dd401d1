/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json/fields.h"

/* Where a value goes and how it is called. */
typedef struct Target {
    const Field *field;
    const char *name; /* dotted */
    void *place;      /* in the struct */
    Error *error;
} Target;

/*
 * Each checks one value of the type of its name and puts it into its place. Returns 0, -EINVAL with
 * the error of the target naming the field, or -ENOMEM with it set.
 */
int store_bool(const Target *t, json_object *value);
int store_flag(const Target *t, json_object *value);
int store_number(const Target *t, json_object *value);
int store_string(const Target *t, json_object *value);
int store_enum(const Target *t, json_object *value);
int store_list(const Target *t, json_object *value);
int store_map(const Target *t, json_object *value);

/* Refuses a value with the text: must be <expected>, got <value>. Returns -EINVAL. */
int refuse_value(const Target *t, const char *expected, json_object *value);

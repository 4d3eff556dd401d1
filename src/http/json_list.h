/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>
#include <stdbool.h>

/* A JSON array in the making: as Builder (json/build.h) is for objects. */
typedef struct ListBuilder {
    json_object *array;
    bool failed;
} ListBuilder;

void list_builder_init(ListBuilder *l);
/* Takes the reference; NULL says that making the value ran out of memory. */
void list_builder_add(ListBuilder *l, json_object *value);
/* NULL is null. */
void list_builder_add_string(ListBuilder *l, const char *s);
/* Hands the array over, NULL when out of memory. */
json_object *list_builder_take(ListBuilder *l);

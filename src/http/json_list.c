/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/json_list.h"

#include "base/macros.h"

void list_builder_init(ListBuilder *l)
{
    l->array = json_object_new_array();
    l->failed = !l->array;
}

void list_builder_add(ListBuilder *l, json_object *value)
{
    if (!l->failed && value && json_object_array_add(l->array, value) >= 0)
        return;
    json_object_put(value);
    l->failed = true;
}

void list_builder_add_string(ListBuilder *l, const char *s)
{
    if (s)
        list_builder_add(l, json_object_new_string(s));
    else if (!l->failed && json_object_array_add(l->array, NULL) < 0)
        l->failed = true;
}

json_object *list_builder_take(ListBuilder *l)
{
    if (l->failed) {
        json_object_put(l->array);
        l->array = NULL;
    }
    return TAKE_PTR(l->array);
}

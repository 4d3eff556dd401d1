/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/fields.h"

static json_object *member(json_object *status, const char *name)
{
    json_object *value = NULL;

    return json_object_object_get_ex(status, name, &value) ? value : NULL;
}

const char *status_string(json_object *status, const char *name)
{
    json_object *value = member(status, name);

    return value ? json_object_get_string(value) : "";
}

uint64_t status_number(json_object *status, const char *name)
{
    json_object *value = member(status, name);

    return value ? json_object_get_uint64(value) : UINT64_MAX;
}

bool status_flag(json_object *status, const char *name)
{
    return json_object_get_boolean(member(status, name));
}

json_object *status_object(json_object *status, const char *name)
{
    json_object *value = member(status, name);

    return json_object_is_type(value, json_type_object) ? value : NULL;
}

json_object *status_array(json_object *status, const char *name)
{
    json_object *value = member(status, name);

    return json_object_is_type(value, json_type_array) ? value : NULL;
}

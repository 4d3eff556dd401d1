/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/prepared_file.h"

#include "ctl/input_file.h"
#include "json/reader.h"

/* The pool_id of {"prepared": {…}} or of the bare object; NULL when it has none. */
static const char *find_pool_id(json_object *body)
{
    json_object *prepared = NULL, *pool_id = NULL;

    if (!json_object_object_get_ex(body, "prepared", &prepared))
        prepared = body;
    if (!json_object_is_type(prepared, json_type_object) ||
        !json_object_object_get_ex(prepared, "pool_id", &pool_id) ||
        !json_object_is_type(pool_id, json_type_string))
        return NULL;
    return json_object_get_string(pool_id);
}

int prepared_file_read(char *const *words, char **ret_text, char **ret_pool_id, Error *error)
{
    const char *path = words[1] ? words[1] : words[0];
    const char *pool_id = words[1] ? words[0] : NULL;
    _cleanup_json_ json_object *body = NULL;
    _cleanup_free_ char *text = NULL;
    int r = input_file_read(path, &text, &body, error);

    if (r < 0)
        return r;
    if (!pool_id)
        pool_id = find_pool_id(body);
    if (!pool_id)
        return error_set(error, PM_ERROR_INVALID_FIELD, "pool_id",
                         "%s has no pool_id: put one there, or name the pool before the file",
                         path);
    *ret_pool_id = strdup(pool_id);
    if (!*ret_pool_id)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory");
    *ret_text = TAKE_PTR(text);
    return 0;
}

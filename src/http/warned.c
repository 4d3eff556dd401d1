/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/warned.h"

#include "json/build.h"
#include "json/encode.h"

void answer_warned(HttpRequest *request, unsigned status, json_object *object,
                   char *const *warnings)
{
    json_object *list = object ? json_string_array(warnings) : NULL;

    if (object && (!list || json_object_object_add(object, "warnings", list) < 0)) {
        json_object_put(list);
        json_object_put(object);
        object = NULL;
    }
    answer_json(request, status, object);
}

void answer_pool(HttpRequest *request, bool is_new, char *const *warnings)
{
    const Manager *m = request->server->manager;
    const char *pool_id = request->parameters.pool_id;
    const Pool *pool = manager_get_pool(m, pool_id);
    PoolStatus status;

    if (!pool) {
        answer_refuse(request, PM_ERROR_POOL_NOT_FOUND, NULL, "pool %s not found", pool_id);
        return;
    }
    pool_status(pool, manager_now(m), &status);
    answer_warned(request, is_new ? MHD_HTTP_CREATED : MHD_HTTP_OK, json_status(&status), warnings);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/handlers.h"
#include "http/request.h"

/* {name: value, ...} of strings; NULL when out of memory. */
static json_object *object_of_strings(const char *const pairs[][2], size_t n)
{
    json_object *object = json_object_new_object();

    for (size_t i = 0; object && i < n; i++) {
        json_object *value = json_object_new_string(pairs[i][1]);

        if (!value || json_object_object_add(object, pairs[i][0], value) < 0) {
            json_object_put(value);
            json_object_put(object);
            object = NULL;
        }
    }
    return object;
}

void handle_health(HttpRequest *request)
{
    static const char *const pairs[][2] = {{"status", "ok"}, {"version", PM_VERSION}};

    answer_json(request, MHD_HTTP_OK, object_of_strings(pairs, ELEMENTSOF(pairs)));
}

void handle_ready(HttpRequest *request)
{
    static const char *const pairs[][2] = {{"status", "ready"}};
    Error error = {.code = PM_ERROR_NONE};

    if (manager_is_recovered(request->server->manager)) {
        answer_json(request, MHD_HTTP_OK, object_of_strings(pairs, ELEMENTSOF(pairs)));
        return;
    }
    (void)error_set(&error, PM_ERROR_UNAVAILABLE, NULL,
                    "the daemon is still looking for the engines that run");
    answer_error(request, &error, 1000);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/registered.h"

#include "base/strv.h"
#include "ctl/client.h"
#include "ctl/report.h"
#include "json/build.h"

static json_object *answer_new(const char *pool_id, bool is_new, char *const *warnings)
{
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "pool_id", pool_id);
    builder_add_bool(&b, "new", is_new);
    builder_add_value(&b, "warnings", json_string_array(warnings));
    return builder_take(&b);
}

int registered_report(const Options *options, const char *pool_id, sd_bus_message *reply,
                      bool warns, const char *otherwise)
{
    _cleanup_strv_free_ char **warnings = NULL;
    _cleanup_json_ json_object *answer = NULL;
    Error error = {0};
    int is_new;
    int r;

    r = sd_bus_message_read(reply, "b", &is_new);
    if (r >= 0 && warns)
        r = sd_bus_message_read_strv(reply, &warnings);
    if (r < 0) {
        client_error(options, NULL, r, &error);
        return report_error(options, &error, pool_id);
    }
    answer = answer_new(pool_id, is_new != 0, warnings);
    if (options->json != JSON_OFF)
        return report_json(options, TAKE_PTR(answer));
    report_warnings(answer);
    printf("%s: %s\n", pool_id, is_new ? "registered" : otherwise);
    return 0;
}

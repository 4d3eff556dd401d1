/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/client.h"
#include "ctl/engine_output.h"
#include "ctl/report.h"
#include "ctl/verbs.h"

int verb_logs(const Options *options, char **arguments)
{
    OutputQuery query = {.pool_id = arguments[0],
                         .generation = options->generation,
                         .lines = options->lines,
                         .follow = options->follow,
                         .json = options->json != JSON_OFF,
                         .user = options->user};
    const char *hint = options->user ? NULL : engine_output_permission_hint();
    Error error = {0};
    uint64_t count;

    if (client_check_pool_id(arguments[0], &error) < 0)
        return report_error(options, &error, arguments[0]);
    if (options->follow && hint)
        report_note("%s", hint);
    if (engine_output_print(&query, stdout, &count, &error) < 0)
        return report_error(options, &error, arguments[0]);
    if (count == 0 && hint) {
        error_set(&error, PM_ERROR_FORBIDDEN, NULL, "no output of pool %s is visible to you: %s",
                  arguments[0], hint);
        return report_error(options, &error, arguments[0]);
    }
    if (count == 0 && options->lines > 0 && options->json == JSON_OFF)
        report_note("no output of pool %s is in the journal", arguments[0]);
    return 0;
}

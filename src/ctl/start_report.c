/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/start_report.h"

#include <inttypes.h>

#include "ctl/engine_output.h"
#include "ctl/report.h"

enum { OUTPUT_LINES = 10 };

#define LATE_LINES_USEC ((uint64_t)300 * 1000)

/* The URL is the pool's, not the operation's; when it cannot be had any more, the line does
 * without. */
void start_print(const PoolCall *call, json_object *answer)
{
    _cleanup_json_ json_object *pool = NULL;
    const char *url = "";

    report_warnings(answer);
    if (client_describe_pool(call->options, call->bus, call->pool_id, &pool, NULL) >= 0)
        url = status_string(pool, "url");
    printf("%s: ready%s%s, pid %" PRIu64 ", %s\n", call->pool_id, url[0] ? " at " : "", url,
           status_number(answer, "pid"), status_string(answer, "unit"));
}

void start_explain(const PoolCall *call, const Error *error)
{
    OutputQuery query = {.pool_id = call->pool_id,
                         .generation = call->progress->generation,
                         .lines = OUTPUT_LINES,
                         .patience_usec = LATE_LINES_USEC,
                         .user = call->options->user};

    /* What was refused has started nothing. */
    if (error->code != PM_ERROR_PRELOAD_FAILED || query.generation == 0 ||
        query.generation == UINT64_MAX)
        return;
    (void)engine_output_print(&query, stderr, NULL, NULL);
    if (call->progress->unit[0])
        report_note("all of it: journalctl%s -u '%s'", call->options->user ? " --user" : "",
                    call->progress->unit);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/progress_text.h"

#include <inttypes.h>
#include <stdio.h>

#include "ctl/fields.h"
#include "ctl/times.h"
#include "json/reader.h"

static const char staging_phase[] = "staging";

void pool_progress_init(PoolProgress *p, const char *pool_id)
{
    *p = (PoolProgress){.pool_id = pool_id,
                        .percent = UINT64_MAX,
                        .eta_ms = UINT64_MAX,
                        .generation = UINT64_MAX,
                        .staged_percent = UINT64_MAX};
}

void pool_progress_set_load(PoolProgress *p, const char *json)
{
    _cleanup_json_ json_object *load = json[0] ? json_tokener_parse(json) : NULL;

    p->phase[0] = '\0';
    p->percent = p->eta_ms = UINT64_MAX;
    if (!json_object_is_type(load, json_type_object))
        return;
    (void)snprintf(p->phase, sizeof(p->phase), "%s", status_string(load, "phase"));
    p->percent = status_number(load, "percent");
    p->eta_ms = status_number(load, "eta_ms");
}

void pool_progress_set_operation(PoolProgress *p, json_object *view)
{
    p->staging = streq(status_string(view, "phase"), staging_phase);
    p->staged_percent = p->staging ? status_number(view, "percent") : UINT64_MAX;
}

const char *pool_progress_phase(const PoolProgress *p)
{
    if (p->staging)
        return staging_phase;
    return p->phase[0] ? p->phase : p->state[0] ? p->state : "waiting";
}

static void append_percent(const PoolProgress *p, bool in_full, Text *text)
{
    uint64_t percent = p->staging ? p->staged_percent : p->percent;
    const char *of = p->staging ? " of the model provided" : " of the model read";

    if (percent != UINT64_MAX)
        text_printf(text, ", %" PRIu64 " %%%s", percent, in_full ? of : "");
}

static void append_one(const PoolProgress *p, uint64_t elapsed_ms, Text *text)
{
    char span[SPAN_TEXT_MAX];

    text_printf(text, "%s: %s", p->pool_id, pool_progress_phase(p));
    append_percent(p, true, text);
    span_format(elapsed_ms - elapsed_ms % 1000, span);
    text_printf(text, ", %s", elapsed_ms < 1000 ? "0s" : span);
    if (p->eta_ms != UINT64_MAX) {
        span_format(p->eta_ms < 1000 ? 1000 : p->eta_ms - p->eta_ms % 1000, span);
        text_printf(text, ", about %s to go", span);
    }
    if (p->health_check_error[0])
        text_printf(text, ", health check: %s", p->health_check_error);
}

static void append_several(const PoolProgress *pools, size_t n, size_t left, uint64_t elapsed_ms,
                           Text *text)
{
    char span[SPAN_TEXT_MAX];

    span_format(elapsed_ms - elapsed_ms % 1000, span);
    text_printf(text, "%zu of %zu, %s", n - left, n, elapsed_ms < 1000 ? "0s" : span);
    for (size_t i = 0; i < n; i++) {
        if (pools[i].ended)
            continue;
        text_printf(text, "; %s: %s", pools[i].pool_id, pool_progress_phase(&pools[i]));
        append_percent(&pools[i], false, text);
    }
}

void progress_text(const PoolProgress *pools, size_t n, uint64_t elapsed_ms, Text *text)
{
    const PoolProgress *one = NULL;
    size_t left = 0;

    for (size_t i = 0; i < n; i++) {
        if (pools[i].ended)
            continue;
        one = &pools[i];
        left++;
    }
    if (left == 1 && n == 1)
        append_one(one, elapsed_ms, text);
    else if (left > 0)
        append_several(pools, n, left, elapsed_ms, text);
}

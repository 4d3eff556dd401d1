/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/preload_progress.h"

#include <inttypes.h>
#include <stdio.h>

#include "ctl/report.h"
#include "ctl/terminal.h"
#include "ctl/times.h"

void progress_init(Progress *p, const char *pool_id, bool quiet)
{
    *p = (Progress){.pool_id = pool_id,
                    .quiet = quiet,
                    .terminal = isatty(STDERR_FILENO) == 1,
                    .started_ms = now_ms()};
}

void progress_clear(Progress *p)
{
    if (!p->drawn)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    p->drawn = false;
}

static uint64_t progress_seconds(const Progress *p)
{
    uint64_t now = now_ms();

    return now > p->started_ms ? (now - p->started_ms) / 1000 : 0;
}

void progress_draw(Progress *p)
{
    _cleanup_free_ char *text = NULL;
    _cleanup_free_ char *safe = NULL;
    _cleanup_free_ char *line = NULL;
    bool checked = p->health_check_error[0] != '\0';

    if (p->quiet || !p->terminal)
        return;
    if (asprintf(&text, "%s: %s, %" PRIu64 " s%s%s", p->pool_id, p->state[0] ? p->state : "waiting",
                 progress_seconds(p), checked ? ", health check: " : "",
                 checked ? p->health_check_error : "") < 0) {
        text = NULL;
        return;
    }
    safe = terminal_safe(text);
    line = safe ? text_ellipsize(safe, terminal_width(stderr) - 1) : NULL;
    if (!line)
        return;
    fprintf(stderr, "\r\033[K%s", line);
    fflush(stderr);
    p->drawn = true;
}

static void progress_set_state(Progress *p, const char *state)
{
    if (streq(p->state, state))
        return;
    (void)snprintf(p->state, sizeof(p->state), "%s", state);
    p->health_check_error[0] = '\0';
    if (!p->quiet && !p->terminal)
        report_note("%s: %s", p->pool_id, p->state);
    progress_draw(p);
}

static int read_text(sd_bus_message *m, char *buffer, size_t size)
{
    const char *text;
    int r;

    r = sd_bus_message_read(m, "v", "s", &text);
    if (r >= 0)
        (void)snprintf(buffer, size, "%s", text);
    return r;
}

static int read_state(Progress *p, sd_bus_message *m)
{
    const char *state;
    int r;

    r = sd_bus_message_read(m, "v", "s", &state);
    if (r >= 0)
        progress_set_state(p, state);
    return r;
}

static int read_unit(Progress *p, sd_bus_message *m)
{
    char unit[PM_UNIT_NAME_MAX + 1];
    int r;

    r = read_text(m, unit, sizeof(unit));
    if (r >= 0 && unit[0]) /* it is empty again once the engine has failed, and then of most use */
        memcpy(p->unit, unit, sizeof(unit));
    return r;
}

static int read_property(Progress *p, sd_bus_message *m)
{
    const char *name;
    int r;

    r = sd_bus_message_read(m, "s", &name);
    if (r < 0)
        return r;
    if (streq(name, "State"))
        return read_state(p, m);
    if (streq(name, "Unit"))
        return read_unit(p, m);
    if (streq(name, "HealthCheckError"))
        return read_text(m, p->health_check_error, sizeof(p->health_check_error));
    if (streq(name, "Generation"))
        return sd_bus_message_read(m, "v", "t", &p->generation);
    return sd_bus_message_skip(m, "v");
}

int progress_read(Progress *p, sd_bus_message *m)
{
    int r;

    r = sd_bus_message_enter_container(m, 'a', "{sv}");
    while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
        r = read_property(p, m);
        if (r >= 0)
            r = sd_bus_message_exit_container(m);
    }
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

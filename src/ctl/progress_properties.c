/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/progress_properties.h"

#include <stdio.h>

static int read_text(sd_bus_message *m, char *buffer, size_t size)
{
    const char *text;
    int r;

    r = sd_bus_message_read(m, "v", "s", &text);
    if (r >= 0)
        (void)snprintf(buffer, size, "%s", text);
    return r;
}

static int read_state(PoolProgress *p, sd_bus_message *m)
{
    char state[sizeof(p->state)];
    int r;

    r = read_text(m, state, sizeof(state));
    if (r < 0 || streq(p->state, state))
        return r;
    if (p->state[0]) /* else it is the state that staging goes with */
        p->staging = false;
    memcpy(p->state, state, sizeof(state));
    p->health_check_error[0] = '\0';
    pool_progress_set_load(p, ""); /* of the state before */
    return r;
}

static int read_unit(PoolProgress *p, sd_bus_message *m)
{
    char unit[PM_UNIT_NAME_MAX + 1];
    int r;

    r = read_text(m, unit, sizeof(unit));
    if (r >= 0 && unit[0]) /* it is empty again once the engine has failed, and then of most use */
        memcpy(p->unit, unit, sizeof(unit));
    return r;
}

static int read_load(PoolProgress *p, sd_bus_message *m)
{
    const char *json;
    int r;

    r = sd_bus_message_read(m, "v", "s", &json);
    if (r >= 0)
        pool_progress_set_load(p, json);
    return r;
}

static int read_property(PoolProgress *p, sd_bus_message *m)
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
    if (streq(name, "Load"))
        return read_load(p, m);
    if (streq(name, "HealthCheckError"))
        return read_text(m, p->health_check_error, sizeof(p->health_check_error));
    if (streq(name, "Generation"))
        return sd_bus_message_read(m, "v", "t", &p->generation);
    return sd_bus_message_skip(m, "v");
}

int progress_properties_read(PoolProgress *p, sd_bus_message *m)
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

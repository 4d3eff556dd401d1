/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/verbs.h"

#include "base/nearest.h"

/* In the order of the help text. */
static const Verb *const verbs[] = {
        &verb_list,   &verb_status,       &verb_preload,   &verb_plan,          &verb_stop,
        &verb_drain,  &verb_reload,       &verb_restart,   &verb_lease,         &verb_release,
        &verb_logs,   &verb_events,       &verb_operation, &verb_register,      &verb_deregister,
        &verb_set,    &verb_set_property, &verb_heartbeat, &verb_reset_breaker, &verb_allow_restart,
        &verb_config, &verb_devices,
};

const Verb *verb_at(size_t i)
{
    return i < ELEMENTSOF(verbs) ? verbs[i] : NULL;
}

const Verb *verb_find(const char *name)
{
    for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
        if (streq(verbs[i]->name, name))
            return verbs[i];
    return NULL;
}

const char *verb_nearest(const char *name)
{
    const char *names[ELEMENTSOF(verbs)];

    for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
        names[i] = verbs[i]->name;
    return nearest_name(name, names, ELEMENTSOF(names));
}

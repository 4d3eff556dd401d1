/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "known_unit.h"

#include <err.h>
#include <string.h>

#include "core/unit_plan.h"
#include "core/unit_plan_builder.h"
#include "systemd/unit_message.h"
#include "json/prepared_engine.h"

static sd_bus_message *call_of(sd_bus *bus, const UnitPlan *plan, char *const *without)
{
    sd_bus_message *call = NULL;
    int r = start_message_new(bus, plan, without, &call);

    if (r < 0)
        errx(1, "no call for %s: %s", plan->name, strerror(-r));
    return call;
}

static void set_name(UnitPlan *plan, const char *name)
{
    if (strlen(name) > PM_UNIT_NAME_MAX)
        errx(1, "the name %s is too long", name);
    (void)strcpy(plan->name, name);
}

sd_bus_message *unit_bare(sd_bus *bus, const char *name, char **argv)
{
    _cleanup_(unit_plan_freep) UnitPlan *plan = calloc(1, sizeof(UnitPlan));
    static const char *const none[] = {NULL};
    PlanBuilder b = {.plan = plan};

    if (!plan)
        err(1, NULL);
    set_name(plan, name);
    plan_add_string(&b, "Type", "exec");
    plan_add_command(&b, argv[0], argv + 1, none);
    if (b.error < 0)
        errx(1, "%s: %s", name, strerror(-b.error));
    return call_of(bus, plan, NULL);
}

sd_bus_message *unit_as_engine(sd_bus *bus, const char *name, const char *preload,
                               char *const *without)
{
    _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;
    _cleanup_(pool_freep) Pool *pool = NULL;
    /* As the daemon has it when nothing is configured. */
    PolicySettings settings = {
            .stop_grace_usec = 5 * USEC_PER_SEC,
            .engine_log_interval_usec = 30 * USEC_PER_SEC,
            .engine_log_burst = 10000,
    };
    UnitPlanContext context = {0};
    EngineSpec *spec = NULL;
    Error error = {.code = PM_ERROR_NONE};
    int r = prepared_engine_parse(preload, strlen(preload), NULL, &spec, NULL, &error);

    if (r >= 0)
        r = pool_new(spec->pool_id, &pool);
    if (r < 0)
        errx(1, "no engine: %s", error_is_set(&error) ? error.text : strerror(-r));
    pool->spec = spec;
    pool->generation = 1;
    r = unit_plan_new(pool, &settings, &context, &plan);
    if (r < 0)
        errx(1, "no plan for %s: %s", name, strerror(-r));
    set_name(plan, name);
    return call_of(bus, plan, without);
}

void unit_start(sd_bus *bus, sd_bus_message *call)
{
    uint64_t cookie; /* asked for, an answer is, too */
    int r = sd_bus_send(bus, call, &cookie);

    if (r >= 0)
        r = sd_bus_flush(bus);
    if (r < 0)
        errx(1, "the service manager cannot be asked: %s", strerror(-r));
}

void unit_check_answer(sd_bus *bus)
{
    sd_bus_message *m = NULL;

    while (sd_bus_process(bus, &m) > 0) {
        if (m && sd_bus_message_is_method_error(m, NULL) > 0)
            errx(1, "the service manager refuses: %s", bus_error_text(sd_bus_message_get_error(m)));
        m = sd_bus_message_unref(m);
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <poolmgr/names.h>

#include "base/text.h"
#include "core/probe_schedule.h"
#include "core/unit_name.h"
#include "core/unit_plan.h"

/* A plan in the making: after the first failure every further call does nothing. */
typedef struct Builder {
    UnitPlan *plan;
    size_t allocated;
    int error;
} Builder;

static UnitProperty *add(Builder *b, const char *name, UnitPropertyType type)
{
    static UnitProperty dropped;
    UnitPlan *plan = b->plan;

    if (b->error == 0 && plan->count == b->allocated) {
        size_t n = b->allocated ? b->allocated * 2 : 32;
        UnitProperty *p = reallocarray(plan->properties, n, sizeof(UnitProperty));

        if (p) {
            plan->properties = p;
            b->allocated = n;
        } else {
            b->error = -ENOMEM;
        }
    }
    if (b->error < 0)
        return &dropped;
    plan->properties[plan->count] = (UnitProperty){.name = name, .type = type};
    return &plan->properties[plan->count++];
}

static void add_string(Builder *b, const char *name, const char *value)
{
    UnitProperty *p = add(b, name, UNIT_PROPERTY_STRING);

    if (b->error < 0)
        return;
    p->string = strdup(value);
    if (!p->string)
        b->error = -ENOMEM;
}

static void add_bool(Builder *b, const char *name, bool value)
{
    add(b, name, UNIT_PROPERTY_BOOL)->boolean = value;
}

static void add_u64(Builder *b, const char *name, uint64_t value)
{
    if (value != SPEC_UNSET)
        add(b, name, UNIT_PROPERTY_U64)->number = value;
}

/* The property's strings; append with push(). NULL after a failure. */
static char ***add_list(Builder *b, const char *name, UnitPropertyType type)
{
    UnitProperty *p = add(b, name, type);

    return b->error < 0 ? NULL : &p->strv;
}

static void push(Builder *b, char ***list, const char *s)
{
    if (b->error == 0)
        b->error = strv_extend(list, s);
}

static int double_dollars(const char *s, char **ret)
{
    Text t = {0};

    for (; *s; s++)
        text_append_bytes(&t, *s == '$' ? "$$" : s, *s == '$' ? 2 : 1);
    return text_take(&t, ret);
}

static void add_description(Builder *b, const Pool *pool)
{
    Text t = {0};
    _cleanup_free_ char *description = NULL;

    text_printf(&t, "LLM engine of pool %s (%s)", pool->id, pool->spec->engine);
    if (text_take(&t, &description) < 0)
        b->error = -ENOMEM;
    else
        add_string(b, "Description", description);
}

static void add_command(Builder *b, const EngineSpec *spec)
{
    char ***argv = add_list(b, "ExecStart", UNIT_PROPERTY_EXEC);

    push(b, argv, spec->binary_path);
    STRV_FOREACH (flag, spec->flags) {
        _cleanup_free_ char *escaped = NULL;

        if (b->error == 0)
            b->error = double_dollars(*flag, &escaped);
        push(b, argv, escaped);
    }
}

static void add_strings(Builder *b, const char *name, UnitPropertyType type, char *const *values)
{
    char ***list;

    if (!values || !values[0])
        return;
    list = add_list(b, name, type);
    STRV_FOREACH (s, values)
        push(b, list, *s);
}

/* "name=path" items become pairs. */
static void add_credentials(Builder *b, char *const *credentials)
{
    char ***list;

    if (!credentials || !credentials[0])
        return;
    list = add_list(b, "LoadCredential", UNIT_PROPERTY_STRING_PAIRS);
    for (size_t i = 0; credentials[i]; i++) {
        const char *equals = strchr(credentials[i], '=');
        _cleanup_free_ char *name =
                equals ? strndup(credentials[i], (size_t)(equals - credentials[i])) : NULL;

        if (!name)
            b->error = b->error < 0 ? b->error : -ENOMEM;
        push(b, list, name);
        push(b, list, equals ? equals + 1 : "");
    }
}

/* What journalctl can select an engine's lines by (contract: logs). */
static void add_journal_fields(Builder *b, const Pool *pool)
{
    char ***list = add_list(b, "LogExtraFields", UNIT_PROPERTY_BYTES_ARRAY);

    if (b->error == 0)
        b->error = strv_extendf(list, "POOL_ID=%s", pool->id);
    if (b->error == 0)
        b->error = strv_extendf(list, "REPLICA_ID=%s", pool->spec->replica_id);
    if (b->error == 0)
        b->error = strv_extendf(list, "POOL_GENERATION=%" PRIu64, pool->generation);
    if (b->error == 0)
        b->error = strv_extendf(list, "ENGINE_VERSION=%s", pool->spec->engine_version);
}

static void add_output(Builder *b, const Pool *pool, const PolicySettings *settings,
                       const UnitPlanContext *context)
{
    add_string(b, "SyslogIdentifier", pool->id);
    if (settings->engine_log == ENGINE_LOG_FILE) {
        add_string(b, "StandardOutputFileToAppend", context->log_file);
        add_string(b, "StandardErrorFileToAppend", context->log_file);
    } else {
        add_string(b, "StandardOutput", "journal");
        add_string(b, "StandardError", "journal");
    }
    add_journal_fields(b, pool);
}

static void add_lifecycle(Builder *b, const EngineSpec *spec, const PolicySettings *settings)
{
    add_string(b, "Type", "exec");
    add_string(b, "Restart", "no"); /* the policy is ours */
    add_string(b, "KillMode", "control-group");
    add_string(b, "OOMPolicy", "kill");
    /* 0 would mean "for ever" once the service manager has reloaded its configuration. */
    add_u64(b, "TimeoutStopUSec", usec_max(spec_stop_grace(spec, settings), USEC_PER_MSEC));
}

static void add_resources(Builder *b, const EngineSpec *spec)
{
    add_u64(b, "MemoryMax", spec->resources.memory_max);
    add_u64(b, "MemoryHigh", spec->resources.memory_high);
    add_u64(b, "CPUWeight", spec->resources.cpu_weight);
    add_u64(b, "TasksMax", spec->resources.tasks_max);
    add_u64(b, "IOWeight", spec->resources.io_weight);
    /* What the engine reads from disks tells how far it is with its model. */
    add_bool(b, "IOAccounting", true);
}

/* A non-root user of its own, and nothing to gain from being it. A user's own manager can only do
 * the last. */
static void add_isolation(Builder *b, const EngineSpec *spec, bool user_mode)
{
    add_bool(b, "NoNewPrivileges", true);
    if (user_mode)
        return;
    add_bool(b, "DynamicUser", true); /* implies a read-only system and a private /tmp */
    add_u64(b, "CapabilityBoundingSet", 0);
    if (spec->model_path[0] == '/') {
        char ***list = add_list(b, "BindReadOnlyPaths", UNIT_PROPERTY_BIND_PATHS);

        push(b, list, spec->model_path);
        push(b, list, spec->model_path);
    }
}

int unit_plan_new(const Pool *pool, const PolicySettings *settings, const UnitPlanContext *context,
                  UnitPlan **ret)
{
    _cleanup_(unit_plan_freep) UnitPlan *plan = calloc(1, sizeof(UnitPlan));
    Builder b = {.plan = plan};

    if (!plan)
        return -ENOMEM;
    unit_name_format(pool->id, pool->spec->replica_id, pool->generation, plan->name);
    add_description(&b, pool);
    add_string(&b, "Slice", PM_SLICE);
    add_lifecycle(&b, pool->spec, settings);
    add_command(&b, pool->spec);
    add_strings(&b, "Environment", UNIT_PROPERTY_STRV, pool->spec->env);
    add_credentials(&b, pool->spec->credentials);
    add_output(&b, pool, settings, context);
    add_resources(&b, pool->spec);
    add_isolation(&b, pool->spec, settings->user_mode);
    if (b.error < 0)
        return b.error;
    *ret = TAKE_PTR(plan);
    return 0;
}

static void property_done(UnitProperty *p)
{
    switch (p->type) {
    case UNIT_PROPERTY_STRING:
        free(p->string);
        break;
    case UNIT_PROPERTY_BOOL:
    case UNIT_PROPERTY_U64:
        break;
    case UNIT_PROPERTY_STRV:
    case UNIT_PROPERTY_EXEC:
    case UNIT_PROPERTY_STRING_PAIRS:
    case UNIT_PROPERTY_BIND_PATHS:
    case UNIT_PROPERTY_BYTES_ARRAY:
        strv_free(p->strv);
        break;
    }
}

UnitPlan *unit_plan_free(UnitPlan *plan)
{
    if (!plan)
        return NULL;
    for (size_t i = 0; i < plan->count; i++)
        property_done(&plan->properties[i]);
    free(plan->properties);
    free(plan);
    return NULL;
}

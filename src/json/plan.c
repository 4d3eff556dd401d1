/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/plan.h"

#include "json/build.h"
#include "json/encode.h"

static const char *const modes[] =
        {[SPLIT_NONE] = "none", [SPLIT_AUTO] = "auto", [SPLIT_RATIOS] = "ratios"};
static const char *const verdicts[] = {[FIT_UNKNOWN] = "unknown",
                                       [FIT_GOOD] = "fits",
                                       [FIT_DOUBTFUL] = "doubtful",
                                       [FIT_BAD] = "does_not_fit"};

const char *json_plan_mode_at(size_t i)
{
    return i < ELEMENTSOF(modes) ? modes[i] : NULL;
}

const char *json_plan_verdict_at(size_t i)
{
    return i < ELEMENTSOF(verdicts) ? verdicts[i] : NULL;
}

/* Pairs as an array of arrays. */
static json_object *list_pairs(char *const *strings)
{
    json_object *list = json_object_new_array();

    for (char *const *s = strings; list && s && s[0] && s[1]; s += 2) {
        char *pair[] = {s[0], s[1], NULL};
        json_object *item = json_string_array(pair);

        if (!item || json_object_array_add(list, item) < 0) {
            json_object_put(item);
            json_object_put(list);
            return NULL;
        }
    }
    return list;
}

static void add_property(Builder *b, const UnitProperty *p)
{
    switch (p->type) {
    case UNIT_PROPERTY_STRING:
        builder_add_string(b, p->name, p->string);
        break;
    case UNIT_PROPERTY_BOOL:
        builder_add_bool(b, p->name, p->boolean);
        break;
    case UNIT_PROPERTY_U32:
    case UNIT_PROPERTY_INT:
    case UNIT_PROPERTY_U64:
        builder_add_number(b, p->name, p->number);
        break;
    case UNIT_PROPERTY_STRV:
    case UNIT_PROPERTY_EXEC:
    case UNIT_PROPERTY_BYTES_ARRAY:
    case UNIT_PROPERTY_ALLOW_LIST:
    case UNIT_PROPERTY_ADDRESSES:
        builder_add_value(b, p->name, json_string_array(p->strv));
        break;
    case UNIT_PROPERTY_STRING_PAIRS:
    case UNIT_PROPERTY_BIND_PATHS:
        builder_add_value(b, p->name, list_pairs(p->strv));
        break;
    }
}

static void add_unit(Builder *b, const UnitPlan *unit)
{
    Builder properties;

    builder_add_string(b, "unit", unit ? unit->name : NULL);
    if (!unit) {
        builder_add_null(b, "properties");
        return;
    }
    builder_init(&properties);
    for (size_t i = 0; i < unit->count; i++)
        add_property(&properties, &unit->properties[i]);
    builder_add_value(b, "properties", builder_take(&properties));
}

static void add_known(Builder *b, const char *key, const char *text)
{
    builder_add_string(b, key, text[0] ? text : NULL);
}

static json_object *describe_gpu(const PlanView *view, size_t i)
{
    const SplitPlan *split = &view->facts->fit.split;
    const RoomGpu *gpu = &view->facts->gpus[i];
    bool planned = i < split->count, known = gpu->memory_free_bytes != SPEC_UNSET;
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "device", gpu->device);
    add_known(&b, "uuid", gpu->uuid);
    add_known(&b, "name", gpu->name);
    builder_add_number(&b, "memory_total_bytes", gpu->memory_total_bytes);
    builder_add_number(&b, "memory_free_bytes", gpu->memory_free_bytes);
    builder_add_number(&b, "usable_bytes",
                       known ? split_capacity(gpu->memory_free_bytes, &view->headroom)
                             : SPEC_UNSET);
    builder_add_number(&b, "share_bytes", planned ? split->shares[i].bytes : SPEC_UNSET);
    builder_add_number(&b, "share_ppm", planned ? split->shares[i].ratio : SPEC_UNSET);
    return builder_take(&b);
}

static json_object *list_gpus(const PlanView *view)
{
    json_object *list = json_object_new_array();

    for (size_t i = 0; list && i < view->facts->gpus_count; i++) {
        json_object *gpu = describe_gpu(view, i);

        if (!gpu || json_object_array_add(list, gpu) < 0) {
            json_object_put(gpu);
            json_object_put(list);
            return NULL;
        }
    }
    return list;
}

static json_object *describe_part(const FitPart *part)
{
    Builder b;

    builder_init(&b);
    builder_add_number(&b, "need_bytes", part->need_bytes);
    builder_add_bool(&b, "estimated", part->need_bytes != SPEC_UNSET && part->estimated);
    builder_add_number(&b, "usable_bytes", part->room_bytes);
    builder_add_string(&b, "verdict", verdicts[part->verdict]);
    return builder_take(&b);
}

static json_object *describe_fit(const PlanView *view)
{
    Builder b;

    builder_init(&b);
    builder_add_value(&b, "vram", describe_part(&view->facts->fit.vram));
    builder_add_value(&b, "ram", describe_part(&view->facts->fit.ram));
    builder_add_number(&b, "model_bytes", view->facts->model_bytes);
    builder_add_number(&b, "headroom_bytes", view->headroom.bytes);
    builder_add_number(&b, "headroom_percent", view->headroom.percent);
    return builder_take(&b);
}

static json_object *describe_split(const PlanView *view)
{
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "mode", modes[view->spec->split.mode]);
    builder_add_string(&b, "tensor_split", view->tensor_split);
    return builder_take(&b);
}

json_object *json_plan(const PlanView *view)
{
    const Error *error = &view->facts->error;
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "pool_id", view->pool_id);
    builder_add_bool(&b, "would_start", !error_is_set(error));
    if (error_is_set(error))
        builder_add_value(&b, "error", json_error(error, view->pool_id));
    else
        builder_add_null(&b, "error");
    add_unit(&b, view->unit);
    builder_add_value(&b, "gpus", list_gpus(view));
    builder_add_value(&b, "split", describe_split(view));
    builder_add_value(&b, "fit", describe_fit(view));
    builder_add_string(&b, "waits_for", view->waits_for);
    builder_add_value(&b, "warnings", json_string_array(view->warnings));
    return builder_take(&b);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "core/start_facts.h"
#include "core/unit_plan.h"

/* A start as it would be. */
typedef struct PlanView {
    const char *pool_id;
    const EngineSpec *spec;
    const StartFacts *facts;
    const UnitPlan *unit;     /* NULL: there is none, the facts say why */
    const char *tensor_split; /* NULL: the engine is not told of one */
    const char *waits_for;    /* the pool whose start would have to end before; NULL: none */
    SplitHeadroom headroom;
    char *const *warnings;
} PlanView;

/*
 * {pool_id, would_start, error, unit, properties, gpus: […], split: {mode, tensor_split}, fit:
 * {vram, ram, model_bytes, headroom_bytes, headroom_percent}, waits_for, warnings}. A new object,
 * NULL when out of memory.
 */
json_object *json_plan(const PlanView *view);

/* What `split.mode` and the `verdict` of a part of `fit` can be: the i-th, NULL behind the last. */
const char *json_plan_mode_at(size_t i);
const char *json_plan_verdict_at(size_t i);

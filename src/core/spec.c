/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "core/spec.h"

const char *restart_policy_to_string(RestartPolicy policy)
{
    static const char *const names[RESTART_MAX] = {
            [RESTART_ON_FAILURE] = "on-failure",
            [RESTART_NO] = "no",
    };

    return policy >= 0 && policy < RESTART_MAX ? names[policy] : NULL;
}

int engine_spec_new(EngineSpec **ret)
{
    EngineSpec *spec = calloc(1, sizeof(EngineSpec));

    if (!spec)
        return -ENOMEM;
    spec->slots_total = spec->vram_bytes = spec->ram_bytes = SPEC_UNSET;
    spec->health.interval_ms = spec->health.timeout_ms = spec->health.failures = SPEC_UNSET;
    spec->stop_grace_ms = SPEC_UNSET;
    spec->resources.memory_max = spec->resources.memory_high = SPEC_UNSET;
    spec->resources.cpu_weight = spec->resources.io_weight = SPEC_UNSET;
    spec->resources.tasks_max = SPEC_UNSET;
    /* SPEC_UNSET, all of them. */
    memset(&spec->policy.numbers, 0xff, sizeof(spec->policy.numbers));
    *ret = spec;
    return 0;
}

EngineSpec *engine_spec_free(EngineSpec *spec)
{
    if (!spec)
        return NULL;
    free(spec->pool_id);
    free(spec->replica_id);
    free(spec->binary_path);
    strv_free(spec->flags);
    free(spec->host);
    free(spec->model_path);
    free(spec->engine);
    free(spec->engine_version);
    free(spec->engine_digest);
    free(spec->engine_catalog_id);
    free(spec->model_id);
    free(spec->device_mask);
    strv_free(spec->env);
    strv_free(spec->credentials);
    free(spec->split.ratios);
    free(spec->health.path);
    sandbox_done(&spec->sandbox);
    free(spec->container.rootfs);
    free(spec);
    return NULL;
}

static bool names_equal(const EngineSpec *a, const EngineSpec *b)
{
    return streq_ptr(a->pool_id, b->pool_id) && streq_ptr(a->replica_id, b->replica_id) &&
           streq_ptr(a->engine, b->engine) && streq_ptr(a->engine_version, b->engine_version) &&
           streq_ptr(a->engine_digest, b->engine_digest) &&
           streq_ptr(a->engine_catalog_id, b->engine_catalog_id) &&
           streq_ptr(a->model_id, b->model_id);
}

static bool command_equal(const EngineSpec *a, const EngineSpec *b)
{
    return streq_ptr(a->binary_path, b->binary_path) && strv_equal(a->flags, b->flags) &&
           streq_ptr(a->host, b->host) && a->port == b->port &&
           streq_ptr(a->model_path, b->model_path) && streq_ptr(a->device_mask, b->device_mask) &&
           strv_equal(a->env, b->env) && strv_equal(a->credentials, b->credentials);
}

static bool splits_equal(const SpecSplit *a, const SpecSplit *b)
{
    return a->mode == b->mode && a->count == b->count &&
           (a->count == 0 || memcmp(a->ratios, b->ratios, a->count * sizeof(a->ratios[0])) == 0);
}

static bool limits_equal(const EngineSpec *a, const EngineSpec *b)
{
    return a->slots_total == b->slots_total && a->vram_bytes == b->vram_bytes &&
           a->ram_bytes == b->ram_bytes && splits_equal(&a->split, &b->split) &&
           streq_ptr(a->health.path, b->health.path) &&
           a->health.interval_ms == b->health.interval_ms &&
           a->health.timeout_ms == b->health.timeout_ms &&
           a->health.failures == b->health.failures && a->stop_grace_ms == b->stop_grace_ms &&
           a->resources.memory_max == b->resources.memory_max &&
           a->resources.memory_high == b->resources.memory_high &&
           a->resources.cpu_weight == b->resources.cpu_weight &&
           a->resources.tasks_max == b->resources.tasks_max &&
           a->resources.io_weight == b->resources.io_weight;
}

static bool policy_equal(const EngineSpec *a, const EngineSpec *b)
{
    return a->policy.restart == b->policy.restart &&
           a->policy.retry_no_fit == b->policy.retry_no_fit &&
           memcmp(&a->policy.numbers, &b->policy.numbers, sizeof(a->policy.numbers)) == 0;
}

bool engine_spec_equal(const EngineSpec *a, const EngineSpec *b)
{
    if (!a || !b)
        return a == b;
    return names_equal(a, b) && command_equal(a, b) && limits_equal(a, b) && policy_equal(a, b) &&
           sandbox_equal(&a->sandbox, &b->sandbox) &&
           streq_ptr(a->container.rootfs, b->container.rootfs);
}

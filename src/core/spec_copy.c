/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "core/spec.h"

/* Gives the copy a text, or list, of its own. */
static bool own_text(char **text)
{
    if (!*text)
        return true;
    *text = strdup(*text);
    return *text != NULL;
}

static bool own_list(char ***list)
{
    char *const *original = *list;

    *list = NULL;
    return strv_copy(original, list) == 0;
}

static bool own_ratios(SpecSplit *split)
{
    const uint64_t *original = split->ratios;

    if (!original)
        return true;
    split->ratios = calloc(split->count, sizeof(original[0]));
    if (split->ratios)
        memcpy(split->ratios, original, split->count * sizeof(original[0]));
    return split->ratios != NULL;
}

int engine_spec_copy(const EngineSpec *spec, EngineSpec **ret)
{
    _cleanup_spec_ EngineSpec *copy = malloc(sizeof(EngineSpec));
    bool good;

    if (!copy)
        return -ENOMEM;
    *copy = *spec;
    /* All of them, whatever fails: none may stay the original's. */
    good = own_text(&copy->pool_id);
    good &= own_text(&copy->replica_id);
    good &= own_text(&copy->binary_path);
    good &= own_list(&copy->flags);
    good &= own_text(&copy->host);
    good &= own_text(&copy->model_path);
    good &= own_text(&copy->engine);
    good &= own_text(&copy->engine_version);
    good &= own_text(&copy->engine_digest);
    good &= own_text(&copy->engine_catalog_id);
    good &= own_text(&copy->model_id);
    good &= own_text(&copy->device_mask);
    good &= own_list(&copy->env);
    good &= own_list(&copy->credentials);
    good &= own_ratios(&copy->split);
    good &= own_text(&copy->health.path);
    good &= sandbox_own(&copy->sandbox);
    good &= own_text(&copy->container.rootfs);
    if (!good)
        return -ENOMEM;
    *ret = TAKE_PTR(copy);
    return 0;
}

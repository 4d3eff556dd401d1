/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/spec_policy.h"

enum { NUMBERS = sizeof(SupervisionSettings) / sizeof(uint64_t) };

SupervisionSettings spec_supervision(const EngineSpec *spec, const PolicySettings *settings)
{
    uint64_t numbers[NUMBERS], overrides[NUMBERS];
    SupervisionSettings result = settings->supervision;

    if (!spec)
        return result;
    memcpy(numbers, &result, sizeof(numbers));
    memcpy(overrides, &spec->policy.numbers, sizeof(overrides));
    for (size_t i = 0; i < NUMBERS; i++)
        if (overrides[i] != SPEC_UNSET)
            numbers[i] = overrides[i];
    memcpy(&result, numbers, sizeof(result));
    return result;
}

bool spec_retries_no_fit(const EngineSpec *spec, const PolicySettings *settings)
{
    if (spec->policy.retry_no_fit == FLAG_UNSET)
        return settings->retry_no_fit && spec_allows_restart(spec);
    return spec->policy.retry_no_fit == FLAG_ON && spec_allows_restart(spec);
}

bool spec_allows_restart(const EngineSpec *spec)
{
    return !spec || spec->policy.restart != RESTART_NO;
}

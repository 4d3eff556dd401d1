/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/fit.h"

#include <inttypes.h>
#include <stdio.h>

#define SPLIT_FIELD "split"

static uint64_t mib(uint64_t bytes)
{
    return bytes >> 20;
}

/* A need is told rounded up, so that the numbers do not contradict each other. */
static uint64_t mib_up(uint64_t bytes)
{
    return mib(bytes) + (bytes % ((uint64_t)1 << 20) > 0);
}

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > SPEC_UNSET - 1 - b ? SPEC_UNSET - 1 : a + b;
}

static uint64_t product(uint64_t a, uint64_t b)
{
    return b > 0 && a > (SPEC_UNSET - 1) / b ? SPEC_UNSET - 1 : a * b;
}

uint64_t fit_estimate(uint64_t model_bytes, uint64_t slots)
{
    uint64_t count = slots == SPEC_UNSET ? 1 : slots;

    if (model_bytes == SPEC_UNSET)
        return SPEC_UNSET;
    return add(add(model_bytes, model_bytes / FIT_EXTRA_PART), product(FIT_SLOT_BYTES, count));
}

/* Whether the model may lie there at all. */
static bool is_used(const EngineSpec *spec, size_t i)
{
    return spec->split.mode != SPLIT_RATIOS || spec->split.ratios[i] > 0;
}

/* Of all GPUs together; SPEC_UNSET: of one it is not known. `headroom` NULL: all that is free. */
static uint64_t sum_of_room(const FitRequest *r, const SplitHeadroom *headroom)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < r->count; i++) {
        if (r->free_bytes[i] == SPEC_UNSET)
            return SPEC_UNSET;
        if (is_used(r->spec, i))
            sum = add(sum,
                      headroom ? split_capacity(r->free_bytes[i], headroom) : r->free_bytes[i]);
    }
    return sum;
}

static FitVerdict compare(const FitPart *part)
{
    if (part->need_bytes == SPEC_UNSET || part->room_bytes == SPEC_UNSET)
        return FIT_UNKNOWN;
    if (part->need_bytes <= part->room_bytes)
        return FIT_GOOD;
    return part->estimated ? FIT_DOUBTFUL : FIT_BAD;
}

static int refuse(Error *error, const char *field, const char *memory, const FitPart *part)
{
    return error_set(error, PM_ERROR_DOES_NOT_FIT, field,
                     "%s: the engine needs %" PRIu64 " MiB of %s, and %" PRIu64
                     " MiB of it can be used after headroom: free some, or take a smaller model or "
                     "fewer slots (OC-POOL-3002)",
                     field, mib_up(part->need_bytes), memory, mib(part->room_bytes));
}

static void warn(Fit *fit, const char *memory, const FitPart *part)
{
    (void)snprintf(fit->warning, sizeof(fit->warning),
                   "the engine may need about %" PRIu64 " MiB of %s, by the size of its model and "
                   "its slots, and %" PRIu64 " MiB of it can be used after headroom",
                   mib_up(part->need_bytes), memory, mib(part->room_bytes));
}

/* No estimate can be wrong about that: of the files alone there is more than memory. */
static int check_files(const FitRequest *r, Fit *fit, Error *error)
{
    uint64_t all = sum_of_room(r, NULL);

    if (!r->gpu_only || !fit->vram.estimated || r->model_bytes == SPEC_UNSET || all == SPEC_UNSET ||
        r->model_bytes <= all)
        return 0;
    fit->vram.verdict = FIT_BAD;
    return error_set(error, PM_ERROR_DOES_NOT_FIT, "model_path",
                     "model_path: the model's files have %" PRIu64 " MiB, and %" PRIu64
                     " MiB of GPU memory are free: free some, take a smaller model, or give "
                     "vram_bytes if not all of it is to lie there (OC-POOL-3002)",
                     mib_up(r->model_bytes), mib(all));
}

static int check_count(const FitRequest *r, Error *error)
{
    const EngineSpec *spec = r->spec;

    if (spec->split.mode == SPLIT_RATIOS && spec->split.count != r->count)
        return error_set(error, PM_ERROR_INVALID_FIELD, SPLIT_FIELD,
                         SPLIT_FIELD ": has %zu ratios, and the engine uses %zu GPUs: give one for "
                                     "each, in the order of device_mask",
                         spec->split.count, r->count);
    if (spec->split.mode != SPLIT_NONE && r->count == 0)
        return error_set(error, PM_ERROR_PRELOAD_FAILED, SPLIT_FIELD,
                         SPLIT_FIELD ": there is no GPU to split the model over");
    return 0;
}

/* Ratios that were given need no memory to be known. */
static int check_known(const FitRequest *r, Error *error)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->free_bytes[i] == SPEC_UNSET && r->spec->split.mode == SPLIT_AUTO)
            return error_set(error, PM_ERROR_PRELOAD_FAILED, SPLIT_FIELD,
                             SPLIT_FIELD ": how much memory is free is not known of GPU number %zu "
                                         "of the mask: give ratios instead of \"auto\"",
                             i + 1);
    return 0;
}

/* The whole on the first one, or split. With a need that was given and does not fit: an error; an
 * estimate that does not lies as if it did. */
static int make_plan(const FitRequest *r, Fit *fit, Error *error)
{
    uint64_t free_bytes[SPLIT_DEVICES_MAX];
    SplitRequest request = {
            .mode = r->spec->split.mode,
            .count = r->count,
            .free_bytes = free_bytes,
            .ratios = r->spec->split.ratios,
            .need_bytes = fit->vram.need_bytes == SPEC_UNSET ? 0 : fit->vram.need_bytes,
            .headroom = r->headroom,
    };
    int result;

    for (size_t i = 0; i < r->count; i++)
        free_bytes[i] = r->free_bytes[i];
    result = split_plan_make(&request, &fit->split, error);
    if (result != -EIO || (!fit->vram.estimated && request.mode != SPLIT_NONE))
        return result;
    if (error)
        *error = (Error){.code = PM_ERROR_NONE};
    request.need_bytes = 0;
    return split_plan_make(&request, &fit->split, error);
}

/* What is more than one GPU can take and was not to be split: engines that are not told how may
 * still do it themselves. */
static void doubt_whole(const FitRequest *r, Fit *fit)
{
    uint64_t first = split_capacity(r->free_bytes[0], &r->headroom);

    if (r->spec->split.mode != SPLIT_NONE || fit->vram.verdict != FIT_GOOD ||
        fit->vram.need_bytes <= first)
        return;
    fit->vram.verdict = FIT_DOUBTFUL;
    (void)snprintf(fit->warning, sizeof(fit->warning),
                   "the engine needs %" PRIu64 " MiB of GPU memory, more than the %" PRIu64
                   " MiB that the first GPU has for it, and without \"split\" it is not told how "
                   "to divide its model",
                   mib_up(fit->vram.need_bytes), mib(first));
}

static int check_vram(const FitRequest *r, Fit *fit, Error *error)
{
    FitPart *part = &fit->vram;
    int result;

    part->estimated = r->spec->vram_bytes == SPEC_UNSET;
    part->need_bytes = part->estimated ? fit_estimate(r->model_bytes, r->spec->slots_total)
                                       : r->spec->vram_bytes;
    part->room_bytes = sum_of_room(r, &r->headroom);
    part->verdict = compare(part);
    result = check_known(r, error);
    if (result >= 0)
        result = check_files(r, fit, error);
    if (result < 0)
        return result;
    if (part->verdict == FIT_BAD && r->spec->split.mode == SPLIT_NONE)
        return refuse(error, "vram_bytes", "GPU memory", part);
    result = make_plan(r, fit, error);
    if (result < 0) {
        part->verdict = FIT_BAD;
        return result;
    }
    if (part->verdict == FIT_DOUBTFUL)
        warn(fit, "GPU memory", part);
    doubt_whole(r, fit);
    return 0;
}

/* What the host and the limit of the engine's unit leave. */
static uint64_t host_room(const FitRequest *r)
{
    uint64_t room =
            r->ram_bytes == SPEC_UNSET ? SPEC_UNSET : split_capacity(r->ram_bytes, &r->headroom);

    return r->spec->resources.memory_max < room ? r->spec->resources.memory_max : room;
}

/* Without GPUs the model lies in the host's memory, where an engine maps it: it need not all be
 * there at a time. */
static int check_ram(const FitRequest *r, Fit *fit, Error *error)
{
    const EngineSpec *spec = r->spec;
    FitPart *part = &fit->ram;

    part->need_bytes = spec->ram_bytes;
    part->room_bytes = host_room(r);
    if (part->need_bytes == SPEC_UNSET && r->on_host) {
        part->estimated = true;
        part->need_bytes = spec->vram_bytes != SPEC_UNSET
                                   ? spec->vram_bytes
                                   : fit_estimate(r->model_bytes, spec->slots_total);
    }
    part->verdict = compare(part);
    if (part->verdict == FIT_BAD)
        return refuse(error, "ram_bytes", "the host's memory", part);
    if (part->verdict == FIT_DOUBTFUL)
        warn(fit, "the host's memory", part);
    return 0;
}

int fit_check(const FitRequest *request, Fit *ret, Error *error)
{
    const FitPart unknown = {.need_bytes = SPEC_UNSET, .room_bytes = SPEC_UNSET};
    int r;

    *ret = (Fit){.vram = unknown, .ram = unknown};
    r = check_count(request, error);
    if (r >= 0 && request->count > 0)
        r = check_vram(request, ret, error);
    if (r < 0) {
        (void)check_ram(request, ret, NULL); /* for the numbers */
        return r;
    }
    return check_ram(request, ret, error);
}

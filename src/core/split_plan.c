/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/split_plan.h"

#include <errno.h>
#include <inttypes.h>

#include "base/text.h"

#define FIELD "split"

/* All is computed in KiB, of at most so many a device: no product of two numbers here overflows. */
#define KIB         ((uint64_t)1024)
#define KIB_PER_MIB ((uint64_t)1024)
#define KIB_MAX     ((uint64_t)1 << 37)

/* The plan in the making. */
typedef struct Split {
    size_t count;
    uint64_t need;                        /* KiB, rounded up */
    uint64_t capacity[SPLIT_DEVICES_MAX]; /* KiB, rounded down */
    uint64_t weight[SPLIT_DEVICES_MAX];   /* whose proportions the ratios are to have */
    uint64_t limit[SPLIT_DEVICES_MAX];    /* the largest ratio whose share fits */
    bool full[SPLIT_DEVICES_MAX];         /* it has that ratio */
    uint64_t ratio[SPLIT_DEVICES_MAX];
    uint64_t remainder[SPLIT_DEVICES_MAX]; /* what rounding down has taken off */
} Split;

uint64_t split_capacity(uint64_t free_bytes, const SplitHeadroom *headroom)
{
    uint64_t percent = headroom->percent < 100 ? headroom->percent : 100;
    uint64_t part = free_bytes / 100 * percent + (free_bytes % 100 * percent + 99) / 100;
    uint64_t left = free_bytes - part;

    return left > headroom->bytes ? left - headroom->bytes : 0;
}

static int refuse_count(const SplitRequest *request, Error *error)
{
    return error_set(error, PM_ERROR_INVALID_FIELD, FIELD,
                     FIELD ": a model can be split over 1 to %d devices, the mask has %zu",
                     SPLIT_DEVICES_MAX, request->count);
}

/* Names the devices by their places in the mask, as many as there is room for. */
static int refuse_need(const Split *s, Error *error)
{
    _cleanup_free_ char *devices = NULL;
    uint64_t all = 0;
    Text text = {0};

    for (size_t i = 0; i < s->count; i++) {
        uint64_t capacity = s->weight[i] > 0 ? s->capacity[i] : 0;

        all += capacity;
        text_printf(&text, "%s%" PRIu64, i > 0 ? " + " : "", capacity / KIB_PER_MIB);
    }
    if (text_take(&text, &devices) < 0)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory");
    return error_set(error, PM_ERROR_DOES_NOT_FIT, FIELD,
                     FIELD
                     ": the model needs %" PRIu64 " MiB with its KV cache, but the devices of "
                     "the mask have %" PRIu64 " MiB to use after headroom (%s): free some, or "
                     "take a smaller model or fewer slots (OC-POOL-3002)",
                     (s->need + KIB_PER_MIB - 1) / KIB_PER_MIB, all / KIB_PER_MIB, devices);
}

static void take_weights(const SplitRequest *request, Split *s)
{
    for (size_t i = 0; i < s->count; i++)
        switch (request->mode) {
        case SPLIT_NONE:
            s->weight[i] = i == 0;
            break;
        case SPLIT_AUTO:
            s->weight[i] = s->capacity[i];
            break;
        case SPLIT_RATIOS:
            s->weight[i] = request->ratios[i] < SPLIT_WHOLE ? request->ratios[i] : SPLIT_WHOLE;
            break;
        }
}

static void take_devices(const SplitRequest *request, Split *s)
{
    s->need = request->need_bytes / KIB + (request->need_bytes % KIB > 0);
    for (size_t i = 0; i < s->count; i++) {
        uint64_t capacity = split_capacity(request->free_bytes[i], &request->headroom) / KIB;

        s->capacity[i] = capacity < KIB_MAX ? capacity : KIB_MAX;
    }
    take_weights(request, s);
    for (size_t i = 0; i < s->count; i++) {
        if (s->weight[i] == 0)
            s->limit[i] = 0;
        else if (s->need <= s->capacity[i])
            s->limit[i] = SPLIT_WHOLE;
        else
            s->limit[i] = s->capacity[i] * SPLIT_WHOLE / s->need;
    }
}

static bool fits(const Split *s)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < s->count; i++)
        sum += s->limit[i];
    return sum >= SPLIT_WHOLE;
}

/* What is left for the devices that are not full, and the sum of their weights. */
static uint64_t left_over(const Split *s, uint64_t *ret_weights)
{
    uint64_t left = SPLIT_WHOLE;

    *ret_weights = 0;
    for (size_t i = 0; i < s->count; i++)
        if (s->full[i])
            left -= s->limit[i];
        else
            *ret_weights += s->weight[i];
    return left;
}

/* Those whose part of the rest would not fit take what fits, which leaves more for the others; and
 * so on. */
static void fill(Split *s)
{
    bool changed;

    do {
        uint64_t weights, left = left_over(s, &weights);

        changed = false;
        for (size_t i = 0; i < s->count; i++)
            if (!s->full[i] && left * s->weight[i] > s->limit[i] * weights)
                s->full[i] = changed = true;
    } while (changed);
}

/* Each gets its part of the rest, rounded down; what that leaves goes in single units to those
 * which it took most from, the first of equals. None of these is at its limit: there nothing was
 * taken. */
static void share_out(Split *s)
{
    uint64_t weights, left = left_over(s, &weights), given = 0;

    for (size_t i = 0; i < s->count; i++) {
        if (s->full[i]) {
            s->ratio[i] = s->limit[i];
        } else if (weights > 0) {
            s->ratio[i] = left * s->weight[i] / weights;
            s->remainder[i] = left * s->weight[i] % weights;
        }
        given += s->ratio[i];
    }
    for (; given < SPLIT_WHOLE; given++) {
        size_t most = 0;

        for (size_t i = 1; i < s->count; i++)
            if (s->remainder[i] > s->remainder[most])
                most = i;
        s->ratio[most]++;
        s->remainder[most] = 0;
    }
}

static void tell(const Split *s, SplitMode mode, SplitPlan *ret)
{
    ret->mode = mode;
    ret->count = s->count;
    for (size_t i = 0; i < s->count; i++)
        ret->shares[i] = (SplitShare){
                .capacity_bytes = s->capacity[i] * KIB,
                .bytes = (s->need * s->ratio[i] + SPLIT_WHOLE - 1) / SPLIT_WHOLE * KIB,
                .ratio = s->ratio[i],
        };
}

static bool has_weight(const Split *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->weight[i] > 0)
            return true;
    return false;
}

int split_plan_make(const SplitRequest *request, SplitPlan *ret, Error *error)
{
    Split s = {.count = request->count};

    if (request->count < 1 || request->count > SPLIT_DEVICES_MAX)
        return refuse_count(request, error);
    take_devices(request, &s);
    if (request->mode == SPLIT_RATIOS && !has_weight(&s))
        return error_set(error, PM_ERROR_INVALID_FIELD, FIELD,
                         FIELD ": one of the ratios must be more than 0");
    if (!fits(&s))
        return refuse_need(&s, error);
    fill(&s);
    share_out(&s);
    tell(&s, request->mode, ret);
    return 0;
}

int split_plan_tensor_split(const SplitPlan *plan, char **ret)
{
    Text text = {0};

    *ret = NULL;
    if (plan->mode == SPLIT_NONE)
        return 0;
    for (size_t i = 0; i < plan->count; i++)
        text_printf(&text, "%s%" PRIu64 ".%06" PRIu64, i > 0 ? "," : "",
                    plan->shares[i].ratio / SPLIT_WHOLE, plan->shares[i].ratio % SPLIT_WHOLE);
    return text_take(&text, ret);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/thorough.h"
#include "core/split_plan.h"

#include <errno.h>

#include "../../sim/prng.h"
#include "../base/alloc-fixture.h"
#include "../base/cmocka-all.h"

#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)
#define KIB    1024

enum { DRAWS = 50000 };

static const SplitHeadroom no_headroom;

/* A random request, with the arrays that it points to. */
typedef struct Draw {
    SplitRequest request;
    uint64_t free_bytes[SPLIT_DEVICES_MAX];
    uint64_t ratios[SPLIT_DEVICES_MAX];
} Draw;

/* No more than 128 TiB of a device count. */
static uint64_t capacity_of(const SplitRequest *r, size_t i)
{
    uint64_t capacity = split_capacity(r->free_bytes[i], &r->headroom) / KIB * KIB;

    return capacity < (uint64_t)1 << 47 ? capacity : (uint64_t)1 << 47;
}

static uint64_t sum_of_capacities(const SplitRequest *r)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < r->count; i++)
        if (r->mode == SPLIT_AUTO || (r->mode == SPLIT_RATIOS && r->ratios[i] > 0) ||
            (r->mode == SPLIT_NONE && i == 0))
            sum += capacity_of(r, i);
    return sum;
}

static uint64_t draw_memory(Prng *p)
{
    /* Real cards, odd ones, full ones and empty ones. */
    static const uint64_t cards[] = {MIB(4096), GIB(8), GIB(24), GIB(80), GIB(141)};

    switch (prng_range(p, 0, 5)) {
    case 0:
        return 0;
    case 1:
        return prng_range(p, 0, 4096);
    case 2:
        return prng_next(p) >> prng_range(p, 16, 63);
    case 3:
        return prng_range(p, 0, GIB(141));
    default:
        return cards[prng_range(p, 0, ELEMENTSOF(cards) - 1)];
    }
}

static void draw(Prng *p, Draw *d)
{
    SplitRequest *r = &d->request;

    *r = (SplitRequest){
            .mode = (SplitMode)prng_range(p, SPLIT_NONE, SPLIT_RATIOS),
            .count = prng_one_in(p, 10) ? prng_range(p, 1, SPLIT_DEVICES_MAX) : prng_range(p, 1, 8),
            .free_bytes = d->free_bytes,
            .ratios = d->ratios,
    };
    if (prng_one_in(p, 2))
        r->headroom = SPLIT_HEADROOM_DEFAULT;
    for (size_t i = 0; i < r->count; i++) {
        d->free_bytes[i] = draw_memory(p);
        d->ratios[i] =
                prng_one_in(p, 4) ? 0 : prng_range(p, 1, prng_one_in(p, 2) ? 4 : SPLIT_WHOLE);
    }
    d->ratios[prng_range(p, 0, r->count - 1)] = prng_range(p, 1, 4);
    /* Much less than there is, about as much, more. */
    r->need_bytes = sum_of_capacities(r);
    switch (prng_range(p, 0, 4)) {
    case 0:
        r->need_bytes = prng_next(p) >> prng_range(p, 0, 63);
        break;
    case 1:
        r->need_bytes -= prng_range(p, 0, r->need_bytes / 100);
        break;
    case 2:
        r->need_bytes += prng_range(p, 0, r->need_bytes / 100);
        break;
    default:
        r->need_bytes = prng_range(p, 0, r->need_bytes);
        break;
    }
}

static void check_plan(const SplitRequest *r, const SplitPlan *plan)
{
    uint64_t ratios = 0, bytes = 0;

    assert_int_equal(plan->count, r->count);
    for (size_t i = 0; i < plan->count; i++) {
        const SplitShare *share = &plan->shares[i];

        ratios += share->ratio;
        bytes += share->bytes;
        assert_true(share->capacity_bytes <= r->free_bytes[i]);
        assert_true(share->bytes <= share->capacity_bytes || r->need_bytes == 0);
        if (r->mode == SPLIT_RATIOS && r->ratios[i] == 0)
            assert_int_equal(share->ratio, 0);
    }
    assert_int_equal(ratios, SPLIT_WHOLE);
    assert_true(bytes >= r->need_bytes);
    assert_true(bytes - r->need_bytes <= (plan->count + 1) * KIB);
}

/* B-HETERO-001 to B-HETERO-005: sum, capacities, refusal and determinism, whatever the devices. */
static void test_any_devices(void **state)
{
    Prng p = {.state = 1};
    size_t fitted = 0, refused = 0;

    for (size_t i = 0; i < DRAWS / thorough_stride(); i++) {
        Error error = {.code = PM_ERROR_NONE};
        SplitPlan plan, again;
        Draw d;
        int r;

        draw(&p, &d);
        memset(&plan, 0, sizeof(plan));
        memset(&again, 0, sizeof(again));
        r = split_plan_make(&d.request, &plan, &error);
        assert_int_equal(split_plan_make(&d.request, &again, NULL), r);
        assert_memory_equal(&plan, &again, sizeof(plan));
        if (r >= 0) {
            fitted++;
            check_plan(&d.request, &plan);
            continue;
        }
        refused++;
        assert_int_equal(error.code, PM_ERROR_DOES_NOT_FIT);
        assert_string_equal(error.field, "split");
        /* It does not fit, or only just: a unit a device is lost to rounding. */
        assert_true(sum_of_capacities(&d.request) / SPLIT_WHOLE * (SPLIT_WHOLE - d.request.count) <
                    d.request.need_bytes + d.request.count * KIB);
    }
    assert_true(fitted > DRAWS / thorough_stride() / 10 &&
                refused > DRAWS / thorough_stride() / 10);
}

/* What can use more does not get less; what gets more memory does not get a smaller ratio; and what
 * fits into less fits into more. */
static void test_monotone(void **state)
{
    Prng p = {.state = 2};
    size_t compared = 0;

    for (size_t n = 0; n < DRAWS / thorough_stride(); n++) {
        SplitPlan plan, more;
        size_t which;
        Draw d;

        draw(&p, &d);
        d.request.mode = SPLIT_AUTO;
        which = prng_range(&p, 0, d.request.count - 1);
        if (split_plan_make(&d.request, &plan, NULL) < 0)
            continue;
        for (size_t i = 0; i < plan.count; i++)
            for (size_t k = 0; k < plan.count; k++)
                if (plan.shares[i].capacity_bytes < plan.shares[k].capacity_bytes)
                    assert_true(plan.shares[i].ratio <= plan.shares[k].ratio);
        d.free_bytes[which] += prng_next(&p) >> prng_range(&p, 16, 60);
        assert_int_equal(split_plan_make(&d.request, &more, NULL), 0);
        assert_true(more.shares[which].ratio >= plan.shares[which].ratio);
        d.request.need_bytes -= prng_range(&p, 0, d.request.need_bytes);
        assert_int_equal(split_plan_make(&d.request, &more, NULL), 0);
        compared++;
    }
    assert_true(compared > DRAWS / thorough_stride() / 10);
}

static void test_examples(void **state)
{
    static const struct {
        SplitMode mode;
        uint64_t need, free_bytes[3], ratios[3];
        const char *tensor_split; /* NULL: none; "": refused */
    } rows[] = {
            /* B-HETERO-001, B-HETERO-002 */
            {SPLIT_AUTO, GIB(16), {GIB(24), GIB(8)}, {0}, "0.750000,0.250000,0.000000"},
            {SPLIT_AUTO, GIB(3), {GIB(1), GIB(1), GIB(1)}, {0}, ""},
            {SPLIT_AUTO, MIB(3071), {GIB(1), GIB(1), GIB(1)}, {0}, "0.333334,0.333333,0.333333"},
            {SPLIT_AUTO, 0, {GIB(1), 0, GIB(3)}, {0}, "0.250000,0.000000,0.750000"},
            {SPLIT_AUTO, GIB(33), {GIB(24), GIB(8)}, {0}, ""},
            /* B-HETERO-003, B-HETERO-004: the smallest takes what fits, the others the rest. */
            {SPLIT_RATIOS, GIB(16), {GIB(24), GIB(8)}, {3, 1}, "0.750000,0.250000,0.000000"},
            {SPLIT_RATIOS,
             GIB(20),
             {GIB(24), GIB(4), GIB(24)},
             {1, 1, 2},
             "0.266667,0.200000,0.533333"},
            {SPLIT_RATIOS,
             GIB(16),
             {GIB(24), GIB(8)},
             {250000, 750000},
             "0.500000,0.500000,0.000000"},
            {SPLIT_RATIOS, GIB(24), {GIB(24), GIB(8)}, {1, 0}, "1.000000,0.000000,0.000000"},
            /* B-HETERO-005 */
            {SPLIT_RATIOS, GIB(25), {GIB(24), GIB(8)}, {1, 0}, ""},
            {SPLIT_RATIOS, GIB(40), {GIB(24), GIB(8)}, {1, 1}, ""},
            /* B-HETERO-006 */
            {SPLIT_NONE, GIB(16), {GIB(24), GIB(8)}, {0}, NULL},
            {SPLIT_NONE, GIB(16), {GIB(8), GIB(24)}, {0}, ""},
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        _cleanup_free_ char *text = NULL;
        const SplitRequest request = {
                .mode = rows[i].mode,
                .count = 3,
                .free_bytes = rows[i].free_bytes,
                .ratios = rows[i].ratios,
                .need_bytes = rows[i].need,
                .headroom = no_headroom,
        };
        SplitPlan plan;
        int r = split_plan_make(&request, &plan, NULL);

        assert_int_equal(r, rows[i].tensor_split && !rows[i].tensor_split[0] ? -EIO : 0);
        if (r < 0)
            continue;
        assert_int_equal(split_plan_tensor_split(&plan, &text), 0);
        if (!rows[i].tensor_split)
            assert_null(text);
        else
            assert_string_equal(text, rows[i].tensor_split);
    }
}

/* B-HETERO-006: without a split all lies on the first GPU. */
static void test_no_split(void **state)
{
    static const uint64_t free_bytes[] = {GIB(8), GIB(24)};
    const SplitRequest request = {.count = 2, .free_bytes = free_bytes, .need_bytes = GIB(4)};
    SplitPlan plan;

    assert_int_equal(request.mode, SPLIT_NONE);
    assert_int_equal(split_plan_make(&request, &plan, NULL), 0);
    assert_int_equal(plan.shares[0].ratio, SPLIT_WHOLE);
    assert_int_equal(plan.shares[0].bytes, GIB(4));
    assert_int_equal(plan.shares[1].ratio, 0);
    assert_int_equal(plan.shares[1].bytes, 0);
}

static void test_headroom(void **state)
{
    static const SplitHeadroom all = {.percent = 100}, more = {.percent = UINT64_MAX},
                               bytes = {.bytes = UINT64_MAX};
    const SplitHeadroom usual = SPLIT_HEADROOM_DEFAULT;
    Prng p = {.state = 3};

    assert_int_equal(split_capacity(GIB(20), &usual), GIB(19) - MIB(512));
    assert_int_equal(split_capacity(MIB(512), &usual), 0);
    assert_int_equal(split_capacity(0, &usual), 0);
    assert_int_equal(split_capacity(GIB(20), &no_headroom), GIB(20));
    assert_int_equal(split_capacity(UINT64_MAX, &no_headroom), UINT64_MAX);
    assert_int_equal(split_capacity(UINT64_MAX, &all), 0);
    assert_int_equal(split_capacity(GIB(20), &more), 0);
    assert_int_equal(split_capacity(UINT64_MAX, &bytes), 0);
    for (size_t i = 0; i < DRAWS / thorough_stride(); i++) {
        SplitHeadroom h = {.bytes = prng_range(&p, 0, 300), .percent = prng_range(&p, 0, 100)};
        uint64_t n = prng_next(&p) >> prng_range(&p, 1, 63);

        assert_true(split_capacity(n, &h) <= split_capacity(n + 1, &h));
        assert_true(split_capacity(n, &h) <= n);
    }
}

/* Refusals name the field and the numbers. */
static void test_refused(void **state)
{
    static const uint64_t free_bytes[SPLIT_DEVICES_MAX + 1] = {GIB(24), GIB(8)};
    static const uint64_t ratios[SPLIT_DEVICES_MAX + 1];
    SplitRequest request = {.mode = SPLIT_AUTO,
                            .count = 2,
                            .free_bytes = free_bytes,
                            .ratios = ratios,
                            .need_bytes = GIB(40)};
    Error error = {.code = PM_ERROR_NONE};
    SplitPlan plan;

    assert_int_equal(split_plan_make(&request, &plan, &error), -EIO);
    assert_int_equal(error.code, PM_ERROR_DOES_NOT_FIT);
    assert_non_null(strstr(error.text, "40960 MiB"));
    assert_non_null(strstr(error.text, "32768 MiB"));
    assert_non_null(strstr(error.text, "24576 + 8192"));
    request.mode = SPLIT_RATIOS;
    assert_int_equal(split_plan_make(&request, &plan, &error), -EINVAL);
    assert_int_equal(error.code, PM_ERROR_INVALID_FIELD);
    request.mode = SPLIT_AUTO;
    request.count = 0;
    assert_int_equal(split_plan_make(&request, &plan, &error), -EINVAL);
    request.count = SPLIT_DEVICES_MAX + 1;
    assert_int_equal(split_plan_make(&request, &plan, &error), -EINVAL);
    assert_non_null(strstr(error.text, "65"));
}

static void test_out_of_memory(void **state)
{
    static const uint64_t free_bytes[] = {GIB(8), GIB(24)};
    const SplitRequest request = {.mode = SPLIT_AUTO, .count = 2, .free_bytes = free_bytes};
    _cleanup_free_ char *text = NULL;
    SplitPlan plan;
    int r;

    assert_int_equal(split_plan_make(&request, &plan, NULL), 0);
    FOR_EACH_FAILED_ALLOCATION(r = split_plan_tensor_split(&plan, &text), {
        assert_int_equal(r, -ENOMEM);
        assert_null(text);
    });
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_any_devices),   cmocka_unit_test(test_monotone),
            cmocka_unit_test(test_examples),      cmocka_unit_test(test_no_split),
            cmocka_unit_test(test_headroom),      cmocka_unit_test(test_refused),
            cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

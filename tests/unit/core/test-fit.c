/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/fit.h"

#include <errno.h>

#include "../../sim/prng.h"
#include "spec-fixture.h"

#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)
#define UNSET  SPEC_UNSET

enum { DRAWS = 20000, GPUS = 3 };

/* What an engine with these numbers finds. */
typedef struct Case {
    const char *name;
    uint64_t vram, ram, memory_max, model, slots;
    SplitMode split;
    bool gpu_only;
    size_t gpus;
    uint64_t free_bytes[GPUS];
    uint64_t host;
    PmErrorCode code;
    const char *field, *text; /* a part of the error's, or of the warning's */
    FitVerdict vram_verdict, ram_verdict;
} Case;

#define NOTHING UNSET, UNSET, UNSET, UNSET, UNSET

static const Case cases[] = {
        {"given, fits",
         GIB(10),
         UNSET,
         UNSET,
         UNSET,
         UNSET,
         SPLIT_NONE,
         true,
         1,
         {GIB(24)},
         UNSET,
         PM_ERROR_NONE,
         "",
         "",
         FIT_GOOD,
         FIT_UNKNOWN},
        {"given, the headroom is missing",
         GIB(24) - 1,
         UNSET,
         UNSET,
         UNSET,
         UNSET,
         SPLIT_NONE,
         true,
         1,
         {GIB(24)},
         UNSET,
         PM_ERROR_DOES_NOT_FIT,
         "vram_bytes",
         "needs 24576 MiB of GPU memory, and 22835 MiB",
         FIT_BAD,
         FIT_UNKNOWN},
        {"given, believed in spite of a larger model",
         GIB(2),
         UNSET,
         UNSET,
         GIB(90),
         UNSET,
         SPLIT_NONE,
         true,
         1,
         {GIB(24)},
         UNSET,
         PM_ERROR_NONE,
         "",
         "",
         FIT_GOOD,
         FIT_UNKNOWN},
        {"given 0: it uses none",
         0,
         UNSET,
         UNSET,
         GIB(90),
         UNSET,
         SPLIT_NONE,
         true,
         1,
         {0},
         UNSET,
         PM_ERROR_NONE,
         "",
         "",
         FIT_GOOD,
         FIT_UNKNOWN},
        {"not known how much is free",
         GIB(90),
         UNSET,
         UNSET,
         UNSET,
         UNSET,
         SPLIT_NONE,
         true,
         1,
         {UNSET},
         UNSET,
         PM_ERROR_NONE,
         "",
         "",
         FIT_UNKNOWN,
         FIT_UNKNOWN},
        {"more than the first has, not more than all have",
         GIB(30),
         UNSET,
         UNSET,
         UNSET,
         UNSET,
         SPLIT_NONE,
         true,
         2,
         {GIB(24), GIB(24)},
         UNSET,
         PM_ERROR_NONE,
         "",
         "without \"split\"",
         FIT_DOUBTFUL,
         FIT_UNKNOWN},
        {"the same, split",
         GIB(30),
         UNSET,
         UNSET,
         UNSET,
         UNSET,
         SPLIT_AUTO,
         true,
         2,
         {GIB(24), GIB(24)},
         UNSET,
         PM_ERROR_NONE,
         "",
         "",
         FIT_GOOD,
         FIT_UNKNOWN},
        {"more than all have, split",
         GIB(50),
         UNSET,
         UNSET,
         UNSET,
         UNSET,
         SPLIT_AUTO,
         true,
         2,
         {GIB(24), GIB(24)},
         UNSET,
         PM_ERROR_DOES_NOT_FIT,
         "split",
         "OC-POOL-3002",
         FIT_BAD,
         FIT_UNKNOWN},
        {"more than all have",
         GIB(50),
         UNSET,
         UNSET,
         UNSET,
         UNSET,
         SPLIT_NONE,
         true,
         2,
         {GIB(24), GIB(24)},
         UNSET,
         PM_ERROR_DOES_NOT_FIT,
         "vram_bytes",
         "OC-POOL-3002",
         FIT_BAD,
         FIT_UNKNOWN},
        {"split, not known how much is free",
         UNSET,
         UNSET,
         UNSET,
         UNSET,
         UNSET,
         SPLIT_AUTO,
         true,
         2,
         {GIB(24), UNSET},
         UNSET,
         PM_ERROR_PRELOAD_FAILED,
         "split",
         "GPU number 2",
         FIT_UNKNOWN,
         FIT_UNKNOWN},
        {"split, no GPU",
         UNSET,
         UNSET,
         UNSET,
         UNSET,
         UNSET,
         SPLIT_AUTO,
         true,
         0,
         {0},
         UNSET,
         PM_ERROR_PRELOAD_FAILED,
         "split",
         "no GPU",
         FIT_UNKNOWN,
         FIT_UNKNOWN},
        {"estimated, fits",
         UNSET,
         UNSET,
         UNSET,
         GIB(10),
         UNSET,
         SPLIT_NONE,
         true,
         1,
         {GIB(24)},
         UNSET,
         PM_ERROR_NONE,
         "",
         "",
         FIT_GOOD,
         FIT_UNKNOWN},
        {"estimated, the slots do not",
         UNSET,
         UNSET,
         UNSET,
         GIB(10),
         64,
         SPLIT_NONE,
         true,
         1,
         {GIB(24)},
         UNSET,
         PM_ERROR_NONE,
         "",
         "about 27648 MiB of GPU memory",
         FIT_DOUBTFUL,
         FIT_UNKNOWN},
        {"estimated, split all the same",
         UNSET,
         UNSET,
         UNSET,
         GIB(10),
         256,
         SPLIT_AUTO,
         true,
         2,
         {GIB(24), GIB(12)},
         UNSET,
         PM_ERROR_NONE,
         "",
         "about",
         FIT_DOUBTFUL,
         FIT_UNKNOWN},
        {"the files alone do not, GPU only",
         UNSET,
         UNSET,
         UNSET,
         GIB(25),
         UNSET,
         SPLIT_NONE,
         true,
         1,
         {GIB(24)},
         UNSET,
         PM_ERROR_DOES_NOT_FIT,
         "model_path",
         "files have 25600 MiB, and 24576 MiB of GPU memory are free",
         FIT_BAD,
         FIT_UNKNOWN},
        {"the files alone do not, the host may take the rest",
         UNSET,
         UNSET,
         UNSET,
         GIB(25),
         UNSET,
         SPLIT_NONE,
         false,
         1,
         {GIB(24)},
         UNSET,
         PM_ERROR_NONE,
         "",
         "GPU memory",
         FIT_DOUBTFUL,
         FIT_UNKNOWN},
        {"ram given, fits",
         UNSET,
         GIB(4),
         UNSET,
         UNSET,
         UNSET,
         SPLIT_NONE,
         false,
         0,
         {0},
         GIB(8),
         PM_ERROR_NONE,
         "",
         "",
         FIT_UNKNOWN,
         FIT_GOOD},
        {"ram given, does not",
         UNSET,
         GIB(8),
         UNSET,
         UNSET,
         UNSET,
         SPLIT_NONE,
         false,
         0,
         {0},
         GIB(8),
         PM_ERROR_DOES_NOT_FIT,
         "ram_bytes",
         "needs 8192 MiB of the host's memory",
         FIT_UNKNOWN,
         FIT_BAD},
        {"ram given, over its own limit",
         UNSET,
         GIB(2),
         GIB(1),
         UNSET,
         UNSET,
         SPLIT_NONE,
         false,
         0,
         {0},
         GIB(8),
         PM_ERROR_DOES_NOT_FIT,
         "ram_bytes",
         "1024 MiB of it can be used",
         FIT_UNKNOWN,
         FIT_BAD},
        {"both given, the host does not",
         GIB(4),
         GIB(8),
         UNSET,
         UNSET,
         UNSET,
         SPLIT_NONE,
         true,
         1,
         {GIB(24)},
         GIB(8),
         PM_ERROR_DOES_NOT_FIT,
         "ram_bytes",
         "",
         FIT_GOOD,
         FIT_BAD},
        {"no GPU, the model counts on the host",
         UNSET,
         UNSET,
         UNSET,
         GIB(9),
         UNSET,
         SPLIT_NONE,
         false,
         0,
         {0},
         GIB(8),
         PM_ERROR_NONE,
         "",
         "the host's memory",
         FIT_UNKNOWN,
         FIT_DOUBTFUL},
        {"no GPU, what it would need there counts on the host",
         GIB(9),
         UNSET,
         UNSET,
         UNSET,
         UNSET,
         SPLIT_NONE,
         false,
         0,
         {0},
         GIB(8),
         PM_ERROR_NONE,
         "",
         "the host's memory",
         FIT_UNKNOWN,
         FIT_DOUBTFUL},
        {"nothing is known",
         NOTHING,
         SPLIT_NONE,
         true,
         1,
         {UNSET},
         UNSET,
         PM_ERROR_NONE,
         "",
         "",
         FIT_UNKNOWN,
         FIT_UNKNOWN},
};

static void check(const Case *c)
{
    _cleanup_spec_ EngineSpec *spec = spec_minimal("p");
    const FitRequest request = {
            .spec = spec,
            .count = c->gpus,
            .free_bytes = c->free_bytes,
            .ram_bytes = c->host,
            .model_bytes = c->model,
            .headroom = SPLIT_HEADROOM_DEFAULT,
            .gpu_only = c->gpu_only,
            .on_host = c->gpus == 0 && !c->gpu_only,
    };
    Error error = {.code = PM_ERROR_NONE};
    Fit fit;
    int r;

    spec->vram_bytes = c->vram;
    spec->ram_bytes = c->ram;
    spec->resources.memory_max = c->memory_max;
    spec->slots_total = c->slots;
    spec->split.mode = c->split;
    r = fit_check(&request, &fit, &error);
    if ((r < 0) != (c->code != PM_ERROR_NONE) || error.code != c->code ||
        !streq(error.field, c->field) || !strstr(r < 0 ? error.text : fit.warning, c->text) ||
        fit.vram.verdict != c->vram_verdict || fit.ram.verdict != c->ram_verdict)
        fail_msg("%s: %d, %d for \"%s\": \"%s\", warning \"%s\", verdicts %d %d", c->name, r,
                 error.code, error.field, error.text, fit.warning, fit.vram.verdict,
                 fit.ram.verdict);
    if (!*c->text && r >= 0 && fit.warning[0])
        fail_msg("%s: an unexpected warning: %s", c->name, fit.warning);
}

/* OC-POOL-3002 */
static void table(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(cases); i++)
        check(&cases[i]);
}

static void estimates(void **state)
{
    assert_int_equal(fit_estimate(MIB(100), UNSET), MIB(110) + FIT_SLOT_BYTES);
    assert_int_equal(fit_estimate(MIB(100), 4), MIB(110) + 4 * FIT_SLOT_BYTES);
    assert_true(fit_estimate(UNSET, 4) == UNSET);
    /* No number makes it small again, nor unknown. */
    assert_true(fit_estimate(UNSET - 1, 1) == UNSET - 1);
    assert_true(fit_estimate(1, INT64_MAX) == UNSET - 1);
}

static void ratios_are_of_the_gpus(void **state)
{
    _cleanup_spec_ EngineSpec *spec = spec_minimal("p");
    const uint64_t free_bytes[] = {GIB(24), GIB(1), GIB(24)};
    FitRequest request = {.spec = spec,
                          .count = 3,
                          .free_bytes = free_bytes,
                          .model_bytes = UNSET,
                          .ram_bytes = UNSET};
    Error error = {.code = PM_ERROR_NONE};
    Fit fit;

    spec->vram_bytes = GIB(40);
    spec->split = split_of((const uint64_t[]){SPLIT_WHOLE, 0, SPLIT_WHOLE}, 3);
    assert_int_equal(fit_check(&request, &fit, &error), 0);
    assert_int_equal(fit.split.shares[0].ratio, SPLIT_WHOLE / 2);
    assert_int_equal(fit.split.shares[1].ratio, 0);
    /* What lies on the others does not count for those that take something. */
    assert_int_equal(fit.vram.room_bytes, GIB(48));

    request.count = 2;
    assert_int_equal(fit_check(&request, &fit, &error), -EINVAL);
    assert_int_equal(error.code, PM_ERROR_INVALID_FIELD);
    assert_string_equal(error.field, "split");
    assert_non_null(strstr(error.text, "3 ratios, and the engine uses 2 GPUs"));

    /* Ratios that are given need no memory to be known. */
    request.count = 3;
    request.free_bytes = (const uint64_t[]){UNSET, UNSET, UNSET};
    assert_int_equal(fit_check(&request, &fit, &error), 0);
    assert_int_equal(fit.split.shares[2].ratio, SPLIT_WHOLE / 2);
}

static uint64_t draw_number(Prng *p)
{
    switch (prng_range(p, 0, 5)) {
    case 0:
        return UNSET;
    case 1:
        return 0;
    case 2:
        return prng_next(p) >> prng_range(p, 1, 63);
    default:
        return prng_range(p, 0, GIB(64));
    }
}

/* More free memory never makes worse what fitted, and what is refused says why. */
static void more_room_is_never_worse(void **state)
{
    Prng p = {7};

    for (size_t n = 0; n < DRAWS; n++) {
        _cleanup_spec_ EngineSpec *spec = spec_minimal("p");
        uint64_t free_bytes[GPUS], more[GPUS];
        FitRequest request = {.spec = spec,
                              .count = prng_range(&p, 0, GPUS),
                              .free_bytes = free_bytes,
                              .model_bytes = draw_number(&p),
                              .ram_bytes = draw_number(&p),
                              .headroom = SPLIT_HEADROOM_DEFAULT,
                              .gpu_only = prng_one_in(&p, 2)};
        Error error = {.code = PM_ERROR_NONE};
        Fit fit;
        int before;

        spec->vram_bytes = draw_number(&p);
        spec->ram_bytes = draw_number(&p);
        spec->slots_total = prng_one_in(&p, 2) ? UNSET : prng_range(&p, 1, 100);
        spec->split.mode = prng_one_in(&p, 2) ? SPLIT_AUTO : SPLIT_NONE;
        request.on_host = request.count == 0;
        for (size_t i = 0; i < request.count; i++) {
            free_bytes[i] = draw_number(&p);
            more[i] = free_bytes[i] == UNSET ? UNSET : free_bytes[i] + prng_range(&p, 0, GIB(8));
        }
        before = fit_check(&request, &fit, &error);
        if (before < 0)
            assert_true(error.code != PM_ERROR_NONE && error.text[0]);
        request.free_bytes = more;
        if (before >= 0 && fit_check(&request, &fit, &error) < 0)
            fail_msg("draw %zu: %s", n, error.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(table),
            cmocka_unit_test(estimates),
            cmocka_unit_test(ratios_are_of_the_gpus),
            cmocka_unit_test(more_room_is_never_worse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/turns.h"

#include "../../sim/prng.h"
#include "../base/cmocka-all.h"
#include "base/macros.h"

enum { STARTS = 12, DRAWS = 20000 };

static void starts_on_one_gpu_come_one_after_the_other(void **state)
{
    Turns turns = {0};
    Turn a = {0}, b = {0}, c = {0};

    turns_join(&turns, &a, 1);
    turns_join(&turns, &b, 1);
    turns_join(&turns, &c, 1);
    assert_ptr_equal(turns_next(&turns), &a);
    assert_null(turns_next(&turns));
    assert_ptr_equal(turns_blocker(&turns, &b), &a);
    turns_leave(&turns, &a);
    assert_ptr_equal(turns_next(&turns), &b);
    assert_null(turns_next(&turns));
    /* One that waits goes: nobody else moves up before it is time. */
    turns_leave(&turns, &c);
    assert_null(turns_next(&turns));
    turns_leave(&turns, &b);
    assert_null(turns_next(&turns));
    assert_null(turns.holding.first);
    assert_null(turns.waiting.first);
}

static void starts_on_other_gpus_do_not_wait(void **state)
{
    Turns turns = {0};
    Turn a = {0}, b = {0}, none = {0};

    turns_join(&turns, &a, 1);
    turns_join(&turns, &b, 2);
    turns_join(&turns, &none, 0);
    assert_ptr_equal(turns_next(&turns), &a);
    assert_ptr_equal(turns_next(&turns), &b);
    assert_ptr_equal(turns_next(&turns), &none);
    assert_true(none.holds);
}

/* Starts on one GPU each, however many come, do not keep one off that needs both. */
static void nobody_starves(void **state)
{
    Turns turns = {0};
    Turn a = {0}, both = {0}, late = {0};

    turns_join(&turns, &a, 1);
    assert_ptr_equal(turns_next(&turns), &a);
    turns_join(&turns, &both, 3);
    turns_join(&turns, &late, 2);
    assert_null(turns_next(&turns));
    assert_ptr_equal(turns_blocker(&turns, &both), &a);
    assert_ptr_equal(turns_blocker(&turns, &late), &both);
    turns_leave(&turns, &a);
    assert_ptr_equal(turns_next(&turns), &both);
    assert_null(turns_next(&turns));
    turns_leave(&turns, &both);
    assert_ptr_equal(turns_next(&turns), &late);
}

/* An engine that was found starting has its turn, also before those that wait longer. */
static void what_starts_already_is_waited_for(void **state)
{
    Turns turns = {0};
    Turn waits = {0}, found = {0};

    turns_join(&turns, &waits, 1);
    turns_take(&turns, &found, 1);
    assert_ptr_equal(turns_blocker(&turns, &waits), &found);
    assert_null(turns_next(&turns));
    turns_leave(&turns, &found);
    assert_ptr_equal(turns_next(&turns), &waits);
}

static void who_takes_no_part_can_leave(void **state)
{
    Turns turns = {0};
    Turn a = {0}, b = {0};

    turns_join(&turns, &a, 1);
    turns_leave(&turns, &b);
    assert_ptr_equal(turns.waiting.first, &a);
}

typedef struct Life {
    Turn turn;
    bool takes_part;
    uint64_t since; /* the step in which it came */
} Life;

static void check(const Life *lives, uint64_t step)
{
    for (size_t i = 0; i < STARTS; i++)
        for (size_t k = 0; k < STARTS; k++) {
            const Life *a = &lives[i], *b = &lives[k];

            if (i == k || !a->takes_part || !b->takes_part || !(a->turn.gpus & b->turn.gpus) ||
                !a->turn.holds)
                continue;
            if (b->turn.holds)
                fail_msg("step %llu: two start on one GPU", (unsigned long long)step);
            if (b->since < a->since)
                fail_msg("step %llu: one was overtaken", (unsigned long long)step);
        }
}

/* At any time: never two on one GPU, nobody overtakes, and as long as somebody waits somebody
 * starts. */
static void whatever_comes_and_goes(void **state)
{
    Life lives[STARTS] = {0};
    Turns turns = {0};
    Prng prng = {1};

    for (uint64_t step = 1; step <= DRAWS; step++) {
        Life *life = &lives[prng_range(&prng, 0, STARTS - 1)];
        bool waits = false, starts = false;

        if (life->takes_part)
            turns_leave(&turns, &life->turn);
        else
            turns_join(&turns, &life->turn, prng_range(&prng, 0, 15));
        life->takes_part = !life->takes_part;
        life->since = step;
        while (turns_next(&turns))
            ;
        check(lives, step);
        for (size_t i = 0; i < STARTS; i++) {
            waits |= lives[i].takes_part && !lives[i].turn.holds;
            starts |= lives[i].takes_part && lives[i].turn.holds;
        }
        assert_true(starts || !waits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(starts_on_one_gpu_come_one_after_the_other),
            cmocka_unit_test(starts_on_other_gpus_do_not_wait),
            cmocka_unit_test(nobody_starves),
            cmocka_unit_test(what_starts_already_is_waited_for),
            cmocka_unit_test(who_takes_no_part_can_leave),
            cmocka_unit_test(whatever_comes_and_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

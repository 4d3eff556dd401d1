/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/cmocka-all.h"

#include <sched.h>

#include "thread/fair_lock.h"
#include "thread/thread.h"

enum {
    THREADS = 8,
    TURNS = 500,
    STACK_BYTES = 512 * 1024,
};

typedef struct Turns {
    FairLock lock;
    unsigned inside;
    unsigned n;
    unsigned order[THREADS + 1];
} Turns;

typedef struct Player {
    Turns *turns;
    unsigned number;
    pthread_t thread;
} Player;

static void *once(void *userdata)
{
    Player *p = userdata;

    fair_lock_take(&p->turns->lock);
    p->turns->order[p->turns->n++] = p->number;
    fair_lock_give(&p->turns->lock);
    return NULL;
}

static void start(Player *p, Turns *t, unsigned number, void *(*f)(void *))
{
    *p = (Player){.turns = t, .number = number};
    assert_int_equal(thread_start(STACK_BYTES, f, p, &p->thread), 0);
}

static void join(Player *p)
{
    assert_int_equal(pthread_join(p->thread, NULL), 0);
}

/* How many threads wait changes on its own, and nobody tells. */
static bool is_last(FairLock *lock, const FairWaiter *before)
{
    bool same;

    (void)pthread_mutex_lock(&lock->mutex);
    same = !lock->first || lock->last == before;
    (void)pthread_mutex_unlock(&lock->mutex);
    return same;
}

/* Who gives it back and asks again at once comes behind those who wait. */
static void test_in_order(void **state)
{
    Turns t = {.lock = FAIR_LOCK_INIT};
    Player players[THREADS];

    fair_lock_take(&t.lock);
    for (unsigned i = 0; i < THREADS; i++) {
        const FairWaiter *before = t.lock.first ? t.lock.last : NULL;

        start(&players[i], &t, i, once);
        while (is_last(&t.lock, before))
            sched_yield();
    }
    fair_lock_give(&t.lock);
    fair_lock_take(&t.lock);
    assert_int_equal(t.n, THREADS);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(t.order[i], i);
    fair_lock_give(&t.lock);
    for (unsigned i = 0; i < THREADS; i++)
        join(&players[i]);
    assert_false(t.lock.is_held);
    assert_null(t.lock.first);
}

static void *often(void *userdata)
{
    Turns *t = ((Player *)userdata)->turns;

    for (unsigned i = 0; i < TURNS; i++) {
        fair_lock_take(&t->lock);
        assert_int_equal(t->inside++, 0);
        sched_yield();
        t->inside--;
        t->n++;
        fair_lock_give(&t->lock);
    }
    return NULL;
}

static void test_one_at_a_time(void **state)
{
    Turns t = {.lock = FAIR_LOCK_INIT};
    Player players[THREADS];

    for (unsigned i = 0; i < THREADS; i++)
        start(&players[i], &t, i, often);
    for (unsigned i = 0; i < THREADS; i++)
        join(&players[i]);
    assert_int_equal(t.n, THREADS * TURNS);
    assert_false(t.lock.is_held);
    assert_null(t.lock.first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_in_order),
            cmocka_unit_test(test_one_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

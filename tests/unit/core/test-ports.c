/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/ports.h"

#include "../../sim/prng.h"
#include "../base/cmocka-all.h"

enum { USERS = 40, DRAWS = 20000 };

static size_t count(const Ports *ports, uint16_t port)
{
    size_t n = 0;

    for (const PortUser *user = ports_first(ports, port); user; user = ports_next(user)) {
        assert_int_equal(user->port, port);
        n++;
    }
    return n;
}

static void test_one(void **state)
{
    Ports ports = {0};
    PortUser user = {0};

    assert_null(ports_first(&ports, 8000));
    ports_set(&ports, &user, 8000);
    assert_ptr_equal(ports_first(&ports, 8000), &user);
    assert_null(ports_next(&user));
    /* In the same bucket. */
    assert_null(ports_first(&ports, 8000 + PORTS_BUCKETS));
    ports_set(&ports, &user, 8000 + PORTS_BUCKETS);
    assert_null(ports_first(&ports, 8000));
    assert_ptr_equal(ports_first(&ports, 8000 + PORTS_BUCKETS), &user);
    ports_set(&ports, &user, 0);
    assert_null(ports_first(&ports, 8000 + PORTS_BUCKETS));
    ports_set(&ports, &user, 0);
}

/* Whatever port each of many has: those of a port are found, and no others. */
static void test_whatever_comes_and_goes(void **state)
{
    static const uint16_t some[] = {0, 1, 80, 80 + PORTS_BUCKETS, 80 + 2 * PORTS_BUCKETS, 65535};
    PortUser users[USERS] = {0};
    Ports ports = {0};
    Prng prng = {1};

    for (size_t draw = 0; draw < DRAWS; draw++) {
        PortUser *user = &users[prng_range(&prng, 0, USERS - 1)];

        ports_set(&ports, user, some[prng_range(&prng, 0, 5)]);
        for (size_t i = 1; i < 6; i++) {
            size_t expected = 0;

            for (size_t k = 0; k < USERS; k++)
                expected += users[k].port == some[i];
            assert_int_equal(count(&ports, some[i]), expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_one),
            cmocka_unit_test(test_whatever_comes_and_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

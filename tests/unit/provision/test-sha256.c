/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/sha256.h"

#include <errno.h>

#include "../base/cmocka-all.h"

#define DIGEST_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DIGEST_ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void test_known(void **state)
{
    char hex[SHA256_HEX + 1];

    assert_int_equal(sha256_of("", 0, hex), 0);
    assert_string_equal(hex, DIGEST_EMPTY);
    assert_int_equal(sha256_of("abc", 3, hex), 0);
    assert_string_equal(hex, DIGEST_ABC);
}

/* A digest may be asked for on the way, and all may be forgotten. */
static void test_pieces(void **state)
{
    _cleanup_(sha256_freep) Sha256 *s = NULL;
    char hex[SHA256_HEX + 1];

    assert_int_equal(sha256_new(&s), 0);
    assert_int_equal(sha256_add(s, "a", 1), 0);
    assert_int_equal(sha256_hex(s, hex), 0);
    assert_string_not_equal(hex, DIGEST_ABC);
    assert_int_equal(sha256_add(s, "bc", 2), 0);
    assert_int_equal(sha256_hex(s, hex), 0);
    assert_string_equal(hex, DIGEST_ABC);
    assert_int_equal(sha256_reset(s), 0);
    assert_int_equal(sha256_hex(s, hex), 0);
    assert_string_equal(hex, DIGEST_EMPTY);
}

static void test_parse(void **state)
{
    char hex[SHA256_HEX + 1] = "as it was";

    assert_int_equal(sha256_parse("", hex), -EINVAL);
    assert_int_equal(sha256_parse(DIGEST_ABC "0", hex), -EINVAL);
    assert_int_equal(sha256_parse(&DIGEST_ABC[1], hex), -EINVAL);
    assert_int_equal(
            sha256_parse("g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", hex),
            -EINVAL);
    assert_string_equal(hex, "as it was");
    assert_int_equal(
            sha256_parse("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", hex),
            0);
    assert_string_equal(hex, DIGEST_ABC);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_known),
            cmocka_unit_test(test_pieces),
            cmocka_unit_test(test_parse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

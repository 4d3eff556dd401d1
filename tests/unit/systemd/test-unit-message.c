/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
/* after those that it needs */
#include <cmocka.h>

#include "client-fixture.h"
#include "systemd/unit_message.h"

/* What a start with this one property looks like on the service manager's side, up to the value. */
static sd_bus_message *sent(Fixture *f, const UnitProperty *property, const char *signature)
{
    UnitProperty copy = *property;
    UnitPlan plan = {.name = UNIT_A, .properties = &copy, .count = 1};
    const char *name, *contents;
    sd_bus_message *m;
    char type;

    assert_return_code(unit_client_start(f->client, &plan), 0);
    m = fixture_only_call(f, "StartTransientUnit");
    assert_string_equal(sd_bus_message_get_destination(m), SYSTEMD_NAME);
    assert_string_equal(sd_bus_message_get_path(m), SYSTEMD_PATH);
    assert_string_equal(sd_bus_message_get_interface(m), SYSTEMD_MANAGER_INTERFACE);
    assert_string_equal(sd_bus_message_get_signature(m, true), "ssa(sv)a(sa(sv))");
    assert_true(sd_bus_message_skip(m, "ss") > 0);
    assert_true(sd_bus_message_enter_container(m, 'a', "(sv)") > 0);
    assert_true(sd_bus_message_enter_container(m, 'r', "sv") > 0);
    assert_true(sd_bus_message_read(m, "s", &name) > 0);
    assert_string_equal(name, property->name);
    assert_true(sd_bus_message_peek_type(m, &type, &contents) > 0);
    assert_int_equal(type, 'v');
    assert_string_equal(contents, signature);
    assert_true(sd_bus_message_enter_container(m, 'v', signature) > 0);
    return m;
}

static void assert_end(sd_bus_message *m)
{
    assert_true(sd_bus_message_at_end(m, false) > 0);
    assert_true(sd_bus_message_exit_container(m) >= 0);
}

/* Ends the value, the property and the array. */
static void assert_end_of_value(sd_bus_message *m)
{
    assert_end(m);
    assert_end(m);
    assert_end(m);
}

static void assert_next_string(sd_bus_message *m, const char *expected)
{
    const char *s;

    assert_true(sd_bus_message_read(m, "s", &s) > 0);
    assert_string_equal(s, expected);
}

static void test_string(void **state)
{
    UnitProperty p = {.name = "Slice", .type = UNIT_PROPERTY_STRING, .string = (char[]){"a$b"}};
    sd_bus_message *m = sent(*state, &p, "s");

    assert_next_string(m, "a$b");
    assert_end_of_value(m);
}

static void test_bool(void **state)
{
    UnitProperty p = {.name = "DynamicUser", .type = UNIT_PROPERTY_BOOL, .boolean = true};
    sd_bus_message *m = sent(*state, &p, "b");
    int value;

    assert_true(sd_bus_message_read(m, "b", &value) > 0);
    assert_int_equal(value, 1);
    assert_end_of_value(m);
}

static void test_u64(void **state)
{
    UnitProperty p = {.name = "TimeoutStopUSec", .type = UNIT_PROPERTY_U64, .number = UINT64_MAX};
    sd_bus_message *m = sent(*state, &p, "t");
    uint64_t value;

    assert_true(sd_bus_message_read(m, "t", &value) > 0);
    assert_true(value == UINT64_MAX);
    assert_end_of_value(m);
}

static void test_strv(void **state)
{
    UnitProperty p = {
            .name = "Environment",
            .type = UNIT_PROPERTY_STRV,
            .strv = (char *[]){(char[]){"A=1"}, (char[]){"B=two words"}, NULL},
    };
    sd_bus_message *m = sent(*state, &p, "as");

    assert_true(sd_bus_message_enter_container(m, 'a', "s") > 0);
    assert_next_string(m, "A=1");
    assert_next_string(m, "B=two words");
    assert_end(m);
    assert_end_of_value(m);
}

static void test_exec(void **state)
{
    UnitProperty p = {
            .name = "ExecStart",
            .type = UNIT_PROPERTY_EXEC,
            .strv = (char *[]){(char[]){"/bin/engine"}, (char[]){"--x"}, (char[]){""}, NULL},
    };
    sd_bus_message *m = sent(*state, &p, "a(sasb)");
    int ignore_failure;

    assert_true(sd_bus_message_enter_container(m, 'a', "(sasb)") > 0);
    assert_true(sd_bus_message_enter_container(m, 'r', "sasb") > 0);
    assert_next_string(m, "/bin/engine");
    assert_true(sd_bus_message_enter_container(m, 'a', "s") > 0);
    assert_next_string(m, "/bin/engine");
    assert_next_string(m, "--x");
    assert_next_string(m, "");
    assert_end(m);
    assert_true(sd_bus_message_read(m, "b", &ignore_failure) > 0);
    assert_int_equal(ignore_failure, 0);
    assert_end(m);
    assert_end(m);
    assert_end_of_value(m);
}

static void test_string_pairs(void **state)
{
    UnitProperty p = {
            .name = "DeviceAllow",
            .type = UNIT_PROPERTY_STRING_PAIRS,
            .strv = (char *[]){(char[]){"/dev/null"}, (char[]){"rw"}, (char[]){"/dev/zero"},
                               (char[]){"r"}, NULL},
    };
    sd_bus_message *m = sent(*state, &p, "a(ss)");
    const char *a, *b;

    assert_true(sd_bus_message_enter_container(m, 'a', "(ss)") > 0);
    assert_true(sd_bus_message_read(m, "(ss)", &a, &b) > 0);
    assert_string_equal(a, "/dev/null");
    assert_string_equal(b, "rw");
    assert_true(sd_bus_message_read(m, "(ss)", &a, &b) > 0);
    assert_string_equal(a, "/dev/zero");
    assert_string_equal(b, "r");
    assert_end(m);
    assert_end_of_value(m);
}

static void test_bind_paths(void **state)
{
    UnitProperty p = {
            .name = "BindReadOnlyPaths",
            .type = UNIT_PROPERTY_BIND_PATHS,
            .strv = (char *[]){(char[]){"/models/x"}, (char[]){"/m"}, NULL},
    };
    sd_bus_message *m = sent(*state, &p, "a(ssbt)");
    const char *source, *destination;
    int may_be_missing;
    uint64_t flags;

    assert_true(sd_bus_message_enter_container(m, 'a', "(ssbt)") > 0);
    assert_true(sd_bus_message_read(m, "(ssbt)", &source, &destination, &may_be_missing, &flags) >
                0);
    assert_string_equal(source, "/models/x");
    assert_string_equal(destination, "/m");
    assert_int_equal(may_be_missing, 0);
    assert_int_equal(flags, MS_REC);
    assert_end(m);
    assert_end_of_value(m);
}

static void test_bytes(void **state)
{
    UnitProperty p = {
            .name = "LogExtraFields",
            .type = UNIT_PROPERTY_BYTES_ARRAY,
            .strv = (char *[]){(char[]){"POOL_ID=a"}, (char[]){""}, NULL},
    };
    sd_bus_message *m = sent(*state, &p, "aay");
    const void *bytes;
    size_t n;

    assert_true(sd_bus_message_enter_container(m, 'a', "ay") > 0);
    assert_true(sd_bus_message_read_array(m, 'y', &bytes, &n) > 0);
    assert_int_equal(n, strlen("POOL_ID=a"));
    assert_memory_equal(bytes, "POOL_ID=a", n);
    assert_true(sd_bus_message_read_array(m, 'y', &bytes, &n) > 0);
    assert_int_equal(n, 0);
    assert_end(m);
    assert_end_of_value(m);
}

static void test_allow_list(void **state)
{
    UnitProperty p = {
            .name = "RestrictAddressFamilies",
            .type = UNIT_PROPERTY_ALLOW_LIST,
            .strv = (char *[]){(char[]){"AF_UNIX"}, (char[]){"AF_INET"}, NULL},
    };
    sd_bus_message *m = sent(*state, &p, "(bas)");
    const char *first, *second;
    int allow;

    assert_true(sd_bus_message_read(m, "(bas)", &allow, 2, &first, &second) > 0);
    assert_true(allow);
    assert_string_equal(first, "AF_UNIX");
    assert_string_equal(second, "AF_INET");
    assert_end_of_value(m);
}

static void test_empty_lists(void **state)
{
    static const struct {
        UnitPropertyType type;
        const char *signature;
        const char *item;
    } rows[] = {
            {UNIT_PROPERTY_STRV, "as", "s"},
            {UNIT_PROPERTY_STRING_PAIRS, "a(ss)", "(ss)"},
            {UNIT_PROPERTY_BIND_PATHS, "a(ssbt)", "(ssbt)"},
            {UNIT_PROPERTY_BYTES_ARRAY, "aay", "ay"},
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        UnitProperty p = {.name = "X", .type = rows[i].type};
        sd_bus_message *m = sent(*state, &p, rows[i].signature);

        assert_true(sd_bus_message_enter_container(m, 'a', rows[i].item) >= 0);
        assert_end(m);
        assert_end_of_value(m);
    }
}

static void test_lists_of_wrong_length(void **state)
{
    static const UnitPropertyType types[] = {UNIT_PROPERTY_STRING_PAIRS, UNIT_PROPERTY_BIND_PATHS};
    Fixture *f = *state;
    UnitProperty p = {.name = "X", .strv = (char *[]){(char[]){"odd"}, NULL}};
    UnitPlan plan = {.name = UNIT_A, .properties = &p, .count = 1};

    for (size_t i = 0; i < ELEMENTSOF(types); i++) {
        p.type = types[i];
        assert_int_equal(unit_client_start(f->client, &plan), -EINVAL);
    }
    p = (UnitProperty){.name = "ExecStart", .type = UNIT_PROPERTY_EXEC};
    assert_int_equal(unit_client_start(f->client, &plan), -EINVAL);
    fake_settle(f->manager);
    assert_int_equal(fake_count(f->manager, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_string),
            TEST(test_bool),
            TEST(test_u64),
            TEST(test_strv),
            TEST(test_exec),
            TEST(test_string_pairs),
            TEST(test_bind_paths),
            TEST(test_bytes),
            TEST(test_allow_list),
            TEST(test_empty_lists),
            TEST(test_lists_of_wrong_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

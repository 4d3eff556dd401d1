/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/options.h"

#include <getopt.h>

#include "base/strv.h"

/* What one test parses: the strings of the options point into the words. */
typedef struct Parsed {
    char **argv;
    char **rest;
    Options options;
    Error error;
    int r;
} Parsed;

static void parsed_done(Parsed *p)
{
    strv_free(p->argv);
}

static Parsed parse(const char *line)
{
    _cleanup_free_ char *copy = strdup(line);
    char *rest = copy, *word;
    Parsed p = {0};

    assert_int_equal(strv_extend(&p.argv, "poolctl"), 0);
    while (rest && (word = strsep(&rest, " ")))
        assert_int_equal(strv_extend(&p.argv, word), 0);
    optind = 0; /* glibc: start anew */
    p.r = options_parse((int)strv_length(p.argv), p.argv, &p.options, &p.rest, &p.error);
    return p;
}

#define _cleanup_parsed_ _cleanup_(parsed_done)

static void test_values(void **state)
{
    _cleanup_parsed_ Parsed p =
            parse("lease --ttl=1min30s --owner me p --user --enforce-slots --handoff=-");
    const Options *o = &p.options;

    assert_int_equal(p.r, 0);
    assert_int_equal(o->ttl_ms, 90000);
    assert_string_equal(o->owner, "me");
    assert_string_equal(o->handoff, "-");
    assert_true(o->user && o->enforce_slots && o->wait && o->legend && !o->force);
    assert_int_equal(o->given, VERB_OPTION_TTL | VERB_OPTION_OWNER | VERB_OPTION_ENFORCE_SLOTS |
                                       VERB_OPTION_HANDOFF);
    assert_int_equal(strv_length(p.rest), 2);
    assert_string_equal(p.rest[0], "lease");
    assert_string_equal(p.rest[1], "p");
}

static void test_reload_values(void **state)
{
    _cleanup_parsed_ Parsed p =
            parse("reload p m --strategy=blue-green --prepared - --deadline=0 --no-wait");
    const Options *o = &p.options;

    assert_int_equal(p.r, 0);
    assert_string_equal(o->strategy, "blue-green");
    assert_string_equal(o->prepared, "-");
    assert_int_equal(o->deadline_ms, 0);
    assert_false(o->wait);
    assert_int_equal(o->given, VERB_OPTION_STRATEGY | VERB_OPTION_PREPARED | VERB_OPTION_DEADLINE |
                                       VERB_OPTION_WAIT);
}

static void test_nothing_given(void **state)
{
    _cleanup_parsed_ Parsed p = parse("list");
    const Options *o = &p.options;

    assert_int_equal(p.r, 0);
    assert_int_equal(o->given, 0);
    assert_true(o->ttl_ms == UINT64_MAX && o->timestamp_ms == UINT64_MAX);
    assert_true(o->deadline_ms == UINT64_MAX && !o->prepared && !o->strategy);
    assert_true(o->since_id == UINT64_MAX && o->lines == 100 && o->json == JSON_OFF);
}

static void test_end_of_options(void **state)
{
    _cleanup_parsed_ Parsed p = parse("lease p -- ls --json=frob -x");

    assert_int_equal(p.r, 0);
    assert_int_equal(strv_length(p.rest), 5);
    assert_string_equal(p.rest[2], "ls");
    assert_string_equal(p.rest[4], "-x");
}

static void test_refused(void **state)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
            {"--forse", "did you mean --force?"},
            {"--no-legends=1", "did you mean --no-legend?"},
            {"--qqqqqqqqqqqqqq", "poolctl --help"},
            {"-x", "-x: no such option"},
            {"--force=yes", "--force takes no value"},
            {"--owner", "needs a value"},
            {"-n", "needs a value"},
            {"--owner=", "--owner: must be a name"},
            {"--ttl=0", "must be a time"},
            {"--ttl=soon", "must be a time"},
            {"--ttl=infinity", "must be a time"},
            {"--ttl=-5s", "must be a time"},
            {"--timestamp=0", "from 1 on"},
            {"--since-id=-1", "from 0 on"},
            {"--generation=0", "from 1 on"},
            {"--strategy=green", "--strategy green: must be drain or blue-green"},
            {"--strategy=", "must be drain or blue-green"},
            {"--lines=some", "--lines some"},
            {"--json=xml", "--json=short or --json=pretty"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_parsed_ Parsed p = parse(cases[i].line);

        assert_true(p.r < 0);
        if (!strstr(p.error.text, cases[i].says))
            fail_msg("%s: %s", cases[i].line, p.error.text);
        assert_int_equal(pm_error_info(p.error.code)->exit_status, 2);
    }
}

/* Every option that only some verbs take has a name for the error that says so. */
static void test_names(void **state)
{
    const OptionInfo *info;

    for (size_t i = 0; (info = option_at(i)); i++) {
        const char *name = info->verbs ? verb_option_name(info->verbs) : "";

        assert_true(info->help && info->help[0]);
        assert_true(!info->verbs || strstr(name, info->name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_values),  cmocka_unit_test(test_nothing_given),
            cmocka_unit_test(test_refused), cmocka_unit_test(test_end_of_options),
            cmocka_unit_test(test_names),   cmocka_unit_test(test_reload_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

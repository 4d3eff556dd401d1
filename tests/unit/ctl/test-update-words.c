/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strv.h"
#include "ctl/update_words.h"
#include "json/reader.h"

/* The words of a line, which the caller frees. */
static char **split(const char *line)
{
    _cleanup_free_ char *copy = strdup(line);
    char **words = NULL, *rest = copy, *word;

    while (rest && (word = strsep(&rest, " ")))
        assert_int_equal(strv_extend(&words, word), 0);
    return words;
}

static void test_taken(void **state)
{
    static const struct {
        const char *words;
        const char *json;
    } cases[] = {
            {"version=v1", "{\"version\":\"v1\"}"},
            {"version=a=b=c", "{\"version\":\"a=b=c\"}"},
            {"version=42", "{\"version\":\"42\"}"}, /* a text, whatever it looks like */
            {"version=", "{\"version\":null}"},
            {"slots_total=8 slots_free=0", "{\"slots_total\":8,\"slots_free\":0}"},
            {"slots_free=", "{\"slots_free\":null}"},
            {"perf_hints={\"a\":[1]}", "{\"perf_hints\":{\"a\":[1]}}"},
            {"device_mask=GPU0,GPU1", "{\"device_mask\":\"GPU0,GPU1\"}"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_strv_free_ char **words = split(cases[i].words);
        _cleanup_json_ json_object *update = NULL;
        Error error = {0};

        assert_int_equal(update_words_parse(UPDATE_REGISTRY, words, &update, &error), 0);
        assert_string_equal(json_object_to_json_string_ext(update, JSON_C_TO_STRING_PLAIN),
                            cases[i].json);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *words;
        const char *says;
    } cases[] = {
            {"version", "must be KEY=VALUE"},
            {"=x", "there is no such key"},
            {"slot_total=3", "did you mean slots_total?"},
            {"Version=3", "did you mean version?"},
            {"frobnicate=3", "poolctl set --help"},
            {"slots_total=many", "slots_total: must be a number"},
            {"slots_total=-1", "slots_total: must be a number"},
            {"slots_total=1.5", "slots_total: must be a number"},
            {"slots_total=+1", "slots_total: must be a number"},
            {"slots_total=99999999999999999999", "slots_total: must be a number"},
            {"perf_hints=[1]", "must be a JSON object"},
            {"perf_hints=null", "must be a JSON object"},
            {"perf_hints={", "perf_hints: "},
            {"perf_hints={\"a\":1,\"a\":2}", "perf_hints: "},
            {"version=\xff", "no UTF-8"},
            {"version=1 version=2", "version: is given twice"},
            {"version=1 slots_total=x", "slots_total: must be a number"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_strv_free_ char **words = split(cases[i].words);
        json_object *update = NULL;
        Error error = {0};

        assert_true(update_words_parse(UPDATE_REGISTRY, words, &update, &error) < 0);
        assert_null(update);
        if (!strstr(error.text, cases[i].says))
            fail_msg("%s: %s", cases[i].words, error.text);
        assert_int_equal(pm_error_info(error.code)->exit_status, 2);
    }
}

static void test_resources(void **state)
{
    static const struct {
        const char *words;
        const char *json; /* NULL: refused */
    } cases[] = {
            {"memory_max=24G", "{\"memory_max\":25769803776}"},
            {"memory_high=1K", "{\"memory_high\":1024}"},
            {"memory_max=7 cpu_weight=200", "{\"memory_max\":7,\"cpu_weight\":200}"},
            {"tasks_max= io_weight=1", "{\"tasks_max\":null,\"io_weight\":1}"},
            {"memory_max=G", NULL},
            {"memory_max=1.5G", NULL},
            {"memory_max=1GiB", NULL},
            {"memory_max=99999999T", NULL},
            {"cpu_weight=1K", NULL},
            {"version=1", NULL},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_strv_free_ char **words = split(cases[i].words);
        _cleanup_json_ json_object *update = NULL;
        Error error = {0};
        int r = update_words_parse(UPDATE_RESOURCES, words, &update, &error);

        if ((r == 0) != (cases[i].json != NULL))
            fail_msg("%s: %s", cases[i].words, error.text);
        if (r == 0)
            assert_string_equal(json_object_to_json_string_ext(update, JSON_C_TO_STRING_PLAIN),
                                cases[i].json);
    }
}

static void test_keys(void **state)
{
    size_t n = 0;

    while (update_key_at(UPDATE_REGISTRY, n))
        n++;
    assert_int_equal(n, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_taken),
            cmocka_unit_test(test_refused),
            cmocka_unit_test(test_resources),
            cmocka_unit_test(test_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

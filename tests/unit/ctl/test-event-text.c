/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/event_text.h"

#include <locale.h>

#include "json/reader.h"

static void test_lines(void **state)
{
    static const struct {
        const char *type, *before, *data, *line;
    } cases[] = {
            {"pool", "{\"state\":\"warming\",\"ready\":false,\"pid\":7}",
             "{\"state\":\"ready\",\"ready\":true,\"pid\":7}", "state warming → ready, ready true"},
            {"pool", "{\"url\":null}", "{\"url\":\"http://h:1\"}", "url http://h:1"},
            {"pool", "{\"slots_free\":3}", "{\"slots_free\":2}", "slots_free 3 → 2"},
            {"pool", "{\"uptime_ms\":3,\"last_heartbeat_ms\":1,\"pid\":1}",
             "{\"uptime_ms\":4,\"last_heartbeat_ms\":2,\"pid\":1}", ""},
            {"pool", "{\"load\":{\"phase\":\"warming\",\"percent\":1}}",
             "{\"load\":{\"phase\":\"warming\",\"percent\":2}}", "2 % of the model read"},
            {"pool", "{\"load\":{\"phase\":\"warming\",\"percent\":1}}", "{\"load\":null}", ""},
            {"pool", NULL, "{\"pool_id\":\"p\",\"state\":\"off\",\"pid\":null,\"generation\":3}",
             "state off"},
            {"pool_removed", "{\"state\":\"off\"}", "{\"pool_id\":\"p\"}", "removed"},
            {"operation", NULL, "{\"id\":5,\"kind\":\"stop\",\"phase\":\"done\",\"result\":{}}",
             "operation 5, stop: done"},
            {"operation", NULL,
             "{\"id\":5,\"kind\":\"preload\",\"phase\":\"failed\",\"result\":{\"error\":\"no\"}}",
             "operation 5, preload: failed: no"},
            {"newer", NULL, "{\"a\":1}", "newer {\"a\":1}"},
            {"pool", NULL, "[]", "pool"},
            {"pool", NULL, "null", "pool"},
    };

    assert_non_null(setlocale(LC_ALL, "C.UTF-8"));
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_json_ json_object *before = NULL;
        _cleanup_json_ json_object *data = json_tokener_parse(cases[i].data);
        _cleanup_free_ char *line = NULL;
        Text text = {0};

        if (cases[i].before)
            before = json_tokener_parse(cases[i].before);
        event_text(cases[i].type, before, data, &text);
        assert_int_equal(text_take(&text, &line), 0);
        assert_string_equal(line, cases[i].line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

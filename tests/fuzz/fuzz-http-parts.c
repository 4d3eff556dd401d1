/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "http/listen_address.h"
#include "http/parameter.h"
#include "http/percent.h"
#include "http/preferences.h"
#include "http/target.h"

/* What of a request is text by itself: the target, the query, what it prefers, its address. */

static void read_target(const char *text)
{
    Target target = {.count = 0};
    Error error = {0};

    if (!fuzz_accepted(target_parse(text, &target, &error), &error))
        return;
    REQUIRE(target.count <= TARGET_SEGMENTS_MAX + 1);
    for (size_t i = 0; i < target.count && i < TARGET_SEGMENTS_MAX; i++)
        REQUIRE(target.segments[i]);
    target_done(&target);
}

static void read_query(const char *text)
{
    static const Parameter table[] = {
            {"follow", PARAMETER_BOOL, offsetof(Parameters, follow), "", .fallback = "false"},
            {"lines", PARAMETER_NUMBER, offsetof(Parameters, lines), "", .min = 1, .max = 1000},
            {"pool", PARAMETER_POOL_ID, offsetof(Parameters, pool), ""},
            {"last_event_id", PARAMETER_TEXT, offsetof(Parameters, last_event_id), "", .max = 20},
    };
    _cleanup_free_ char *query = strdup(text);
    Parameters values = {.lines = 1};
    Error error = {0};

    REQUIRE(query);
    if (!fuzz_accepted_body(parameters_read_query(table, ELEMENTSOF(table), query, &values, &error),
                            &error))
        return;
    REQUIRE(!values.pool || id_is_valid(values.pool));
    REQUIRE(!values.last_event_id || strlen(values.last_event_id) <= 20);
    REQUIRE(values.lines == UINT64_MAX || (values.lines >= 1 && values.lines <= 1000));
}

static void read_preferences(const char *text)
{
    Preferences p;

    preferences_init(&p);
    preferences_add_prefer(&p, text);
    preferences_add_accept(&p, text);
    REQUIRE(p.json >= -1 && p.json <= 1000);
    REQUIRE(p.text >= -1 && p.text <= 1000);
    (void)preferences_want_json(&p);
}

static void read_address(const char *text)
{
    ListenAddress address, again;
    char shown[LISTEN_ADDRESS_TEXT_MAX];
    Error error = {0};

    if (!fuzz_accepted_body(listen_address_parse(text, &address, &error), &error))
        return;
    (void)listen_address_text(&address, shown);
    REQUIRE(listen_address_parse(shown, &again, &error) == 0);
    REQUIRE(address.length == again.length);
    REQUIRE(memcmp(&address.address, &again.address, address.length) == 0);
    (void)listen_address_is_local(&address);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_text(data, size), *decoded = fuzz_text(data, size);

    read_target(text);
    read_query(text);
    read_preferences(text);
    read_address(text);
    if (!percent_decode(decoded))
        REQUIRE(strlen(decoded) <= strlen(text));
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/address.h"
#include "base/parse.h"
#include "base/strv.h"
#include "core/model_parts.h"
#include "core/unit_name.h"
#include "fuzz.h"
#include "json/check.h"

/* Short texts that are one value each, and what strings must be to get on into argv, units and
 * logs. */

static void read_numbers(const char *s)
{
    uint64_t number = 0;
    char digits[24];
    usec_t span;
    bool flag;

    if (parse_u64(s, 3, INT64_MAX, &number) == 0) {
        REQUIRE(number >= 3 && number <= INT64_MAX);
        (void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
        REQUIRE(streq(digits, s));
    }
    (void)parse_span(s, &span);
    (void)parse_bool(s, &flag);
}

static void read_names(const char *s)
{
    char again[PM_UNIT_NAME_MAX + 1];
    UnitName name;

    if (id_is_valid(s))
        REQUIRE(strlen(s) <= PM_ID_MAX && !strpbrk(s, "/: \n"));
    if (unit_name_parse(s, &name) == 0) {
        unit_name_format(name.pool_id, name.replica_id, name.generation, again);
        REQUIRE(streq(again, s));
    }
    if (path_is_absolute_and_plain(s))
        REQUIRE(s[0] == '/' && !strstr(s, "/../"));
}

static void read_addresses(const char *s)
{
    AddressRange ranges[ADDRESS_RANGES_MAX];
    int n = address_ranges_parse(s, ranges);

    REQUIRE(n == -EINVAL || (n > 0 && n <= ADDRESS_RANGES_MAX));
    for (int i = 0; i < n; i++)
        REQUIRE(ranges[i].prefix <= 128);
}

static void read_model(const char *s)
{
    size_t stem, length = strlen(s);
    unsigned parts;

    if (length < 4096 && model_is_part(s, &stem, &parts)) {
        char part[4096];

        REQUIRE(stem < length && parts <= 99999);
        model_part_path(s, stem, parts, parts, part, length + 1);
        REQUIRE(strlen(part) == length && strncmp(part, s, stem) == 0);
    }
}

static void check_strings(const char *s)
{
    static const StringCheck checks[] = {check_printable,
                                         check_id,
                                         check_path,
                                         check_model,
                                         check_host,
                                         check_url_path,
                                         check_env_name,
                                         check_user_name,
                                         check_capability,
                                         check_image,
                                         check_address_family,
                                         check_address_range,
                                         check_credential_name,
                                         check_system_call};

    for (size_t i = 0; i < ELEMENTSOF(checks); i++) {
        const char *must = checks[i](s);

        REQUIRE(!must || must[0]);
        /* None lets through what would begin a new line in a unit or in a log. */
        REQUIRE(must || !strpbrk(s, "\n\r\x1b\x7f"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_text(data, size), *repaired = NULL;

    read_numbers(text);
    read_names(text);
    read_addresses(text);
    read_model(text);
    if (utf8_is_valid(text, strlen(text)))
        check_strings(text);
    repaired = strdup(text);
    REQUIRE(repaired);
    utf8_repair(repaired);
    REQUIRE(utf8_is_valid(repaired, strlen(repaired)) && strlen(repaired) <= strlen(text));
    REQUIRE(!utf8_is_valid(text, strlen(text)) || streq(text, repaired));
    return 0;
}

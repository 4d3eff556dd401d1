/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "provision/reference.h"
#include "provision/response.h"

/*
 * What the model provisioner is given: the reference of a model (first byte 'm'), or the head of a
 * server's answer ('a', then lines "name: value" of those that count).
 */

/* The shapes of an address are of one address. */
static void require_same_again(const WebAddress *address)
{
    WebAddress shown = {0}, plain = {0};
    Error error = {0};

    REQUIRE(address->tail[0] && address->tail[0] != '.');
    REQUIRE(strlen(address->key) == CACHE_KEY_HEX);
    REQUIRE(web_address_parse(address->url, &plain, &error) == 0);
    REQUIRE(streq(plain.key, address->key) && streq(plain.tail, address->tail));
    /* An empty query is one in the text only. */
    REQUIRE(strncmp(plain.shown, address->shown, strcspn(plain.shown, "?")) == 0);
    REQUIRE(web_address_parse(address->shown, &shown, &error) == 0);
    /* libcurl decodes escapes in the name of a host, and may find others then. */
    REQUIRE(streq(shown.shown, address->shown) || strchr(address->shown, '%'));
    web_address_done(&plain);
    web_address_done(&shown);
}

static void read_reference(const char *text)
{
    Reference reference = {.kind = REFERENCE_PATH};
    Error error = {0};

    if (!fuzz_accepted(reference_parse(text, &reference, &error), &error))
        return;
    REQUIRE(!reference.sha256[0] || strlen(reference.sha256) == SHA256_HEX);
    if (reference.kind == REFERENCE_PATH)
        REQUIRE(path_is_absolute_and_plain(reference.path) &&
                utf8_is_valid(reference.path, strlen(reference.path)));
    else
        require_same_again(&reference.address);
    reference_done(&reference);
}

static void set_field(char *line, Response *response)
{
    char *value = strchr(line, ':');

    if (!value)
        return;
    *value++ = '\0';
    value += strspn(value, " ");
    if (streq(line, "status"))
        response->status = (long)(strtoul(value, NULL, 10) % 1000);
    else if (streq(line, "length"))
        (void)parse_u64(value, 0, INT64_MAX, &response->content_length);
    else if (streq(line, "range"))
        response->content_range = value;
    else if (streq(line, "etag"))
        (void)snprintf(response->validators.etag, VALIDATOR_MAX, "%s", value);
    else if (streq(line, "modified"))
        (void)snprintf(response->validators.last_modified, VALIDATOR_MAX, "%s", value);
    else if (streq(line, "marked"))
        response->end_is_marked = true;
}

static void judge(const Response *response, uint64_t offset)
{
    const PartRecord part = {.validators = {.etag = "\"a\""}, .total = 10, .synced = 5};
    const Asked asked = {.shown = "http://h/m",
                         .offset = offset,
                         .part = &part,
                         .unless_unchanged = offset == 0,
                         .digest_known = response->end_is_marked};
    uint64_t total = RECORD_UNKNOWN;
    Error error = {0};
    ResponseVerdict verdict = response_judge(response, &asked, &total, &error);

    REQUIRE(verdict >= 0 && verdict < RESPONSE_MAX);
    REQUIRE((verdict == RESPONSE_FAILED) == error_is_set(&error));
    REQUIRE(verdict != RESPONSE_FAILED || error.text[0]);
    /* Never goes on with bytes of another version. */
    REQUIRE(verdict != RESPONSE_CONTINUES ||
            (offset > 0 && total == part.total &&
             (!response->validators.etag[0] || streq(response->validators.etag, "\"a\""))));
    /* The end of a body must be known. */
    REQUIRE(verdict != RESPONSE_WHOLE || total != RECORD_UNKNOWN || response->end_is_marked);
}

static void read_answer(char *text)
{
    Response response = {.status = 200, .content_length = RECORD_UNKNOWN};
    char *line;

    while ((line = strsep(&text, "\n")))
        set_field(line, &response);
    (void)validators_strong(&response.validators);
    judge(&response, 0);
    judge(&response, 5);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char which = (char)fuzz_take(&data, &size);
    _cleanup_free_ char *text = fuzz_text(data, size);

    if (which == 'm')
        read_reference(text);
    else if (which == 'a')
        read_answer(text);
    return 0;
}

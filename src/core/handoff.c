/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/handoff.h"

#include <errno.h>

#include "base/parse.h"

#define SCHEME "http://"

enum {
    DEFAULT_PORT = 80,
    HOST_MAX = 255,
    PORT_DIGITS_MAX = 5,
};

int handoff_new(Handoff **ret)
{
    Handoff *handoff = calloc(1, sizeof(Handoff));

    if (!handoff)
        return -ENOMEM;
    handoff->slots_total = handoff->slots_free = SPEC_UNSET;
    *ret = handoff;
    return 0;
}

Handoff *handoff_free(Handoff *handoff)
{
    if (!handoff)
        return NULL;
    free(handoff->pool_id);
    free(handoff->replica_id);
    free(handoff->url);
    free(handoff->host);
    free(handoff->engine);
    free(handoff->engine_version);
    free(handoff->device_mask);
    free(handoff->model_path);
    free(handoff->model_id);
    free(handoff);
    return NULL;
}

/* The port behind the host, up to `end`. */
static int parse_port(const char *s, const char *end, uint16_t *ret)
{
    char digits[PORT_DIGITS_MAX + 1];
    size_t n = (size_t)(end - s);
    uint64_t port;

    if (n == 0 || n > PORT_DIGITS_MAX)
        return -EINVAL;
    memcpy(digits, s, n);
    digits[n] = '\0';
    if (parse_u64(digits, 1, UINT16_MAX, &port) < 0)
        return -EINVAL;
    *ret = (uint16_t)port;
    return 0;
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Names and addresses only: no user, no escapes. */
static bool host_is_valid(const char *s, size_t n, bool bracketed)
{
    if (n == 0 || n > HOST_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_alnum(s[i]) && !strchr(bracketed ? ":.%" : ".-_", s[i]))
            return false;
    return true;
}

static bool is_printable(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || (unsigned char)*s > '~')
            return false;
    return true;
}

/* The pieces of what follows the scheme. */
static int split(const char *authority, const char **ret_host, size_t *ret_length, uint16_t *ret)
{
    const char *end = authority + strcspn(authority, "/?#"), *host_end;
    bool bracketed = *authority == '[';

    host_end = bracketed ? memchr(authority, ']', (size_t)(end - authority))
                         : memchr(authority, ':', (size_t)(end - authority));
    if (bracketed && !host_end)
        return -EINVAL;
    *ret_host = authority + bracketed;
    if (!host_end)
        host_end = end;
    *ret_length = (size_t)(host_end - *ret_host);
    if (!host_is_valid(*ret_host, *ret_length, bracketed))
        return -EINVAL;
    host_end += bracketed;
    *ret = DEFAULT_PORT;
    if (host_end == end)
        return 0;
    return *host_end == ':' ? parse_port(host_end + 1, end, ret) : -EINVAL;
}

int handoff_set_url(Handoff *handoff, const char *url, const char **ret_expected)
{
    const char *host;
    char *host_copy, *url_copy;
    size_t length;
    uint16_t port;

    *ret_expected = "must be a URL such as http://127.0.0.1:8080";
    if (!startswith(url, SCHEME) || !is_printable(url) ||
        split(url + strlen(SCHEME), &host, &length, &port) < 0)
        return -EINVAL;
    host_copy = strndup(host, length);
    url_copy = strdup(url);
    if (!host_copy || !url_copy) {
        free(host_copy);
        free(url_copy);
        return -ENOMEM;
    }
    free(handoff->host);
    free(handoff->url);
    handoff->host = host_copy;
    handoff->url = url_copy;
    handoff->port = port;
    return 0;
}

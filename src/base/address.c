/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/macros.h"
#include "base/parse.h"

static const struct {
    const char *word;
    AddressRange ranges[ADDRESS_RANGES_MAX];
} words[] = {
        {"any", {{AF_INET, {0}, 0}, {AF_INET6, {0}, 0}}},
        {"localhost", {{AF_INET, {127}, 8}, {AF_INET6, {[15] = 1}, 128}}},
};

int address_ranges_parse(const char *s, AddressRange ret[static ADDRESS_RANGES_MAX])
{
    const char *slash = strchr(s, '/');
    size_t length = slash ? (size_t)(slash - s) : strlen(s);
    char address[INET6_ADDRSTRLEN];
    uint64_t bits, prefix;

    for (size_t i = 0; i < ELEMENTSOF(words); i++) {
        if (!streq(words[i].word, s))
            continue;
        memcpy(ret, words[i].ranges, sizeof(words[i].ranges));
        return ADDRESS_RANGES_MAX;
    }
    if (length >= sizeof(address))
        return -EINVAL;
    memcpy(address, s, length);
    address[length] = '\0';
    memset(ret, 0, sizeof(*ret));
    ret->family = strchr(address, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(ret->family, address, ret->address) != 1)
        return -EINVAL;
    prefix = bits = ret->family == AF_INET ? 32 : 128;
    if (slash && parse_u64(slash + 1, 0, bits, &prefix) < 0)
        return -EINVAL;
    ret->prefix = (uint32_t)prefix;
    return 1;
}

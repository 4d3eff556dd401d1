/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* Addresses that share their first bits. */
typedef struct AddressRange {
    int family; /* AF_INET, AF_INET6 */
    uint8_t address[16];
    uint32_t prefix; /* bits */
} AddressRange;

enum { ADDRESS_RANGES_MAX = 2 }; /* that one word stands for */

/*
 * "192.0.2.0/24", "2001:db8::/32", a single address, "localhost", or "any", of both families.
 * Returns how many ranges *ret has, or -EINVAL.
 */
int address_ranges_parse(const char *s, AddressRange ret[static ADDRESS_RANGES_MAX]);

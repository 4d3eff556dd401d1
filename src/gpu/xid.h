/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What NVIDIA's driver says of GPUs in the kernel log: lines that start with "NVRM: Xid". */

typedef struct PciAddress {
    uint32_t domain;
    uint8_t bus;
    uint8_t device;
    uint8_t function;
} PciAddress;

typedef struct Xid {
    PciAddress address; /* function 0 where the line leaves it out, as it usually does */
    uint32_t number;
    uint64_t pid;     /* 0: of none, or not known */
    const char *text; /* the rest of the line, which it points into; "": there is none */
} Xid;

/* "0000:01:00.0"; the domain and the function may be left out, and are 0 then. Digits in either
 * case. Returns 0 or -EINVAL. */
int pci_address_parse(const char *s, PciAddress *ret);

/* Whether both are the same device, whatever the function. */
bool pci_address_same_device(const PciAddress *a, const PciAddress *b);

/* Reads a message of the kernel log, a time in brackets before it allowed. Returns 0, or -EINVAL
 * for a line of another kind. */
int xid_parse(const char *line, Xid *ret);

/*
 * Whether the device is of no use until it was reset, and with it every engine on it; otherwise one
 * process is concerned, which gets an error from CUDA, or nothing is wrong at all (NVIDIA: Xid
 * catalog, immediate action RESET_GPU and harder). Of number 154, which tells of a change of what
 * is to be done, the text decides. Unknown numbers are no fault of the device.
 */
bool xid_is_device_fault(const Xid *xid);

/* Whether it says that the device needs nothing to be done (any more): number 154 again. */
bool xid_is_recovery(const Xid *xid);

/* What the number means, for people; NULL for those that are not worth a word. */
const char *xid_meaning(uint32_t number);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/xid.h"

#include <errno.h>

#include "base/macros.h"
#include "base/parse.h"

enum { XID_RECOVERY_ACTION = 154 };

static const struct {
    uint32_t number;
    bool device_fault;
    const char *meaning;
} table[] = {
        {8, false, "a channel of the GPU stopped processing"},
        {13, false, "graphics engine exception"},
        {31, false, "memory page fault of the GPU"},
        {32, false, "invalid or corrupted push buffer"},
        {43, false, "a process used the GPU wrongly and was stopped there"},
        {45, false, "what a process had on the GPU was cleaned up"},
        {46, true, "the GPU stopped processing"},
        {48, true, "uncorrectable ECC error"},
        {61, true, "internal micro-controller breakpoint"},
        {62, true, "internal micro-controller halt"},
        {63, false, "a page of the GPU's memory was retired, or a row remapped"},
        {64, true, "a page of the GPU's memory could not be retired, or a row not remapped"},
        {68, false, "video decoder exception"},
        {69, false, "graphics engine class error"},
        {74, true, "NVLink error"},
        {79, true, "the GPU has fallen off the bus"},
        {92, false, "high rate of single-bit ECC errors"},
        {94, false, "contained ECC error"},
        {95, true, "uncontained ECC error"},
        {109, true, "context switch timeout"},
        {110, true, "security fault"},
        {119, true, "the GPU's system processor does not answer"},
        {120, true, "error of the GPU's system processor"},
        {136, true, "link training failed"},
        {140, true, "unrecovered ECC error"},
        {143, true, "the GPU could not be initialised"},
        {XID_RECOVERY_ACTION, false, "what has to be done to the GPU changed"},
        {158, true, "fatal timeout"},
};

/* Reads hexadecimal digits, at most `max` of them, up to `end`. */
static const char *read_hex(const char *s, size_t max, char end, uint32_t *ret)
{
    uint32_t value = 0;
    size_t n = 0;

    for (; hex_digit_value(s[n]) >= 0 && n < max; n++)
        value = value * 16 + (uint32_t)hex_digit_value(s[n]);
    if (n == 0 || s[n] != end)
        return NULL;
    *ret = value;
    return end ? s + n + 1 : s + n;
}

int pci_address_parse(const char *s, PciAddress *ret)
{
    const char *first = strchr(s, ':'), *dot = strchr(s, '.');
    uint32_t domain = 0, bus = 0, device = 0, function = 0;

    if (first && strchr(first + 1, ':'))
        s = read_hex(s, 8, ':', &domain);
    if (s)
        s = read_hex(s, 2, ':', &bus);
    if (s)
        s = read_hex(s, 2, dot ? '.' : '\0', &device);
    if (s && dot)
        s = read_hex(s, 1, '\0', &function);
    if (!s || device > 31 || function > 7)
        return -EINVAL;
    *ret = (PciAddress){domain, (uint8_t)bus, (uint8_t)device, (uint8_t)function};
    return 0;
}

bool pci_address_same_device(const PciAddress *a, const PciAddress *b)
{
    return a->domain == b->domain && a->bus == b->bus && a->device == b->device;
}

/* Decimal digits, into *ret; returns how many there are, 0 for none or too large a number. */
static size_t read_decimal(const char *s, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;
    size_t n = 0;

    for (; s[n] >= '0' && s[n] <= '9'; n++) {
        value = value * 10 + (uint64_t)(s[n] - '0');
        if (value > max)
            return 0;
    }
    *ret = value;
    return n;
}

/* What stands behind "[  123.456] ". */
static const char *skip_time(const char *s)
{
    const char *end = s[0] == '[' ? strchr(s, ']') : NULL;

    if (!end || strspn(s + 1, " .0123456789") != (size_t)(end - s - 1))
        return s;
    return end + 1 + strspn(end + 1, " ");
}

/* "PCI:" and the address in parentheses. */
static const char *read_address(const char *s, PciAddress *ret)
{
    char address[32];
    const char *end;

    if (startswith(s, "PCI:"))
        s += strlen("PCI:");
    end = strchr(s, ')');
    if (!end || (size_t)(end - s) >= sizeof(address))
        return NULL;
    memcpy(address, s, (size_t)(end - s));
    address[end - s] = '\0';
    return pci_address_parse(address, ret) < 0 ? NULL : end + 1;
}

int xid_parse(const char *line, Xid *ret)
{
    static const char start[] = "NVRM: Xid (", pid[] = "pid=";
    const char *s = skip_time(line);
    uint64_t number;
    Xid xid = {.text = ""};
    size_t n;

    if (!startswith(s, start))
        return -EINVAL;
    s = read_address(s + strlen(start), &xid.address);
    if (!s || !startswith(s, ": "))
        return -EINVAL;
    s += 2;
    n = read_decimal(s, UINT32_MAX, &number);
    if (n == 0 || (s[n] != '\0' && s[n] != ',' && s[n] != ' '))
        return -EINVAL;
    xid.number = (uint32_t)number;
    xid.text = s + n + strspn(s + n, ", ");
    /* pid='<unknown>' is none. */
    if (startswith(xid.text, pid) && read_decimal(xid.text + strlen(pid), UINT32_MAX, &number) > 0)
        xid.pid = number;
    *ret = xid;
    return 0;
}

bool xid_is_device_fault(const Xid *xid)
{
    const char *to = strstr(xid->text, " to ");

    if (xid->number == XID_RECOVERY_ACTION)
        return to && (strstr(to, "Reset") || strstr(to, "Reboot"));
    for (size_t i = 0; i < ELEMENTSOF(table); i++)
        if (table[i].number == xid->number)
            return table[i].device_fault;
    return false;
}

bool xid_is_recovery(const Xid *xid)
{
    const char *to = strstr(xid->text, " to ");

    return xid->number == XID_RECOVERY_ACTION && to && strstr(to, "None");
}

const char *xid_meaning(uint32_t number)
{
    for (size_t i = 0; i < ELEMENTSOF(table); i++)
        if (table[i].number == number)
            return table[i].meaning;
    return NULL;
}

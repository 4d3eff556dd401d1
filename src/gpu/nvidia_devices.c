/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/nvidia_devices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>

#include "base/parse.h"

enum { INFORMATION_MAX = 4096, ITEM_MAX = 127 };

static void read_text(int folder, const char *name, char buffer[static INFORMATION_MAX])
{
    char path[300];
    _cleanup_close_ int fd = -1;
    ssize_t n = -1;

    (void)snprintf(path, sizeof(path), "%s/information", name);
    fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0)
        n = read(fd, buffer, INFORMATION_MAX - 1);
    buffer[n > 0 ? n : 0] = '\0';
}

/* The line "GPU UUID: <white space> GPU-…". One that the driver does not know yet has question
 * marks in it. */
static void find_uuid(const char *text, char uuid[static NVIDIA_UUID_MAX + 1])
{
    static const char key[] = "GPU UUID:";
    const char *s = strstr(text, key);
    size_t n;

    uuid[0] = '\0';
    if (!s)
        return;
    s += strlen(key);
    s += strspn(s, " \t");
    n = strcspn(s, " \t\r\n");
    if (strncasecmp(s, "GPU-", 4) != 0 || n > NVIDIA_UUID_MAX || memchr(s, '?', n))
        return;
    memcpy(uuid, s, n);
    uuid[n] = '\0';
}

static int compare(const void *a, const void *b)
{
    NvidiaDevice x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    if (x.address.domain != y.address.domain)
        return x.address.domain < y.address.domain ? -1 : 1;
    if (x.address.bus != y.address.bus)
        return x.address.bus < y.address.bus ? -1 : 1;
    return x.address.device - y.address.device;
}

int nvidia_devices_read(const char *root, NvidiaDevices *ret)
{
    char path[512], text[INFORMATION_MAX];
    struct dirent *entry;
    DIR *folder;

    (void)snprintf(path, sizeof(path), "%s/gpus", root);
    folder = opendir(path);
    if (!folder)
        return -errno;
    ret->count = 0;
    while ((entry = readdir(folder)) && ret->count < NVIDIA_DEVICES_MAX) {
        NvidiaDevice *d = &ret->devices[ret->count];

        if (pci_address_parse(entry->d_name, &d->address) < 0)
            continue;
        read_text(dirfd(folder), entry->d_name, text);
        find_uuid(text, d->uuid);
        ret->count++;
    }
    (void)closedir(folder);
    qsort(ret->devices, ret->count, sizeof(ret->devices[0]), compare);
    return 0;
}

int nvidia_devices_find(const NvidiaDevices *all, const PciAddress *address)
{
    for (size_t i = 0; i < all->count; i++)
        if (pci_address_same_device(&all->devices[i].address, address))
            return (int)i;
    return -ENODEV;
}

/* A UUID, or the beginning of one, of a device of `all`; which one is meant must be clear. */
static MaskMatch match_uuid(const char *item, const NvidiaDevices *all, int index)
{
    size_t length = strlen(item);
    MaskMatch match = MASK_UNKNOWN;

    for (size_t i = 0; i < all->count; i++) {
        if (strncasecmp(all->devices[i].uuid, item, length) != 0)
            continue;
        if ((int)i == index)
            return MASK_COVERS;
        match = MASK_OTHER;
    }
    return match;
}

static MaskMatch match_item(const char *item, const NvidiaDevices *all, int index)
{
    const char *digits = strncasecmp(item, "GPU", 3) == 0 && item[3] != '-' ? item + 3 : item;
    uint64_t number;

    if (parse_u64(digits, 0, INT32_MAX, &number) == 0 && index >= 0)
        return (int)number == index ? MASK_COVERS : MASK_OTHER;
    if (strncasecmp(item, "GPU-", 4) == 0)
        return match_uuid(item, all, index);
    return MASK_UNKNOWN;
}

MaskMatch nvidia_mask_match(const char *mask, const NvidiaDevices *all, int index)
{
    MaskMatch match = MASK_OTHER;
    char item[ITEM_MAX + 1];

    if (!mask || !mask[0])
        return MASK_COVERS;
    for (const char *s = mask; *s;) {
        size_t n = strcspn(s, ","), blank = strspn(s, " "), end = n;
        MaskMatch m = MASK_UNKNOWN;

        while (end > blank && s[end - 1] == ' ')
            end--;
        if (end > blank && end - blank <= ITEM_MAX) {
            memcpy(item, s + blank, end - blank);
            item[end - blank] = '\0';
            m = match_item(item, all, index);
        }
        if (m == MASK_COVERS)
            return m;
        if (m == MASK_UNKNOWN)
            match = m;
        s += n + (s[n] == ',');
    }
    return match;
}

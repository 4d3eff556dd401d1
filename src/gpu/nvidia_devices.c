/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/nvidia_devices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>

#include "base/parse.h"

enum { INFORMATION_MAX = 4096 };

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

/* The line "Device Minor: <white space> 0". */
static int find_minor(const char *text)
{
    static const char key[] = "Device Minor:";
    const char *s = strstr(text, key);
    char digits[4] = "";
    uint64_t minor;
    size_t n;

    if (!s)
        return -1;
    s += strlen(key);
    s += strspn(s, " \t");
    n = strcspn(s, " \t\r\n");
    if (n >= sizeof(digits))
        return -1;
    memcpy(digits, s, n);
    return parse_u64(digits, 0, UINT8_MAX, &minor) < 0 ? -1 : (int)minor;
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
        d->minor = find_minor(text);
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

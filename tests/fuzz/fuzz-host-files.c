/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>

#include "core/spec.h"
#include "fuzz.h"
#include "gpu/amdgpu.h"
#include "gpu/nvidia_devices.h"
#include "probe/host_memory.h"
#include "store/file_tail.h"
#include "systemd/cgroup.h"

/*
 * Files of /proc and /sys. The input is the text of all of them, cut at empty lines and handed out
 * in turn.
 */

static char root[64];
static int folder = -1;

/* Below the folder; the last is a file of the engine's log. */
static const char *const files[] = {
        "drm/card0/device/mem_info_vram_used",
        "drm/card0/device/mem_info_vram_total",
        "drm/card0/device/unique_id",
        "drm/card0/device/product_name",
        "drm/card0/device/vendor",
        "drm/card0/device/device",
        "nvidia/gpus/0000:01:00.0/information",
        "proc/7/cgroup",
        "cgroup/pools.slice/pool@p:r0:g1.service/cgroup.events",
        "cgroup/pools.slice/pool@p:r0:g1.service/cgroup.procs",
        "meminfo",
        "log",
};

static void make_folders(const char *path)
{
    char copy[128];

    (void)snprintf(copy, sizeof(copy), "%s", path);
    for (char *s = strchr(copy, '/'); s; s = strchr(s + 1, '/')) {
        *s = '\0';
        REQUIRE(mkdirat(folder, copy, 0755) == 0 || errno == EEXIST);
        *s = '/';
    }
}

static void remove_files(void)
{
    char copy[128];

    for (size_t i = 0; i < ELEMENTSOF(files); i++) {
        (void)snprintf(copy, sizeof(copy), "%s", files[i]);
        (void)unlinkat(folder, copy, 0);
        (void)unlinkat(folder, "drm/card0/device/driver", 0);
        for (char *s = strrchr(copy, '/'); s; s = strrchr(copy, '/')) {
            *s = '\0';
            (void)unlinkat(folder, copy, AT_REMOVEDIR);
        }
    }
    (void)rmdir(root);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)snprintf(root, sizeof(root), "/dev/shm/fuzz-host-files-XXXXXX");
    REQUIRE(mkdtemp(root));
    folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    REQUIRE(folder >= 0);
    for (size_t i = 0; i < ELEMENTSOF(files); i++)
        make_folders(files[i]);
    REQUIRE(symlinkat("../../amdgpu", folder, "drm/card0/device/driver") == 0);
    REQUIRE(atexit(remove_files) == 0);
    return 0;
}

static void write_files(const char *text)
{
    for (size_t i = 0; i < ELEMENTSOF(files); i++) {
        const char *end = strstr(text, "\n\n");
        size_t n = end ? (size_t)(end + 1 - text) : strlen(text);
        int fd = openat(folder, files[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        REQUIRE(fd >= 0 && write(fd, text, n) == (ssize_t)n && close(fd) == 0);
        text += end ? n + 1 : n;
    }
}

static const char *below(const char *name)
{
    static char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", root, name);
    return path;
}

static void read_gpus(void)
{
    static GpuInventory inventory;
    static NvidiaDevices devices;

    memset(&inventory.gpus[0], 0, sizeof(inventory.gpus[0]));
    inventory.count = 0;
    REQUIRE(amdgpu_read(below("drm"), &inventory) == 0 && inventory.count == 1);
    REQUIRE(inventory.gpus[0].memory_free_bytes == SPEC_UNSET ||
            inventory.gpus[0].memory_free_bytes <= inventory.gpus[0].memory_total_bytes);
    REQUIRE(nvidia_devices_read(below("nvidia"), &devices) == 0 && devices.count == 1);
    REQUIRE(devices.devices[0].minor >= -1 && devices.devices[0].minor <= UINT8_MAX);
    REQUIRE(!devices.devices[0].uuid[0] || strncasecmp(devices.devices[0].uuid, "GPU-", 4) == 0);
}

static void read_others(void)
{
    static char buffer[FILE_TAIL_MAX];
    char unit[PM_UNIT_NAME_MAX + 1];
    uint64_t bytes;
    size_t length;
    pid_t pid;
    int r = host_memory_available(below("meminfo"), &bytes);

    REQUIRE(r == 0 || r == -ENODATA);
    if (cgroup_unit_of(below("proc"), 7, unit))
        REQUIRE(unit[0] && !strpbrk(unit, "/\n"));
    if (cgroup_is_populated(below("cgroup"), "pool@p:r0:g1.service", false, &pid))
        REQUIRE(pid >= 0);
    REQUIRE(file_tail_read(below("log"), 3, buffer, &length) == 0 && length <= FILE_TAIL_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_text(data, size);

    write_files(text);
    read_gpus();
    read_others();
    return 0;
}

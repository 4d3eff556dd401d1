/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/cgroup.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poolmgr/names.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/parse.h"

enum {
    TEXT_MAX = 4096,
};

/* Where cgroup v2 is mounted: alone, or beside the controllers of v1. */
static const char *const roots[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

static bool read_text(const char *path, char buffer[static TEXT_MAX])
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, buffer, TEXT_MAX - 1);

    if (n < 0)
        return false;
    buffer[n] = '\0';
    return true;
}

/* The path of the process in the hierarchy of version 2, cut off at the end of its line. */
static char *find_path(char *text)
{
    char *line = startswith(text, "0::") ? text : strstr(text, "\n0::");
    char *path = line ? strchr(line, '/') : NULL;

    if (path)
        path[strcspn(path, "\n")] = '\0';
    return path;
}

/* The cgroup of the service manager that runs our engines, "" for the root. */
static bool find_manager(bool user_mode, char ret[static TEXT_MAX])
{
    char text[TEXT_MAX], *path, *end;

    ret[0] = '\0';
    if (!user_mode)
        return true;
    /* A user's service manager is a service itself, and we are one of its own. */
    if (!read_text("/proc/self/cgroup", text))
        return false;
    path = find_path(text);
    end = path ? strstr(path, "/user@") : NULL;
    end = end ? strstr(end, ".service") : NULL;
    if (!end)
        return false;
    end[strlen(".service")] = '\0';
    (void)snprintf(ret, TEXT_MAX, "%s", path);
    return true;
}

static bool read_file(const char *folder, const char *name, char buffer[static TEXT_MAX])
{
    char path[PATH_MAX];

    return snprintf(path, sizeof(path), "%s/%s", folder, name) < (int)sizeof(path) &&
           read_text(path, buffer);
}

/* The process of the first line; 0 where there is none that can be seen from here. */
static pid_t first_process(char *text)
{
    uint64_t pid;

    text[strcspn(text, "\n")] = '\0';
    return parse_u64(text, 1, INT32_MAX, &pid) < 0 ? 0 : (pid_t)pid;
}

static bool is_populated_below(const char *root, const char *manager, const char *unit,
                               pid_t *ret_pid)
{
    char folder[PATH_MAX], text[TEXT_MAX];

    if (snprintf(folder, sizeof(folder), "%s%s/" PM_SLICE "/%s", root, manager, unit) >=
        (int)sizeof(folder))
        return false;
    if (!read_file(folder, "cgroup.events", text) || !strstr(text, "populated 1"))
        return false;
    *ret_pid = read_file(folder, "cgroup.procs", text) ? first_process(text) : 0;
    return true;
}

bool cgroup_is_populated(const char *root, const char *unit, bool user_mode, pid_t *ret_pid)
{
    char manager[TEXT_MAX];

    *ret_pid = 0;
    if (!find_manager(user_mode, manager))
        return false;
    if (root)
        return is_populated_below(root, manager, unit, ret_pid);
    for (size_t i = 0; i < ELEMENTSOF(roots); i++)
        if (is_populated_below(roots[i], manager, unit, ret_pid))
            return true;
    return false;
}

bool cgroup_unit_of(const char *proc, uint64_t pid, char unit[static PM_UNIT_NAME_MAX + 1])
{
    static const char slice[] = "/" PM_SLICE "/";
    char path[PATH_MAX], text[TEXT_MAX], *s;
    size_t n;

    if (snprintf(path, sizeof(path), "%s/%" PRIu64 "/cgroup", proc ? proc : "/proc", pid) >=
                (int)sizeof(path) ||
        !read_text(path, text))
        return false;
    s = find_path(text);
    s = s ? strstr(s, slice) : NULL;
    if (!s)
        return false;
    s += strlen(slice);
    n = strcspn(s, "/");
    if (n == 0 || n > PM_UNIT_NAME_MAX)
        return false;
    memcpy(unit, s, n);
    unit[n] = '\0';
    return true;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/unit_fields.h"

#include <dirent.h>
#include <fcntl.h>
#include <poolmgr/limits.h>
#include <poolmgr/names.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "core/unit_name.h"

#define FOLDER "/run/systemd/units"
#define FIELDS "log-extra-fields:"
/* A link that is there for as long as the unit is: that one is removed. */
#define INVOCATION "invocation:"

enum {
    NAME_SIZE = sizeof(FIELDS) + PM_UNIT_NAME_MAX,
};

static void remove_of(int fd, const char *unit)
{
    char name[NAME_SIZE];

    if (snprintf(name, sizeof(name), FIELDS "%s", unit) < (int)sizeof(name))
        (void)unlinkat(fd, name, 0);
}

static bool is_known(int fd, const char *unit)
{
    struct stat status;
    char name[NAME_SIZE];

    return snprintf(name, sizeof(name), INVOCATION "%s", unit) >= (int)sizeof(name) ||
           fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Of an engine or of a model provisioner. */
static bool is_ours(const char *unit)
{
    UnitName name;

    return unit_name_parse(unit, &name) >= 0 || startswith(unit, PM_PROVISION_PREFIX);
}

void unit_fields_remove(const char *folder, const char *unit)
{
    _cleanup_close_ int fd = open(folder ? folder : FOLDER, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        remove_of(fd, unit);
}

void unit_fields_sweep(const char *folder)
{
    DIR *opened = opendir(folder ? folder : FOLDER);

    if (!opened)
        return;
    for (const struct dirent *each; (each = readdir(opened));) {
        const char *unit = each->d_name + strlen(FIELDS);

        if (startswith(each->d_name, FIELDS) && is_ours(unit) && !is_known(dirfd(opened), unit))
            remove_of(dirfd(opened), unit);
    }
    (void)closedir(opened);
}

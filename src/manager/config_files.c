/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <poolmgr/names.h>
#include <stdio.h>

#include "manager/config_files.h"

static int compare_base_names(const void *a, const void *b)
{
    const char *x, *y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return strcmp(strrchr(x, '/') + 1, strrchr(y, '/') + 1);
}

static bool is_shadowed(char *const *paths, char *path)
{
    STRV_FOREACH (p, paths)
        if (compare_base_names(p, &path) == 0)
            return true;
    return false;
}

/* Drop-ins of all places together, by name; of two with one name the place that comes first counts
 * (as in systemd). */
static int find_drop_ins(char *const *places, char ***ret)
{
    _cleanup_strv_free_ char **paths = NULL;
    int k = 0;

    STRV_FOREACH (place, places) {
        char pattern[PATH_MAX];
        glob_t found;

        (void)snprintf(pattern, sizeof(pattern), "%s/" PM_DAEMON_NAME ".conf.d/*.conf", *place);
        if (glob(pattern, 0, NULL, &found) != 0)
            continue;
        for (size_t i = 0; i < found.gl_pathc && k >= 0; i++)
            if (!is_shadowed(paths, found.gl_pathv[i]))
                k = strv_extend(&paths, found.gl_pathv[i]);
        globfree(&found);
    }
    if (k < 0)
        return k;
    if (paths)
        qsort(paths, strv_length(paths), sizeof(char *), compare_base_names);
    *ret = TAKE_PTR(paths);
    return 0;
}

/* The folder of the user's own; none without a home. */
static int add_user_place(char ***places)
{
    const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");

    if (xdg && xdg[0])
        return strv_extendf(places, "%s/" PM_DAEMON_NAME, xdg);
    return home ? strv_extendf(places, "%s/.config/" PM_DAEMON_NAME, home) : 0;
}

static int add_system_places(char ***places)
{
    static const char *const roots[] = {"/etc", "/run", "/usr/lib"};
    int k = 0;

    for (size_t i = 0; i < ELEMENTSOF(roots) && k >= 0; i++)
        k = strv_extendf(places, "%s/" PM_DAEMON_NAME, roots[i]);
    return k;
}

/* The folders that may hold our configuration, the strongest first. */
static int config_places(bool user_mode, char ***ret)
{
    _cleanup_strv_free_ char **places = NULL;
    int k = user_mode ? add_user_place(&places) : 0;

    if (k >= 0)
        k = add_system_places(&places);
    if (k < 0)
        return k;
    *ret = TAKE_PTR(places);
    return 0;
}

int config_files_find(bool user_mode, char ***ret)
{
    _cleanup_strv_free_ char **places = NULL, **drop_ins = NULL, **paths = NULL;
    int k = config_places(user_mode, &places);

    if (k < 0)
        return k;
    STRV_FOREACH (place, places) {
        char path[PATH_MAX];

        (void)snprintf(path, sizeof(path), "%s/" PM_DAEMON_NAME ".conf", *place);
        if (access(path, F_OK) != 0)
            continue;
        k = strv_extend(&paths, path);
        break;
    }
    if (k >= 0)
        k = find_drop_ins(places, &drop_ins);
    STRV_FOREACH (d, drop_ins)
        if (k >= 0)
            k = strv_extend(&paths, *d);
    if (k < 0)
        return k;
    *ret = TAKE_PTR(paths);
    return 0;
}

int config_files_pools(bool user_mode, char ***ret)
{
    _cleanup_strv_free_ char **places = NULL, **folders = NULL;
    int k = user_mode ? add_user_place(&places) : add_system_places(&places);

    STRV_FOREACH (place, places)
        if (k >= 0)
            k = strv_extendf(&folders, "%s/pools.d", *place);
    if (k < 0)
        return k;
    *ret = TAKE_PTR(folders);
    return 0;
}

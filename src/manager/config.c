/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glob.h>
#include <ini.h>
#include <poolmgr/names.h>
#include <stdio.h>

#include "base/nearest.h"
#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "manager/config_table.h"

/* One reading of everything. */
typedef struct Reading {
    Settings *settings;
    ConfigWarnFunc warn;
    void *userdata;
    Error *error;
    int result; /* the first failure */
    const char *file;
    FILE *stream;
    unsigned line;
} Reading;

static void warn_unknown(const Reading *r, const char *where, const char *section, const char *key)
{
    const char *names[64] = {0}, *nearest;
    char text[512];

    for (size_t i = 0; i < config_keys_count && i < ELEMENTSOF(names); i++)
        if (streq(config_keys[i].section, section) || !config_key_find(section, config_keys[i].key))
            names[i] = config_keys[i].key;
    nearest = nearest_name(key, names, ELEMENTSOF(names));
    (void)snprintf(text, sizeof(text), "%s: unknown key %s in section [%s] was ignored%s%s%s",
                   where, key, section, nearest ? "; did you mean " : "", nearest ? nearest : "",
                   nearest ? "?" : "");
    r->warn(text, r->userdata);
}

static int set_key(Reading *r, const ConfigKey *key, const char *value, const char *where)
{
    char expected[128] = "";
    int k = config_key_set(key, r->settings, value, expected);

    if (k == -EINVAL)
        return error_set(r->error, PM_ERROR_INVALID_FIELD, key->key, "%s: %s=%s: must be %s", where,
                         key->key, value, expected);
    return k;
}

/* inih counts lines for itself only. */
static char *read_line(char *buffer, int size, void *stream)
{
    Reading *r = stream;
    char *line = fgets(buffer, size, r->stream);

    if (line)
        r->line++;
    return line;
}

static int on_key(void *userdata, const char *section, const char *name, const char *value)
{
    Reading *r = userdata;
    const ConfigKey *key = config_key_find(section, name);
    char where[256];

    if (r->result < 0)
        return 1;
    (void)snprintf(where, sizeof(where), "%s:%u", r->file, r->line);
    if (key)
        r->result = set_key(r, key, value ? value : "", where);
    else
        warn_unknown(r, where, section, name);
    return 1;
}

static int read_file(Reading *r, const char *path, bool must_exist)
{
    int k;

    r->stream = fopen(path, "re");
    if (!r->stream && errno == ENOENT && !must_exist)
        return 0;
    if (!r->stream)
        return error_set(r->error, PM_ERROR_INTERNAL, NULL, "%s: cannot be read: %s", path,
                         strerror(errno));
    r->file = path;
    r->line = 0;
    k = ini_parse_stream(read_line, r, on_key, r);
    (void)fclose(r->stream);
    if (r->result < 0)
        return r->result;
    if (k > 0)
        return error_set(r->error, PM_ERROR_BAD_REQUEST, NULL,
                         "%s:%d: this is neither [Section] nor Key=value", path, k);
    return k < 0 ? -ENOMEM : 0;
}

static int compare_base_names(const void *a, const void *b)
{
    const char *x, *y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return strcmp(strrchr(x, '/') + 1, strrchr(y, '/') + 1);
}

/* Drop-ins of all places together, by name; of two with one name the place that comes first counts
 * (as in systemd). */
static int read_drop_ins(Reading *r, char *const *places)
{
    _cleanup_strv_free_ char **paths = NULL;
    int k = 0;

    STRV_FOREACH (place, places) {
        char pattern[512];
        glob_t found;

        (void)snprintf(pattern, sizeof(pattern), "%s/" PM_DAEMON_NAME ".conf.d/*.conf", *place);
        if (glob(pattern, 0, NULL, &found) != 0)
            continue;
        for (size_t i = 0; i < found.gl_pathc && k >= 0; i++) {
            bool shadowed = false;

            STRV_FOREACH (p, paths)
                shadowed |= compare_base_names(p, &found.gl_pathv[i]) == 0;
            if (!shadowed)
                k = strv_extend(&paths, found.gl_pathv[i]);
        }
        globfree(&found);
    }
    if (paths)
        qsort(paths, strv_length(paths), sizeof(char *), compare_base_names);
    STRV_FOREACH (path, paths)
        if (k >= 0)
            k = read_file(r, *path, false);
    return k;
}

/* The folders that may hold our configuration, the strongest first. */
static int config_places(bool user_mode, char ***ret)
{
    _cleanup_strv_free_ char **places = NULL;
    const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");
    int k = 0;

    if (user_mode && xdg)
        k = strv_extendf(&places, "%s/" PM_DAEMON_NAME, xdg);
    else if (user_mode && home)
        k = strv_extendf(&places, "%s/.config/" PM_DAEMON_NAME, home);
    for (size_t i = 0; i < 3 && k >= 0; i++) {
        static const char *const roots[] = {"/etc", "/run", "/usr/lib"};

        k = strv_extendf(&places, "%s/" PM_DAEMON_NAME, roots[i]);
    }
    if (k < 0)
        return k;
    *ret = TAKE_PTR(places);
    return 0;
}

static int read_files(Reading *r, const ConfigSources *sources)
{
    _cleanup_strv_free_ char **places = NULL;
    int k;

    if (sources->file)
        return read_file(r, sources->file, true);
    k = config_places(sources->user_mode, &places);
    if (k < 0)
        return k;
    STRV_FOREACH (place, places) {
        char path[512];

        (void)snprintf(path, sizeof(path), "%s/" PM_DAEMON_NAME ".conf", *place);
        if (access(path, F_OK) != 0)
            continue;
        k = read_file(r, path, false);
        break;
    }
    return k < 0 ? k : read_drop_ins(r, places);
}

static int read_environment(Reading *r)
{
    for (size_t i = 0; i < config_keys_count; i++) {
        const ConfigKey *key = &config_keys[i];
        const char *value = key->environment ? getenv(key->environment) : NULL;
        char where[128];
        int k;

        if (!value)
            continue;
        (void)snprintf(where, sizeof(where), "environment variable %s", key->environment);
        k = set_key(r, key, value, where);
        if (k < 0)
            return k;
    }
    return 0;
}

static int read_overrides(Reading *r, char *const *overrides)
{
    STRV_FOREACH (o, overrides) {
        const char *dot = strchr(*o, '.'), *equals = strchr(*o, '=');
        char section[64], name[64];
        const ConfigKey *key;
        int k;

        if (!dot || !equals || dot > equals)
            return error_set(r->error, PM_ERROR_BAD_REQUEST, NULL,
                             "--set %s: must be Section.Key=value", *o);
        (void)snprintf(section, sizeof(section), "%.*s", (int)(dot - *o), *o);
        (void)snprintf(name, sizeof(name), "%.*s", (int)(equals - dot - 1), dot + 1);
        key = config_key_find(section, name);
        if (!key)
            return error_set(r->error, PM_ERROR_BAD_REQUEST, NULL, "--set %s: there is no such key",
                             *o);
        k = set_key(r, key, equals + 1, "command line");
        if (k < 0)
            return k;
    }
    return 0;
}

/* The folder that systemd has made for us, else the one that it would have made. */
static int set_state_directory(Settings *s, bool user_mode)
{
    const char *given = getenv("STATE_DIRECTORY"), *state = getenv("XDG_STATE_HOME"),
               *home = getenv("HOME");
    int n;

    if (given && given[0])
        n = asprintf(&s->state_directory, "%.*s", (int)strcspn(given, ":"), given);
    else if (!user_mode)
        n = asprintf(&s->state_directory, "/var/lib/" PM_DAEMON_NAME);
    else if (state && state[0])
        n = asprintf(&s->state_directory, "%s/" PM_DAEMON_NAME, state);
    else
        n = asprintf(&s->state_directory, "%s%s", home ? home : "",
                     home ? "/.local/state/" PM_DAEMON_NAME : "");
    if (n >= 0)
        return 0;
    s->state_directory = NULL;
    return -ENOMEM;
}

static int set_defaults(Settings *s, bool user_mode)
{
    const char *run = getenv("XDG_RUNTIME_DIR");
    char expected[128];

    for (size_t i = 0; i < config_keys_count; i++) {
        int k = config_keys[i].fallback
                        ? config_key_set(&config_keys[i], s, config_keys[i].fallback, expected)
                        : 0;

        if (k < 0)
            return k;
    }
    if (set_state_directory(s, user_mode) < 0)
        return -ENOMEM;
    if (user_mode && !run)
        return 0;
    if (asprintf(&s->runtime_directory, "%s/" PM_DAEMON_NAME, user_mode ? run : "/run") < 0) {
        s->runtime_directory = NULL;
        return -ENOMEM;
    }
    return 0;
}

/* What no key's type says. */
static int check(Reading *r)
{
    Settings *s = r->settings;

    if (!s->runtime_directory)
        return error_set(r->error, PM_ERROR_INVALID_FIELD, "RuntimeDirectory",
                         "RuntimeDirectory is not set, and XDG_RUNTIME_DIR is not set either");
    if (s->runtime_directory[0] != '/')
        return error_set(r->error, PM_ERROR_INVALID_FIELD, "RuntimeDirectory",
                         "RuntimeDirectory=%s: must be an absolute path", s->runtime_directory);
    if (s->state_directory[0] && !path_is_absolute_and_plain(s->state_directory))
        return error_set(r->error, PM_ERROR_INVALID_FIELD, "StateDirectory",
                         "StateDirectory=%s: must be an absolute path, or empty for none",
                         s->state_directory);
    if (s->health_path[0] != '/')
        return error_set(r->error, PM_ERROR_INVALID_FIELD, "Path",
                         "[Health] Path=%s: must start with /", s->health_path);
    if (s->kernel_log[0] && s->kernel_log[0] != '/')
        return error_set(r->error, PM_ERROR_INVALID_FIELD, "KernelLog",
                         "[GPU] KernelLog=%s: must be an absolute path, or empty for none",
                         s->kernel_log);
    if (s->nvml_library[0] != '/' && (!s->nvml_library[0] || strchr(s->nvml_library, '/')))
        return error_set(r->error, PM_ERROR_INVALID_FIELD, "NvmlLibrary",
                         "[GPU] NvmlLibrary=%s: must be a file name or an absolute path",
                         s->nvml_library);
    if (s->model_provisioner[0] && !path_is_absolute_and_plain(s->model_provisioner))
        return error_set(r->error, PM_ERROR_INVALID_FIELD, "ModelProvisioner",
                         "[Reload] ModelProvisioner=%s: must be the absolute path of a program, or "
                         "empty for none",
                         s->model_provisioner);
    return 0;
}

int settings_load(const ConfigSources *sources, ConfigWarnFunc warn, void *userdata, Settings **ret,
                  Error *error)
{
    _cleanup_(settings_freep) Settings *s = calloc(1, sizeof(Settings));
    Reading r = {.settings = s, .warn = warn, .userdata = userdata, .error = error};
    int k;

    if (!s)
        return -ENOMEM;
    k = set_defaults(s, sources->user_mode);
    if (k >= 0)
        k = read_files(&r, sources);
    if (k >= 0)
        k = read_environment(&r);
    if (k >= 0)
        k = read_overrides(&r, sources->overrides);
    if (k >= 0)
        k = check(&r);
    if (k < 0)
        return k;
    s->policy.health_path = s->health_path;
    s->gpu_required = streq(s->gpu_policy, "required");
    s->policy.engine_log = streq(s->engine_log, "file") ? ENGINE_LOG_FILE : ENGINE_LOG_JOURNAL;
    s->policy.user_mode = sources->user_mode;
    *ret = TAKE_PTR(s);
    return 0;
}

Settings *settings_free(Settings *s)
{
    if (!s)
        return NULL;
    free(s->listen);
    free(s->runtime_directory);
    free(s->state_directory);
    free(s->log_format);
    free(s->log_level);
    free(s->health_path);
    free(s->engine_log);
    free(s->gpu_policy);
    free(s->kernel_log);
    free(s->nvml_library);
    free(s->model_provisioner);
    free(s);
    return NULL;
}

int settings_needing_restart(const Settings *before, const Settings *after, char **ret)
{
    Text t = {0};

    for (size_t i = 0; i < config_keys_count; i++) {
        const ConfigKey *key = &config_keys[i];

        if (!key->reload && !config_key_equal(key, before, after))
            text_printf(&t, "%s%s.%s", t.length > 0 ? ", " : "", key->section, key->key);
    }
    return text_take(&t, ret);
}

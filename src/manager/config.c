/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <poolmgr/names.h>
#include <stdio.h>

#include "base/address.h"
#include "base/nearest.h"
#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "manager/config_files.h"
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

/* The key that was meant: one that is written much like it, else the one of that name in another
 * section, else NULL. */
static int meant_key(const char *section, const char *key, const ConfigKey **ret)
{
    _cleanup_strv_free_ char **names = NULL;
    const ConfigKey *meant = NULL;
    const char *nearest;
    int k = 0;

    for (size_t i = 0; i < config_keys_count && k >= 0; i++)
        k = strv_extendf(&names, "%s.%s", config_keys[i].section, config_keys[i].key);
    if (k >= 0)
        k = strv_extendf(&names, "%s.%s", section, key);
    if (k < 0)
        return k;
    nearest = nearest_name(names[config_keys_count], (const char *const *)names, config_keys_count);
    for (size_t i = 0; i < config_keys_count && !meant; i++)
        if (nearest ? streq(names[i], nearest) : strcasecmp(config_keys[i].key, key) == 0)
            meant = &config_keys[i];
    *ret = meant;
    return 0;
}

static int warn_unknown(const Reading *r, const char *where, const char *section, const char *key)
{
    _cleanup_free_ char *text = NULL;
    const ConfigKey *meant = NULL;
    Text t = {0};
    int k = meant_key(section, key, &meant);

    if (k < 0)
        return k;
    if (section[0])
        text_printf(&t, "%s: unknown key %s in section [%s] was ignored", where, key, section);
    else
        text_printf(&t, "%s: key %s before the first section was ignored", where, key);
    if (meant)
        text_printf(&t, "; did you mean [%s] %s=?", meant->section, meant->key);
    k = text_take(&t, &text);
    if (k < 0)
        return k;
    if (r->warn)
        r->warn(text, r->userdata);
    return 0;
}

static int set_key(Reading *r, const ConfigKey *key, const char *value, ConfigSource source,
                   const char *where)
{
    char expected[128] = "";
    int k = config_key_set(key, r->settings, value, expected);

    if (k == -EINVAL)
        return error_set(r->error, PM_ERROR_INVALID_FIELD, key->key, "%s: %s=%s: must be %s", where,
                         key->key, value, expected);
    return k < 0 ? k
                 : config_origin_set(&r->settings->origins[key - config_keys], source, where,
                                     value);
}

/* inih counts lines for itself only, takes an indented line for more of the value before, and cuts
 * what is longer than its buffer into two lines. */
static char *read_line(char *buffer, int size, void *stream)
{
    Reading *r = stream;
    int next;

    if (r->result < 0 || !fgets(buffer, size, r->stream))
        return NULL;
    r->line++;
    next = strchr(buffer, '\n') ? EOF : getc(r->stream);
    if (next != EOF) {
        r->result =
                error_set(r->error, PM_ERROR_BAD_REQUEST, NULL,
                          "%s:%u: the line is longer than %d bytes", r->file, r->line, size - 2);
        return NULL;
    }
    memmove(buffer, buffer + strspn(buffer, " \t"), strlen(buffer + strspn(buffer, " \t")) + 1);
    return buffer;
}

static int on_key(void *userdata, const char *section, const char *name, const char *value)
{
    Reading *r = userdata;
    const ConfigKey *key = config_key_find(section, name);
    _cleanup_free_ char *where = NULL;

    if (r->result < 0)
        return 1;
    if (asprintf(&where, "%s:%u", r->file, r->line) < 0) {
        where = NULL;
        r->result = -ENOMEM;
        return 1;
    }
    r->result = key ? set_key(r, key, value ? value : "", CONFIG_SOURCE_FILE, where)
                    : warn_unknown(r, where, section, name);
    return 1;
}

static int cannot_be_read(Reading *r, const char *path, int error)
{
    return error_set(r->error, PM_ERROR_BAD_REQUEST, NULL, "%s: cannot be read: %s", path,
                     strerror(error));
}

static int read_file(Reading *r, const char *path, bool must_exist)
{
    int k = 0, unreadable, fd;

    /* Not fopen(), which would wait for the writer of a fifo. */
    fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && !must_exist)
        return 0;
    r->stream = fd < 0 ? NULL : fdopen(fd, "r");
    if (!r->stream)
        k = cannot_be_read(r, path, errno);
    if (!r->stream && fd >= 0)
        (void)close(fd);
    if (!r->stream)
        return k;
    r->file = path;
    r->line = 0;
    errno = 0;
    k = ini_parse_stream(read_line, r, on_key, r);
    unreadable = ferror(r->stream) ? errno : 0;
    (void)fclose(r->stream);
    if (r->result < 0)
        return r->result;
    if (unreadable)
        return cannot_be_read(r, path, unreadable);
    if (k > 0)
        return error_set(r->error, PM_ERROR_BAD_REQUEST, NULL,
                         "%s:%d: this is neither [Section] nor Key=value", path, k);
    return k < 0 ? -ENOMEM : 0;
}

static int read_files(Reading *r, const ConfigSources *sources)
{
    _cleanup_strv_free_ char **paths = NULL;
    int k = sources->file ? strv_extend(&paths, sources->file)
                          : config_files_find(sources->user_mode, &paths);

    if (k < 0)
        return k;
    STRV_FOREACH (path, paths) {
        k = read_file(r, *path, sources->file != NULL);
        if (k < 0)
            return k;
    }
    r->settings->files = TAKE_PTR(paths);
    return 0;
}

/* The name of a variable, without its value, that looks like one of ours and is none. */
static int warn_variable(const Reading *r, const char *name)
{
    _cleanup_free_ const char **known = calloc(config_keys_count, sizeof(char *));
    _cleanup_free_ char *text = NULL;
    const char *meant;
    Text t = {0};
    int k;

    if (!known)
        return -ENOMEM;
    for (size_t i = 0; i < config_keys_count; i++) {
        known[i] = config_keys[i].environment;
        if (known[i] && streq(known[i], name))
            return 0;
    }
    meant = nearest_name(name, known, config_keys_count);
    text_printf(&t, "environment variable %s was ignored: there is no such setting", name);
    if (meant)
        text_printf(&t, "; did you mean %s=?", meant);
    k = text_take(&t, &text);
    if (k >= 0)
        r->warn(text, r->userdata);
    return k;
}

static int warn_variables(const Reading *r)
{
    static const char prefix[] = "POOL_MANAGERD_";
    int k = 0;

    STRV_FOREACH (variable, environ) {
        char name[128];

        if (k < 0 || !r->warn || strncmp(*variable, prefix, strlen(prefix)) != 0)
            continue;
        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(*variable, "="), *variable);
        k = warn_variable(r, name);
    }
    return k;
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
        k = set_key(r, key, value, CONFIG_SOURCE_ENVIRONMENT, where);
        if (k < 0)
            return k;
    }
    return warn_variables(r);
}

static int no_such_override(Reading *r, const char *text, const char *section, const char *name)
{
    const ConfigKey *meant = NULL;
    int k = meant_key(section, name, &meant);

    if (k < 0)
        return k;
    return error_set(r->error, PM_ERROR_BAD_REQUEST, NULL,
                     "--set %s: there is no such key%s%s%s%s%s", text,
                     meant ? "; did you mean " : "", meant ? meant->section : "", meant ? "." : "",
                     meant ? meant->key : "", meant ? "=?" : "");
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
            return no_such_override(r, *o, section, name);
        k = set_key(r, key, equals + 1, CONFIG_SOURCE_COMMAND_LINE, "command line");
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

/* What the defaults are, for those who ask; some are worked out. */
static int set_default_origins(Settings *s)
{
    s->origins = calloc(config_keys_count, sizeof(*s->origins));
    s->pending = calloc(config_keys_count, sizeof(*s->pending));
    if (!s->origins || !s->pending)
        return -ENOMEM;
    for (size_t i = 0; i < config_keys_count; i++) {
        const ConfigKey *key = &config_keys[i];
        const char *value = key->fallback ? key->fallback : config_key_string(key, s);
        int k = config_origin_set(&s->origins[i], CONFIG_SOURCE_DEFAULT, "default",
                                  value ? value : "");

        if (k < 0)
            return k;
    }
    return 0;
}

static int refuse(Reading *r, const char *section, const char *name, const char *must)
{
    const ConfigKey *key = config_key_find(section, name);

    return error_set(r->error, PM_ERROR_INVALID_FIELD, name, "%s: %s=%s: %s",
                     settings_where(r->settings, section, name), name,
                     config_key_string(key, r->settings), must);
}

static int check_addresses(Reading *r)
{
    Settings *s = r->settings;
    AddressRange ranges[ADDRESS_RANGES_MAX];
    const char *spaces = " \t";
    size_t n;

    for (const char *p = s->ip_address_allow; *(p += strspn(p, spaces)); p += n) {
        n = strcspn(p, spaces);
        if (strv_extendf(&s->addresses, "%.*s", (int)n, p) < 0)
            return -ENOMEM;
    }
    STRV_FOREACH (address, s->addresses)
        if (address_ranges_parse(*address, ranges) < 0)
            return refuse(r, "Sandbox", "IPAddressAllow",
                          "must be IP addresses, ranges such as 192.0.2.0/24, or any, with spaces "
                          "between");
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
        return refuse(r, "Manager", "RuntimeDirectory", "must be an absolute path");
    if (s->state_directory[0] && !path_is_absolute_and_plain(s->state_directory))
        return refuse(r, "Manager", "StateDirectory",
                      "must be an absolute path, or empty for none");
    if (s->health_path[0] != '/')
        return refuse(r, "Health", "Path", "must start with /");
    if (s->kernel_log[0] && s->kernel_log[0] != '/')
        return refuse(r, "GPU", "KernelLog", "must be an absolute path, or empty for none");
    if (s->nvml_library[0] != '/' && (!s->nvml_library[0] || strchr(s->nvml_library, '/')))
        return refuse(r, "GPU", "NvmlLibrary", "must be a file name or an absolute path");
    if (s->model_provisioner[0] && !path_is_absolute_and_plain(s->model_provisioner))
        return refuse(r, "Reload", "ModelProvisioner",
                      "must be the absolute path of a program, or empty for none");
    if (!path_is_absolute_and_plain(s->container_podman))
        return refuse(r, "Container", "Podman", "must be an absolute path");
    if (!path_is_absolute_and_plain(s->container_seccomp))
        return refuse(r, "Container", "SeccompProfile", "must be an absolute path");
    return check_addresses(r);
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
        k = set_default_origins(s);
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
    s->policy.addresses = s->addresses;
    s->policy.container_podman = s->container_podman;
    s->policy.container_seccomp = s->container_seccomp;
    s->sandbox_relax = streq(s->allow_relax, "all")            ? SANDBOX_RELAX_ALL
                       : streq(s->allow_relax, "unprivileged") ? SANDBOX_RELAX_UNPRIVILEGED
                                                               : SANDBOX_RELAX_NO;
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
    free(s->container_podman);
    free(s->container_seccomp);
    free(s->allow_relax);
    free(s->ip_address_allow);
    strv_free(s->addresses);
    strv_free(s->files);
    for (size_t i = 0; i < config_keys_count; i++) {
        if (s->origins)
            config_origin_done(&s->origins[i]);
        if (s->pending)
            config_origin_done(&s->pending[i]);
    }
    free(s->origins);
    free(s->pending);
    free(s);
    return NULL;
}

const char *settings_where(const Settings *s, const char *section, const char *key)
{
    const ConfigKey *found = config_key_find(section, key);

    return found ? s->origins[found - config_keys].where : NULL;
}

int settings_keep_until_restart(Settings *s, const Settings *in_force, char **ret_names)
{
    _cleanup_free_ char *names = NULL;
    Text t = {0};
    int k;

    for (size_t i = 0; i < config_keys_count; i++)
        if (!config_keys[i].reload && !config_key_equal(&config_keys[i], in_force, s))
            text_printf(&t, "%s%s.%s", t.length > 0 ? ", " : "", config_keys[i].section,
                        config_keys[i].key);
    k = text_take(&t, &names);
    for (size_t i = 0; i < config_keys_count && k >= 0; i++) {
        const ConfigKey *key = &config_keys[i];
        const ConfigOrigin *before = &in_force->origins[i];

        if (key->reload || config_key_equal(key, in_force, s))
            continue;
        s->pending[i] = s->origins[i];
        s->origins[i] = (ConfigOrigin){0};
        k = config_key_copy(key, s, in_force);
        if (k >= 0)
            k = config_origin_set(&s->origins[i], before->source, before->where, before->value);
    }
    if (k < 0)
        return k;
    *ret_names = TAKE_PTR(names);
    return 0;
}

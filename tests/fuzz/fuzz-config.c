/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/mman.h>

#include "base/strv.h"
#include "fuzz.h"
#include "manager/config.h"
#include "manager/config_table.h"
#include "json/reader.h"

/*
 * The configuration: a file; behind the first line "--" one value a line of the command line,
 * "Section.Key=value", and lines "NAME=value" of the environment, which start with '$'.
 */

static const char separator[] = "\n--\n";
static int file = -1;
static char path[64];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    file = memfd_create("fuzz-config", MFD_CLOEXEC);
    REQUIRE(file >= 0);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    (void)unsetenv("POOL_MANAGERD_TEST_LONG");
    (void)unsetenv("POOL_MANAGERD_TEST_SLOW");
    return 0;
}

static void write_file(const char *text, size_t n)
{
    REQUIRE(ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0);
    REQUIRE(write(file, text, n) == (ssize_t)n);
    REQUIRE(lseek(file, 0, SEEK_SET) == 0);
}

/* A value that only this daemon may have. Others, such as PATH, would change the process. */
static void set_variable(const char *assignment, char ***names)
{
    _cleanup_free_ char *name = strndup(assignment, strcspn(assignment, "="));

    REQUIRE(name);
    if (!startswith(name, "POOL_MANAGERD_") || !assignment[strlen(name)])
        return;
    REQUIRE(setenv(name, assignment + strlen(name) + 1, 1) == 0);
    REQUIRE(strv_extend(names, name) == 0);
}

static void on_warning(const char *text, void *userdata)
{
    REQUIRE(text[0]);
}

static void require_within_bounds(const Settings *s)
{
    for (size_t i = 0; i < config_keys_count; i++) {
        const ConfigKey *key = &config_keys[i];
        uint64_t value;

        if (key->type != CONFIG_SPAN && key->type != CONFIG_NUMBER)
            continue;
        memcpy(&value, (const char *)s + key->offset, sizeof(value));
        REQUIRE(value >= key->min && value <= key->max);
    }
}

/* What --print-config shows is a configuration with the same values. */
static void require_same_again(const Settings *s)
{
    const ConfigSources sources = {.file = path};
    _cleanup_free_ char *text = NULL, *described = NULL;
    _cleanup_(settings_freep) Settings *again = NULL;
    _cleanup_json_ json_object *read = NULL;
    Error error = {0};
    size_t length;

    REQUIRE(settings_text(s, &text) == 0);
    write_file(text, strlen(text));
    if (settings_load(&sources, on_warning, NULL, &again, &error) < 0) {
        (void)fprintf(stderr, "%s\n%s", error.text, text);
        abort();
    }
    for (size_t i = 0; i < config_keys_count; i++)
        if (!config_key_equal(&config_keys[i], s, again)) {
            (void)fprintf(stderr, "%s.%s is another in:\n%s", config_keys[i].section,
                          config_keys[i].key, text);
            abort();
        }
    REQUIRE(settings_describe(s, &described, &length) == 0);
    REQUIRE(length > PM_BODY_MAX || json_read(described, length, &read, &error) == 0);
}

static void load(char *const *overrides, char *const *variables)
{
    const ConfigSources sources = {.file = path, .overrides = overrides};
    _cleanup_(settings_freep) Settings *s = NULL;
    Error error = {0};
    bool accepted = fuzz_accepted(settings_load(&sources, on_warning, NULL, &s, &error), &error);

    STRV_FOREACH (name, variables)
        (void)unsetenv(*name);
    if (!accepted)
        return;
    require_within_bounds(s);
    require_same_again(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_text(data, size);
    _cleanup_strv_free_ char **overrides = NULL, **variables = NULL;
    char *rest = strstr(text, separator), *line;

    write_file(text, rest ? (size_t)(rest + 1 - text) : strlen(text));
    if (rest)
        rest += strlen(separator);
    while (rest && (line = strsep(&rest, "\n"))) {
        if (line[0] == '$')
            set_variable(line + 1, &variables);
        else if (line[0])
            REQUIRE(strv_extend(&overrides, line) == 0);
    }
    load(overrides, variables);
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/sandbox_fields.h"

#include <stdio.h>

#include "core/unit_sandbox.h"
#include "json/refuse.h"

#define AT(member)   .offset = offsetof(EngineSpec, sandbox.member)
#define PIECE(piece) FIELD_FLAG, AT(pieces[SANDBOX_##piece])
#define LIST(n)      FIELD_LIST, .max = (n)

enum {
    PATHS_MAX = 64,
    NAMES_MAX = 128,
    GROUPS_MAX = 16,
    CAPABILITIES_MAX = 64,
};

static const char *home_name(int value)
{
    return protect_home_to_string((ProtectHome)value);
}

static const char *system_name(int value)
{
    return protect_system_to_string((ProtectSystem)value);
}

static const Field fields[] = {
        {"user", FIELD_STRING, .max = UNIT_USER_NAME_MAX, AT(user), .check = check_user_name},
        {"supplementary_groups", LIST(GROUPS_MAX), AT(supplementary_groups),
         .check = check_user_name},
        {"capabilities", LIST(CAPABILITIES_MAX), AT(capabilities), .check = check_capability},
        {"protect_home", FIELD_ENUM, .max = PROTECT_HOME_MAX, AT(protect_home),
         .enum_name = home_name},
        {"protect_system", FIELD_ENUM, .max = PROTECT_SYSTEM_MAX, AT(protect_system),
         .enum_name = system_name},
        {"read_only_paths", LIST(PATHS_MAX), AT(read_only_paths), .check = check_path},
        {"read_write_paths", LIST(PATHS_MAX), AT(read_write_paths), .check = check_path},
        {"root_directory", FIELD_STRING, .max = PM_STRING_MAX, AT(root_directory),
         .check = check_path},
        {"root_image", FIELD_STRING, .max = PM_STRING_MAX, AT(root_image), .check = check_path},
        {"system_call_filter", LIST(NAMES_MAX), AT(system_calls), .check = check_system_call},
        {"restrict_address_families", LIST(NAMES_MAX), AT(address_families),
         .check = check_address_family},
        {"ip_address_allow", LIST(NAMES_MAX), AT(addresses), .check = check_address_range},
        {"lock_personality", PIECE(LOCK_PERSONALITY)},
        {"memory_deny_write_execute", PIECE(MEMORY_DENY_WRITE_EXECUTE)},
        {"private_devices", PIECE(PRIVATE_DEVICES)},
        {"private_tmp", PIECE(PRIVATE_TMP)},
        {"protect_clock", PIECE(PROTECT_CLOCK)},
        {"protect_control_groups", PIECE(PROTECT_CONTROL_GROUPS)},
        {"protect_hostname", PIECE(PROTECT_HOSTNAME)},
        {"protect_kernel_logs", PIECE(PROTECT_KERNEL_LOGS)},
        {"protect_kernel_modules", PIECE(PROTECT_KERNEL_MODULES)},
        {"protect_kernel_tunables", PIECE(PROTECT_KERNEL_TUNABLES)},
        {"protect_proc", PIECE(PROTECT_PROC)},
        {"restrict_namespaces", PIECE(RESTRICT_NAMESPACES)},
        {"restrict_realtime", PIECE(RESTRICT_REALTIME)},
        {"restrict_suid_sgid", PIECE(RESTRICT_SUID_SGID)},
};
const FieldTable sandbox_table = {fields, ELEMENTSOF(fields)};

static int check_contradiction(const EngineSpec *spec, const char *prefix, Error *error)
{
    char field[PM_ERROR_FIELD_MAX + 1], group[PM_ERROR_FIELD_MAX + 1];
    const char *must, *key = sandbox_contradiction(&spec->sandbox, &must);

    if (!key)
        return 0;
    field_name(prefix, "sandbox.", group);
    field_name(group, key, field);
    return field_refuse(error, field, "%s", must);
}

static int warn_of_relaxations(const EngineSpec *spec, const char *prefix, Warnings *warnings)
{
    SandboxRelaxation relaxed[SANDBOX_RELAXATIONS_MAX];
    size_t n = sandbox_relaxations(&spec->sandbox, spec->engine, relaxed);
    int r = 0;

    for (size_t i = 0; i < n && r >= 0; i++)
        r = warnings_add(warnings, "%ssandbox.%s is relaxed: the engine %s", prefix, relaxed[i].key,
                         relaxed[i].effect);
    return r;
}

/* The path that is, or ends, a flag such as "--mmproj=/home/me/x"; NULL: there is none. */
static const char *path_of(const char *flag)
{
    const char *equals = strchr(flag, '=');

    if (flag[0] == '/')
        return flag;
    return equals && equals[1] == '/' ? equals + 1 : NULL;
}

static int warn_of_hidden_paths(const EngineSpec *spec, const char *prefix, Warnings *warnings)
{
    size_t n = strv_length(spec->flags);
    int r = 0;

    for (size_t i = 0; i < n && r >= 0; i++) {
        const char *path = path_of(spec->flags[i]);

        if (path && unit_sandbox_hides(spec, path))
            r = warnings_add(warnings,
                             "%sflags[%zu]: the engine does not see %s: name it, or its folder, in "
                             "sandbox.read_only_paths",
                             prefix, i, path);
    }
    return r;
}

/* podman takes ":" for the end of a path. */
static bool has_colon(char *const *paths)
{
    STRV_FOREACH (path, paths)
        if (strchr(*path, ':'))
            return true;
    return false;
}

static int check_container(const EngineSpec *spec, const char *prefix, Error *error)
{
    char field[PM_ERROR_FIELD_MAX + 1];
    const Sandbox *s = &spec->sandbox;

    if (!spec->container.rootfs)
        return 0;
    field_name(prefix, "container", field);
    if (s->root_directory || s->root_image)
        return field_refuse(error, field,
                            "must not be set together with sandbox.root_directory or root_image");
    if ((spec->model_path[0] == '/' && strchr(spec->model_path, ':')) ||
        has_colon(s->read_only_paths) || has_colon(s->read_write_paths))
        return field_refuse(error, field, "the paths that are bound into it must not have a \":\"");
    return 0;
}

int sandbox_check(const EngineSpec *spec, const char *prefix, Warnings *warnings, Error *error)
{
    int r = check_contradiction(spec, prefix, error);

    if (r >= 0)
        r = check_container(spec, prefix, error);
    if (r < 0)
        return r;
    r = warn_of_relaxations(spec, prefix, warnings);
    if (r >= 0)
        r = warn_of_hidden_paths(spec, prefix, warnings);
    return r < 0 ? refuse_no_memory(error) : 0;
}

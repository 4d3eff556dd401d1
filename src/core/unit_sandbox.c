/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/unit_sandbox.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/model_parts.h"

#define CACHE        "/var/cache/"
#define CACHE_FOLDER "pool-engines/"
/* Of Linux; one that is of no use without privileges. None at all would be "all of them" once
 * systemd has read its transient units again (seen up to systemd 262). */
#define ALLOWED_NAMESPACE 0x04000000 /* CLONE_NEWUTS */

enum {
    PARTS_MAX = 64,    /* of a model, to be bound one by one */
    NOT_PERMITTED = 1, /* EPERM: a call that is not allowed fails, and does not kill the engine */
    ALL_BUT_OWNER = 0077,
    OWNER_ONLY = 0700,
};

static const char all_calls[] = "@known";

void unit_user_name(const EngineSpec *spec, char buffer[static UNIT_USER_NAME_MAX + 1])
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
    char readable[13];
    size_t n = 0;

    for (const char *s = spec->pool_id; *s && n + 1 < sizeof(readable); s++)
        readable[n++] = (char)((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') ? *s
                               : *s >= 'A' && *s <= 'Z'                             ? *s + 'a' - 'A'
                                                                                    : '-');
    readable[n] = '\0';
    for (const char *s = spec->pool_id; *s; s++)
        hash = (hash ^ (unsigned char)*s) * 0x100000001b3;
    hash = (hash ^ ':') * 0x100000001b3;
    for (const char *s = spec->replica_id; *s; s++)
        hash = (hash ^ (unsigned char)*s) * 0x100000001b3;
    (void)snprintf(buffer, UNIT_USER_NAME_MAX + 1, "p-%s-%016" PRIx64, readable, hash);
}

void unit_work_directory(const EngineSpec *spec, char *buffer, size_t size)
{
    (void)snprintf(buffer, size, CACHE CACHE_FOLDER "%s/%s", spec->pool_id, spec->replica_id);
}

static void add_words(PlanBuilder *b, char ***list, const char *const *words)
{
    for (; *words; words++)
        plan_push(b, list, *words);
}

static void add_user(PlanBuilder *b, const EngineSpec *spec)
{
    char name[UNIT_USER_NAME_MAX + 1];

    if (spec->sandbox.user) {
        plan_add_string(b, "User", spec->sandbox.user);
    } else {
        unit_user_name(spec, name);
        plan_add_string(b, "User", name);
        plan_add_bool(b, "DynamicUser", true);
        plan_add_bool(b, "RemoveIPC", true); /* a user of the host has other programs, too */
    }
    plan_add_strings(b, "SupplementaryGroups", UNIT_PROPERTY_STRV,
                     spec->sandbox.supplementary_groups);
}

/* One folder for all engines of a pool, which so find again what they have compiled. */
static void add_work_directory(PlanBuilder *b, const EngineSpec *spec)
{
    char path[sizeof(CACHE CACHE_FOLDER) + 2 * PM_ID_MAX + 2];

    unit_work_directory(spec, path, sizeof(path));
    plan_pushf(b, plan_add_list(b, "CacheDirectory", UNIT_PROPERTY_STRV), "%s",
               path + strlen(CACHE));
    plan_add_u32(b, "CacheDirectoryMode", OWNER_ONLY);
    plan_add_u32(b, "UMask", ALL_BUT_OWNER);
    plan_add_string(b, "WorkingDirectory", path);
}

static void add_capabilities(PlanBuilder *b, const EngineSpec *spec)
{
    uint64_t set = 0;

    STRV_FOREACH (name, spec->sandbox.capabilities) {
        int number = capability_number(*name);

        if (number >= 0)
            set |= UINT64_C(1) << number;
    }
    plan_add_u64(b, "CapabilityBoundingSet", set);
    plan_add_u64(b, "AmbientCapabilities", set);
}

static void push_twice(PlanBuilder *b, char ***list, const char *path)
{
    plan_push(b, list, path);
    plan_push(b, list, path);
}

/* How much of `path` has to be bound so that links within it lead somewhere: the cache of Hugging
 * Face has "models--…/snapshots/…" full of links to "models--…/blobs". */
static size_t model_root(const char *path)
{
    const char *models = strstr(path, "/models--"), *snapshots;

    if (!models)
        return strlen(path);
    snapshots = strchr(models + 1, '/');
    return snapshots && startswith(snapshots, "/snapshots/") ? (size_t)(snapshots - path)
                                                             : strlen(path);
}

int unit_model_paths(const char *path, char ***ret)
{
    _cleanup_strv_free_ char **paths = NULL;
    char part[PM_STRING_MAX + 2];
    unsigned parts;
    size_t stem;
    int r = 0;

    if (path[0] != '/') {
        /* the name of something that the engine finds itself */
    } else if (model_root(path) < strlen(path)) {
        r = strv_extendf(&paths, "%.*s", (int)model_root(path), path);
    } else if (!model_is_part(path, &stem, &parts) || parts > PARTS_MAX) {
        r = strv_extend(&paths, path);
    } else {
        for (unsigned i = 1; i <= parts && r >= 0; i++) {
            part[0] = '-'; /* the engine tells best which one is missing */
            model_part_path(path, stem, i, parts, part + 1, sizeof(part) - 1);
            r = strv_extend(&paths, part);
        }
    }
    if (r < 0)
        return r;
    *ret = TAKE_PTR(paths);
    return 0;
}

static void bind_model(PlanBuilder *b, char ***list, const char *path)
{
    _cleanup_strv_free_ char **paths = NULL;

    if (b->error == 0)
        b->error = unit_model_paths(path, &paths);
    STRV_FOREACH (item, paths) {
        plan_push(b, list, *item);
        plan_push(b, list, **item == '-' ? *item + 1 : *item);
    }
}

static bool is_below(const char *path, const char *folder)
{
    size_t n = strlen(folder);

    while (n > 1 && folder[n - 1] == '/')
        n--;
    return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0' || n == 1);
}

static bool is_in(const char *path, char *const *folders)
{
    STRV_FOREACH (folder, folders)
        if (is_below(path, *folder))
            return true;
    return false;
}

static bool is_contained(const EngineSpec *spec)
{
    return spec->container.rootfs != NULL;
}

/* Whether nothing of the host is seen there. */
static bool is_empty_place(const EngineSpec *spec, const char *path)
{
    const Sandbox *s = &spec->sandbox;

    if (s->root_directory || s->root_image || is_contained(spec))
        return false;
    if (is_below(path, "/home") || is_below(path, "/root") || is_below(path, "/run/user"))
        return s->protect_home <= PROTECT_HOME_TMPFS;
    if (is_below(path, "/tmp") || is_below(path, "/var/tmp"))
        return sandbox_has(s, spec->engine, SANDBOX_PRIVATE_TMP);
    return false;
}

/* A program that lies where nothing is seen brings its folder along: most have their libraries
 * there. */
static size_t program_folder(const EngineSpec *spec)
{
    const char *end = strrchr(spec->binary_path, '/');

    return is_empty_place(spec, spec->binary_path) && end > spec->binary_path
                   ? (size_t)(end - spec->binary_path)
                   : 0;
}

bool unit_sandbox_hides(const EngineSpec *spec, const char *path)
{
    size_t folder = program_folder(spec);

    if (!is_empty_place(spec, path) || is_in(path, spec->sandbox.read_only_paths) ||
        is_in(path, spec->sandbox.read_write_paths))
        return false;
    if (strncmp(path, spec->model_path, model_root(spec->model_path)) == 0)
        return false;
    return folder == 0 || strncmp(path, spec->binary_path, folder + 1) != 0;
}

static void add_read_only_paths(PlanBuilder *b, const EngineSpec *spec)
{
    char ***list, folder[PM_STRING_MAX];

    if (spec->model_path[0] != '/' && program_folder(spec) == 0 && !spec->sandbox.read_only_paths)
        return;
    list = plan_add_list(b, "BindReadOnlyPaths", UNIT_PROPERTY_BIND_PATHS);
    bind_model(b, list, spec->model_path);
    if (program_folder(spec) > 0) {
        (void)snprintf(folder, sizeof(folder), "%.*s", (int)program_folder(spec),
                       spec->binary_path);
        push_twice(b, list, folder);
    }
    STRV_FOREACH (path, spec->sandbox.read_only_paths)
        push_twice(b, list, *path);
    if (spec->container.rootfs)
        push_twice(b, list, spec->container.rootfs);
}

static void add_read_write_paths(PlanBuilder *b, const EngineSpec *spec)
{
    char ***list;

    if (!spec->sandbox.read_write_paths)
        return;
    list = plan_add_list(b, "BindPaths", UNIT_PROPERTY_BIND_PATHS);
    STRV_FOREACH (path, spec->sandbox.read_write_paths)
        push_twice(b, list, *path);
}

/* What ProtectHome=tmpfs mounts is writable for all in systemd 252, and in 262 has the mode of the
 * folder that it covers: of /root nobody would see what is bound there. An image may be read-only,
 * and cannot have the place of every pool's cache. */
static void add_empty_folders(PlanBuilder *b, const Sandbox *s)
{
    static const char *const homes[] = {"/home", "/root", "/run/user"};
    bool has_homes = s->protect_home <= PROTECT_HOME_TMPFS;
    char ***list;

    if (!has_homes && !s->root_image)
        return;
    list = plan_add_list(b, "TemporaryFileSystem", UNIT_PROPERTY_STRING_PAIRS);
    for (size_t i = 0; has_homes && i < ELEMENTSOF(homes); i++) {
        plan_push(b, list, homes[i]);
        plan_push(b, list, "mode=755,ro");
    }
    if (s->root_image) {
        plan_push(b, list, "/var/cache");
        plan_push(b, list, "mode=755,ro");
    }
}

/* What podman needs to make a container, which then is without it: namespaces, mounts, and a /proc
 * of which nothing is hidden, as the kernel lets nobody mount another one else. */
static bool has_piece(const EngineSpec *spec, SandboxPiece piece)
{
    switch (piece) {
    case SANDBOX_MEMORY_DENY_WRITE_EXECUTE:
    case SANDBOX_PROTECT_CONTROL_GROUPS:
    case SANDBOX_PROTECT_HOSTNAME:
    case SANDBOX_PROTECT_KERNEL_LOGS:
    case SANDBOX_PROTECT_KERNEL_MODULES:
    case SANDBOX_PROTECT_KERNEL_TUNABLES:
    case SANDBOX_PROTECT_PROC:
    case SANDBOX_RESTRICT_NAMESPACES:
        if (is_contained(spec))
            return false;
        break;
    default:
        break;
    }
    return sandbox_has(&spec->sandbox, spec->engine, piece);
}

static void add_file_system(PlanBuilder *b, const EngineSpec *spec)
{
    const Sandbox *s = &spec->sandbox;
    const char *home = protect_home_to_string(s->protect_home),
               *system = protect_system_to_string(s->protect_system);

    plan_add_string(b, "ProtectSystem", system ? system : "strict");
    plan_add_string(b, "ProtectHome", home ? home : "tmpfs");
    add_empty_folders(b, s);
    plan_add_string(b, "ProtectProc",
                    has_piece(spec, SANDBOX_PROTECT_PROC) ? "invisible" : "default");
    if (s->root_directory)
        plan_add_string(b, "RootDirectory", s->root_directory);
    if (s->root_image)
        plan_add_string(b, "RootImage", s->root_image);
    if (s->root_directory || s->root_image)
        plan_add_bool(b, "MountAPIVFS", true);
    add_read_only_paths(b, spec);
    add_read_write_paths(b, spec);
}

/* To no address but these: what answers a health check is on this host. */
static void add_network(PlanBuilder *b, const EngineSpec *spec, const PolicySettings *settings)
{
    static const char *const any[] = {"any", NULL};
    bool is_address = strchr(spec->host, ':') || spec->host[strspn(spec->host, "0123456789.")] == 0;
    char ***list = plan_add_list(b, "IPAddressAllow", UNIT_PROPERTY_ADDRESSES);

    plan_push(b, list, "localhost");
    if (is_address && !streq(spec->host, "0.0.0.0") && !streq(spec->host, "::"))
        plan_push(b, list, spec->host);
    STRV_FOREACH (range, settings->addresses)
        plan_push(b, list, *range);
    STRV_FOREACH (range, spec->sandbox.addresses)
        plan_push(b, list, *range);
    add_words(b, plan_add_list(b, "IPAddressDeny", UNIT_PROPERTY_ADDRESSES), any);
}

static void add_pieces(PlanBuilder *b, const EngineSpec *spec, bool user_mode)
{
    for (int i = 0; i < SANDBOX_PIECES; i++) {
        SandboxPiece piece = (SandboxPiece)i;

        if (!has_piece(spec, piece) || piece == SANDBOX_PROTECT_PROC)
            continue;
        if (piece == SANDBOX_RESTRICT_NAMESPACES)
            plan_add_u64(b, sandbox_piece_property(piece), ALLOWED_NAMESPACE);
        else if (!user_mode || sandbox_piece_is_unprivileged(piece))
            plan_add_bool(b, sandbox_piece_property(piece), true);
    }
}

static void add_system_calls(PlanBuilder *b, const EngineSpec *spec)
{
    /* Engines choose processors and memory nodes, which are among resources; they change no owner
     * of files and no user. */
    static const char *const calls[] = {"@system-service", "~@privileged", NULL};
    static const char *const families[] = {"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK", NULL};
    static const char *const architectures[] = {"native", NULL};
    char ***list;

    add_words(b, plan_add_list(b, "SystemCallArchitectures", UNIT_PROPERTY_STRV), architectures);
    list = plan_add_list(b, "RestrictAddressFamilies", UNIT_PROPERTY_ALLOW_LIST);
    add_words(b, list, families);
    STRV_FOREACH (family, spec->sandbox.address_families)
        plan_push(b, list, *family);
    if (strv_contains(spec->sandbox.system_calls, all_calls) || is_contained(spec))
        return;
    list = plan_add_list(b, "SystemCallFilter", UNIT_PROPERTY_ALLOW_LIST);
    add_words(b, list, calls);
    STRV_FOREACH (call, spec->sandbox.system_calls)
        plan_push(b, list, *call);
    plan_add_int(b, "SystemCallErrorNumber", NOT_PERMITTED);
}

void plan_add_sandbox(PlanBuilder *b, const EngineSpec *spec, const PolicySettings *settings)
{
    plan_add_bool(b, "NoNewPrivileges", true);
    add_pieces(b, spec, settings->user_mode);
    add_system_calls(b, spec);
    if (settings->user_mode)
        return;
    add_user(b, spec);
    add_work_directory(b, spec);
    add_capabilities(b, spec);
    add_file_system(b, spec);
    add_network(b, spec, settings);
    plan_add_string(b, "KeyringMode", "private");
}

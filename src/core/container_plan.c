/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/container_plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/unit_sandbox.h"

#define CREDENTIALS "/run/credentials"

/* A list in the making: after the first failure every further call does nothing. */
typedef struct Command {
    char **argv;
    int error;
} Command;

static void push(Command *c, const char *word)
{
    if (c->error == 0)
        c->error = strv_extend(&c->argv, word);
}

static void push_with(Command *c, const char *format, const char *value)
{
    char *word = NULL;

    if (c->error < 0)
        return;
    if (asprintf(&word, "%s%s", format, value) < 0) {
        c->error = -ENOMEM;
        return;
    }
    push(c, word);
    free(word);
}

void container_directory(const Pool *pool, char buffer[static CONTAINER_DIRECTORY_MAX])
{
    char user[UNIT_USER_NAME_MAX + 1];

    unit_user_name(pool->spec, user);
    (void)snprintf(buffer, CONTAINER_DIRECTORY_MAX, "pool-engines/%s.%" PRIu64, user,
                   pool->generation);
}

/* Nothing of it outlives the unit, and two engines of a pool do not meet. */
static void add_places(Command *c, const Pool *pool)
{
    char folder[CONTAINER_DIRECTORY_MAX], path[CONTAINER_DIRECTORY_MAX + 32];

    container_directory(pool, folder);
    (void)snprintf(path, sizeof(path), "/run/%s/storage", folder);
    push_with(c, "--root=", path);
    (void)snprintf(path, sizeof(path), "/run/%s/run", folder);
    push_with(c, "--runroot=", path);
    (void)snprintf(path, sizeof(path), "/run/%s/tmp", folder);
    push_with(c, "--tmpdir=", path);
}

/* The unit is what is watched and killed: all processes stay in its cgroup, and what the engine
 * writes is the unit's output. */
static void add_run(Command *c, const Pool *pool)
{
    static const char *const options[] = {
            "run",        "--rm",         "--cgroups=disabled", "--log-driver=passthrough",
            "--no-hosts", "--pull=never",
    };
    char name[PM_UNIT_NAME_MAX + 1];

    for (size_t i = 0; i < ELEMENTSOF(options); i++)
        push(c, options[i]);
    (void)snprintf(name, sizeof(name), "%s.%s.g%" PRIu64, pool->id, pool->spec->replica_id,
                   pool->generation);
    push_with(c, "--name=", name);
}

static void add_limits(Command *c, const EngineSpec *spec, const PolicySettings *settings)
{
    static const char *const options[] = {
            "--cap-drop=all",
            "--security-opt=no-new-privileges",
            "--read-only",
            "--read-only-tmpfs=false",
            "--tmpfs=/tmp:mode=1777,notmpcopyup",
            "--tmpfs=/run:mode=755,notmpcopyup",
            /* The addresses that it may talk to are those of the unit, for the kernel goes by the
             * cgroup. */
            "--network=host",
    };

    for (size_t i = 0; i < ELEMENTSOF(options); i++)
        push(c, options[i]);
    push_with(c, "--security-opt=seccomp=", settings->container_seccomp);
    if (spec->resources.tasks_max == SPEC_UNSET)
        push(c, "--pids-limit=-1");
}

static void add_volume(Command *c, const char *path, const char *mode)
{
    char volume[2 * PM_STRING_MAX + 8];

    (void)snprintf(volume, sizeof(volume), "--volume=%s:%s:%s", path, path, mode);
    push(c, volume);
}

static void add_volumes(Command *c, const EngineSpec *spec)
{
    _cleanup_strv_free_ char **model = NULL;

    if (c->error == 0)
        c->error = unit_model_paths(spec->model_path, &model);
    STRV_FOREACH (path, model)
        add_volume(c, **path == '-' ? *path + 1 : *path, "ro");
    STRV_FOREACH (path, spec->sandbox.read_only_paths)
        add_volume(c, *path, "ro");
    STRV_FOREACH (path, spec->sandbox.read_write_paths)
        add_volume(c, *path, "rw");
}

static void add_environment(Command *c, const EngineSpec *spec, char *const *devices,
                            const char *unit)
{
    push(c, "--env=HOME=/tmp");
    STRV_FOREACH (variable, spec->env)
        push_with(c, "--env=", *variable);
    STRV_FOREACH (device, devices)
        push_with(c, "--device=", *device);
    if (spec->credentials) {
        char volume[2 * PM_UNIT_NAME_MAX];

        (void)snprintf(volume, sizeof(volume),
                       "--mount=type=bind,src=" CREDENTIALS "/%s,dst=" CREDENTIALS
                       "/engine,ro=true",
                       unit);
        push(c, volume);
        push(c, "--env=CREDENTIALS_DIRECTORY=" CREDENTIALS "/engine");
    }
}

int container_command(const Pool *pool, const PolicySettings *settings, char *const *devices,
                      const char *unit, char ***ret)
{
    const EngineSpec *spec = pool->spec;
    Command c = {0};

    push(&c, settings->container_podman);
    add_places(&c, pool);
    add_run(&c, pool);
    add_limits(&c, spec, settings);
    add_volumes(&c, spec);
    add_environment(&c, spec, devices, unit);
    push_with(&c, "--entrypoint=", spec->binary_path);
    push(&c, "--rootfs");
    push(&c, spec->container.rootfs);
    STRV_FOREACH (flag, spec->flags)
        push(&c, *flag);
    if (c.error < 0) {
        strv_free(c.argv);
        return c.error;
    }
    *ret = c.argv;
    return 0;
}

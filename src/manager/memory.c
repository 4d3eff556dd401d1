/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <poolmgr/messages.h>
#include <syslog.h>
#include <systemd/sd-id128.h>
#include <time.h>

#include "manager/log_catalog.h"
#include "manager/manager_internal.h"
#include "store/state_dir.h"
#include "systemd/journal.h"
#include "json/encode.h"
#include "json/pool_memory.h"
#include "json/reader.h"
#include "json/spec_fields.h"

/*
 * What outlives a reboot: of each pool that was ready once the spec of that engine, and how often
 * it has failed. The runtime directory goes with the boot; a pool that it does not know is brought
 * back without its engine, which nobody has asked for in this boot.
 */

/* How long the end of the daemon waits for the disk. */
static const usec_t FLUSH_USEC = 2 * USEC_PER_SEC;

struct Memory {
    StateDir *dir;
    char boot_id[BOOT_ID_LENGTH + 1];
    size_t brought_back;
    sd_event_source
            *renew; /* the folder was deleted: opens it again, once the writer has returned */
};

static void on_written(const char *name, int error, void *userdata)
{
    const Manager *m = userdata;
    const struct Memory *memory = m->memory;

    if (error == -ENOENT && memory->renew)
        (void)sd_event_source_set_enabled(memory->renew, SD_EVENT_ONESHOT);
    if (error < 0)
        journal_say(LOG_ERR, PM_MESSAGE_STORAGE_FAILS,
                    "%s/pools/%s cannot be written: %s; it is tried again until it can be",
                    state_dir_path(memory->dir), name, strerror(-error));
    else
        journal_say(LOG_NOTICE, PM_MESSAGE_STORAGE_WORKS, "%s can be written again: all is saved",
                    state_dir_path(memory->dir));
}

static int on_renew(sd_event_source *source, void *userdata);

static int open_memory(Manager *m, const char *path, struct Memory *memory)
{
    sd_id128_t boot;
    int r = sd_id128_get_boot(&boot);

    if (r < 0)
        return r;
    (void)sd_id128_to_string(boot, memory->boot_id);
    r = state_dir_open(path, "pools", m->event, on_written, m, &memory->dir);
    if (r >= 0)
        r = sd_event_add_defer(m->event, &memory->renew, on_renew, m);
    return r < 0 ? r : sd_event_source_set_enabled(memory->renew, SD_EVENT_OFF);
}

int memory_start(Manager *m, const char *path)
{
    int r;

    if (!path[0])
        return 0;
    m->memory = calloc(1, sizeof(struct Memory));
    if (!m->memory)
        return -ENOMEM;
    r = open_memory(m, path, m->memory);
    if (r >= 0 || r == -ENOMEM)
        return r;
    journal_say(LOG_ERR, PM_MESSAGE_STORAGE_FAILS,
                "The state directory %s cannot be used: %s; a reboot will lose the pools' engines "
                "and circuit breakers",
                path, strerror(-r));
    state_dir_free(m->memory->dir);
    free(m->memory);
    m->memory = NULL;
    return 0;
}

void memory_done(Manager *m)
{
    size_t unsaved;

    if (!m->memory)
        return;
    unsaved = state_dir_flush(m->memory->dir, FLUSH_USEC);
    if (unsaved > 0)
        journal_say(LOG_ERR, PM_MESSAGE_STORAGE_FAILS,
                    "%zu file(s) in %s/pools could not be written", unsaved,
                    state_dir_path(m->memory->dir));
    sd_event_source_disable_unref(m->memory->renew);
    state_dir_free(m->memory->dir);
    free(m->memory);
    m->memory = NULL;
}

/* What is kept here of what outlives a reboot: as little as tells whether it has changed. */
typedef struct PoolKept {
    char *spec; /* as JSON text, of the engine that was ready last */
    Breaker breakers[BREAKER_MAX];
    uint64_t restart_count, backoff_count;
} PoolKept;

static bool breaker_is_same(const Breaker *a, const Breaker *b)
{
    return a->failures == b->failures && a->open == b->open &&
           (!a->open || (a->open_until.mono == b->open_until.mono && a->open_usec == b->open_usec));
}

/* In what outlives a reboot: the rest of the record is of the boot. */
static bool supervision_is_same(const PoolKept *kept, const Supervision *s)
{
    for (size_t i = 0; i < BREAKER_MAX; i++)
        if (!breaker_is_same(&kept->breakers[i], &s->breakers[i]))
            return false;
    return kept->restart_count == s->restart_count && kept->backoff_count == s->backoff_count;
}

static void keep_supervision(PoolKept *kept, const Supervision *s)
{
    memcpy(kept->breakers, s->breakers, sizeof(kept->breakers));
    kept->restart_count = s->restart_count;
    kept->backoff_count = s->backoff_count;
}

/* The spec that is kept, read again. Returns 0 or negative errno. */
static int kept_spec(const PoolKept *kept, EngineSpec **ret)
{
    _cleanup_json_ json_object *object = NULL;
    Error error = {.code = PM_ERROR_NONE};
    int r = json_read(kept->spec, strlen(kept->spec), &object, &error);

    return r < 0 ? r : spec_read(object, "spec.", ret, NULL, &error);
}

static int make_text(const PoolShell *shell, char **ret)
{
    PoolMemory memory = {
            .generation = shell->pool->generation,
            .supervision = shell->pool->supervision,
    };
    size_t length;
    int r = kept_spec(shell->kept, &memory.spec);

    if (r < 0)
        return r;
    memcpy(memory.boot_id, shell->manager->memory->boot_id, sizeof(memory.boot_id));
    r = json_text(json_pool_memory(&memory), true, ret, &length);
    engine_spec_free(memory.spec);
    return r;
}

static void save(PoolShell *shell)
{
    const struct Memory *memory = shell->manager->memory;
    _cleanup_free_ char *text = NULL;
    int r = make_text(shell, &text);

    if (r >= 0)
        r = state_dir_write_pool(memory->dir, shell->pool->id, &text);
    if (r >= 0)
        keep_supervision(shell->kept, &shell->pool->supervision);
    else
        log_pool_errno(shell->pool, r, "what is to outlive a reboot cannot be written");
}

static void save_all(Manager *m)
{
    for (size_t i = 0; i < m->registry.count; i++) {
        PoolShell *shell = pool_shell(m->registry.pools[i]);

        if (shell->kept)
            save(shell);
    }
}

/* What is written into a folder that was deleted goes nowhere. */
static int on_renew(sd_event_source *source, void *userdata)
{
    Manager *m = userdata;
    StateDir *renewed = NULL;
    int r = state_dir_open(state_dir_path(m->memory->dir), "pools", m->event, on_written, m,
                           &renewed);

    if (r < 0) {
        journal_say(LOG_ERR, PM_MESSAGE_STORAGE_FAILS,
                    "%s/pools was deleted, and cannot be made again: %s; a restart of the daemon "
                    "may do it",
                    state_dir_path(m->memory->dir), strerror(-r));
        return 0;
    }
    state_dir_free(m->memory->dir);
    m->memory->dir = renewed;
    save_all(m);
    journal_say(LOG_NOTICE, PM_MESSAGE_STORAGE_WORKS,
                "%s/pools was deleted: it is made again, and all is saved",
                state_dir_path(renewed));
    return 0;
}

/* The engine that is ready is the one that is to be remembered. */
static int keep_spec(PoolShell *shell, const EngineSpec *spec)
{
    size_t length;
    char *text;
    int r = json_text(spec_write(spec), false, &text, &length);

    if (r < 0)
        return r;
    if (!shell->kept)
        shell->kept = calloc(1, sizeof(PoolKept));
    if (!shell->kept) {
        free(text);
        return -ENOMEM;
    }
    free(shell->kept->spec);
    shell->kept->spec = text;
    return 0;
}

void memory_keep(PoolShell *shell)
{
    const Pool *pool = shell->pool;
    bool arrived = pool->state == POOL_READY && shell->kept_generation != pool->generation;
    int r = 0;

    if (!shell->manager->memory)
        return;
    if (arrived)
        r = keep_spec(shell, pool->spec);
    if (r < 0)
        log_pool_errno(pool, r, "what is to outlive a reboot cannot be kept");
    else if (arrived)
        shell->kept_generation = pool->generation;
    if (shell->kept && (arrived || !supervision_is_same(shell->kept, &pool->supervision)))
        save(shell);
}

void memory_forget(PoolShell *shell)
{
    const struct Memory *memory = shell->manager->memory;
    int r;

    memory_drop(shell);
    if (!memory)
        return;
    r = state_dir_remove_pool(memory->dir, shell->pool->id);
    if (r < 0)
        log_pool_errno(shell->pool, r, "what was to outlive a reboot cannot be removed");
}

void memory_drop(PoolShell *shell)
{
    if (shell->kept)
        free(shell->kept->spec);
    free(shell->kept);
    shell->kept = NULL;
}

/* Whether the state files tell of the pool; else at most a unit made its entry. */
static bool is_known(const Pool *pool)
{
    return pool->spec || pool->registered || pool->state != POOL_OFF;
}

/* No engine is started, and no restart is pending: those of another boot are not to come. */
static int bring_back(Manager *m, Pool *pool, const PoolMemory *kept)
{
    Supervision supervision;
    int r = supervision_copy(&kept->supervision, &supervision);

    if (r < 0)
        return r;
    r = engine_spec_copy(kept->spec, &pool->spec);
    if (r < 0) {
        supervision_done(&supervision);
        return r;
    }
    pool->registered = true;
    pool_meta_from_spec(pool, pool->spec);
    if (pool->generation < kept->generation)
        pool->generation = kept->generation;
    supervision_done(&pool->supervision);
    pool->supervision = supervision;
    if (!streq(kept->boot_id, m->memory->boot_id))
        supervision_rebooted(&pool->supervision, manager_now(m));
    supervision_cancel(&pool->supervision);
    m->memory->brought_back++;
    (void)persist_state(pool_shell(pool));
    return 0;
}

static int take_over(Manager *m, const char *pool_id, const PoolMemory *memory, Error *error)
{
    PoolShell *shell;
    Pool *pool;
    int r = manager_ensure_pool(m, pool_id, &pool, NULL, error);

    if (r < 0)
        return r;
    if (!is_known(pool))
        r = bring_back(m, pool, memory);
    if (r < 0)
        return r;
    shell = pool_shell(pool);
    r = keep_spec(shell, memory->spec);
    if (r >= 0)
        keep_supervision(shell->kept, &memory->supervision);
    return r;
}

static int on_pool(const char *pool_id, const char *text, size_t length, int error, void *userdata)
{
    _cleanup_(pool_memory_freep) PoolMemory *kept = NULL;
    Error e = {.code = PM_ERROR_NONE};
    int r;

    if (!text)
        return recover_reject_file("pools", pool_id, strerror(-error));
    r = pool_memory_parse(text, length, pool_id, &kept, &e);
    if (r >= 0)
        r = take_over(userdata, pool_id, kept, &e);
    return recover_judge_file("pools", pool_id, r, &e);
}

void memory_recover(Manager *m)
{
    int r;

    if (!m->memory)
        return;
    r = state_dir_read_pools(m->memory->dir, on_pool, m);
    if (r == -ENOMEM)
        manager_out_of_memory(m);
    else if (r < 0)
        journal_say(LOG_ERR, PM_MESSAGE_STORAGE_FAILS, "%s/pools cannot be read: %s",
                    state_dir_path(m->memory->dir), strerror(-r));
    if (m->memory->brought_back > 0)
        journal_say(LOG_NOTICE, PM_MESSAGE_POOLS_BROUGHT_BACK,
                    "%zu pool(s) are known from before a reboot; their engines run when somebody "
                    "starts them",
                    m->memory->brought_back);
}

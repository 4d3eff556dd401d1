/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poolmgr/messages.h>
#include <poolmgr/names.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#include "base/parse.h"
#include "base/text.h"
#include "core/provision_plan.h"
#include "manager/log_catalog.h"
#include "manager/manager_internal.h"
#include "store/file_tail.h"
#include "systemd/journal.h"
#include "systemd/journal_format.h"
#include "systemd/oneshot.h"
#include "json/provision_answer.h"

/* The model provisioner of a reload: a program in a unit of its own, which outlives the daemon, and
 * two files that hold what it says. */

static const usec_t PROGRESS_USEC = 500 * USEC_PER_MSEC;
static const usec_t PROGRESS_ACCURACY_USEC = 50 * USEC_PER_MSEC;

typedef struct Staging {
    PoolShell *shell;
    uint64_t operation;
    Oneshot *run;
    sd_event_source *timer;
    uint64_t percent; /* SPEC_UNSET: not known */
} Staging;

static Staging *staging_free(Staging *s)
{
    if (!s)
        return NULL;
    oneshot_forget(s->run);
    sd_event_source_disable_unref(s->timer);
    free(s);
    return NULL;
}

static void remove_files(const PoolShell *shell)
{
    int r = runtime_dir_remove_provision(shell->manager->runtime, shell->pool->id);

    if (r < 0)
        log_pool_errno(shell->pool, r, "the files of its model provisioner cannot be removed");
}

static int read_file(const PoolShell *shell, ProvisionFile file, char buffer[static FILE_TAIL_MAX],
                     size_t *ret_length, bool *ret_whole)
{
    _cleanup_free_ char *path = NULL;
    int r = runtime_dir_provision_path(shell->manager->runtime, shell->pool->id, file, &path);

    if (r < 0)
        return r;
    *ret_whole = file_tail_position(path) <= FILE_TAIL_MAX;
    return file_tail_read(path, 0, buffer, ret_length);
}

/* The last line of `text` that says something. `complete`: that ends in a newline. Returns its
 * length, 0 when there is none. */
static size_t last_line(const char *text, size_t length, bool complete, const char **ret)
{
    const char *newline;

    while (complete && length > 0 && text[length - 1] != '\n')
        length--;
    while (length > 0 && strchr(" \t\r\n", text[length - 1]))
        length--;
    newline = memrchr(text, '\n', length);
    *ret = newline ? newline + 1 : text;
    return length - (size_t)(*ret - text);
}

/* What it said last on standard error, fit for people; "" when that was nothing. */
static void read_last_words(const PoolShell *shell, char line[static PM_ERROR_TEXT_MAX + 1])
{
    char buffer[FILE_TAIL_MAX];
    _cleanup_(text_done) Text plain = {0};
    _cleanup_free_ char *copy = NULL;
    const char *start = buffer;
    size_t length = 0;
    bool whole;

    line[0] = '\0';
    if (read_file(shell, PROVISION_ERRORS, buffer, &length, &whole) < 0)
        return;
    length = last_line(buffer, length, false, &start);
    copy = strndup(start, length);
    if (!copy)
        return;
    log_append_plain(&plain, copy);
    if (plain.failed || !plain.data)
        return;
    (void)snprintf(line, PM_ERROR_TEXT_MAX + 1, "%s", plain.data);
    utf8_repair(line);
}

/* Reads the answer of one that has succeeded. Returns 0, or a negative errno with `error` saying
 * why it cannot be used. */
static int read_answer(const PoolShell *shell, char **ret_path, Error *error)
{
    char buffer[FILE_TAIL_MAX];
    size_t length = 0;
    Error reason = {0};
    bool whole = true;
    int r = read_file(shell, PROVISION_OUTPUT, buffer, &length, &whole);

    if (r < 0)
        error_set(&reason, PM_ERROR_INTERNAL, NULL, "it cannot be read: %s", strerror(-r));
    else if (!whole)
        error_set(&reason, PM_ERROR_INTERNAL, NULL, "it is larger than %d bytes",
                  (int)FILE_TAIL_MAX);
    else if (length == 0)
        error_set(&reason, PM_ERROR_INTERNAL, NULL, "there is none");
    else if (provision_answer_parse(buffer, length, ret_path, &reason) >= 0)
        return 0;
    return error_set(error, PM_ERROR_INTERNAL, NULL,
                     "the model provisioner's answer ({\"model_path\": \"/path\"} on standard "
                     "output) cannot be used: %s",
                     reason.text);
}

/* Why it failed (contract: model provisioner): its last line, where it got as far as writing one.
 */
static void describe_failure(const PoolShell *shell, const UnitEnd *end, const char *refusal,
                             const char *last_words, Error *error)
{
    char text[256];

    if (!end) {
        error_set(error, PM_ERROR_INTERNAL, NULL, "the model provisioner did not run: %s", refusal);
        return;
    }
    unit_end_describe(end, text, sizeof(text));
    if (end->set_up)
        error_set(error, PM_ERROR_INTERNAL, NULL,
                  "the model provisioner %s %s; [Reload] ModelProvisioner= says which program it "
                  "is",
                  shell->manager->model_provisioner, text);
    else if (end->exit_status > 0 && last_words[0])
        error_set(error, PM_ERROR_INTERNAL, NULL, "%s", last_words);
    else
        error_set(error, PM_ERROR_INTERNAL, NULL, "the model provisioner %s%s", text,
                  last_words[0] ? "" : " without a word on standard error");
}

static void log_last_words(const PoolShell *shell, const char *last_words)
{
    if (last_words[0] && last_words[0] != '{') /* a line of progress is no news */
        log_pool_say(shell->pool, LOG_INFO, PM_MESSAGE_PROVISIONER_SAID,
                     "the model provisioner said last: %s", last_words);
}

static void on_end(const UnitEnd *end, const char *refusal, void *userdata)
{
    Staging *s = userdata;
    PoolShell *shell = s->shell;
    Event event = {.type = EVENT_STAGED, .staged = {.operation = s->operation}};
    char last_words[PM_ERROR_TEXT_MAX + 1];
    Error error = {0};

    s->run = NULL;
    shell->staging = staging_free(s);
    read_last_words(shell, last_words);
    log_last_words(shell, last_words);
    if (end && end->failure == FAILURE_NONE)
        (void)read_answer(shell, &event.staged.model_path, &error);
    else
        describe_failure(shell, end, refusal, last_words, &error);
    memcpy(event.staged.error, error.text, sizeof(event.staged.error));
    remove_files(shell);
    (void)manager_post(shell->manager, shell->pool->id, &event);
}

static void read_progress(Staging *s)
{
    char buffer[FILE_TAIL_MAX];
    const char *line = buffer;
    size_t length = 0;
    bool whole;

    if (read_file(s->shell, PROVISION_ERRORS, buffer, &length, &whole) < 0)
        return;
    length = last_line(buffer, length, true, &line);
    if (length > 0 && provision_progress_parse(line, length, &s->percent) < 0)
        s->percent = SPEC_UNSET;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    (void)sd_event_source_set_time_relative(source, PROGRESS_USEC);
    (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    read_progress(userdata);
    return 0;
}

static int start(Staging *s)
{
    Manager *m = s->shell->manager;
    const Pool *pool = s->shell->pool;
    _cleanup_free_ char *output = NULL, *errors = NULL;
    _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;
    ProvisionRun run = {
            .pool_id = pool->id,
            .operation = s->operation,
            .program = m->model_provisioner,
            .reference = pool->reload.model_ref,
            .user_mode = m->user_mode,
    };
    int r = runtime_dir_provision_path(m->runtime, pool->id, PROVISION_OUTPUT, &output);

    if (r >= 0)
        r = runtime_dir_provision_path(m->runtime, pool->id, PROVISION_ERRORS, &errors);
    run.output_file = output;
    run.error_file = errors;
    if (r >= 0)
        r = provision_plan_new(&run, &plan);
    if (r >= 0)
        r = sd_event_add_time_relative(m->event, &s->timer, CLOCK_MONOTONIC, PROGRESS_USEC,
                                       PROGRESS_ACCURACY_USEC, on_timer, s);
    if (r >= 0)
        r = oneshot_start(m->provisioners, plan, on_end, s, &s->run);
    return r;
}

static void post_failure(const PoolShell *shell, const char *why)
{
    Event event = {.type = EVENT_STAGED, .staged = {.operation = shell->pool->operation.id}};

    (void)snprintf(event.staged.error, sizeof(event.staged.error), "%s", why);
    (void)manager_post(shell->manager, shell->pool->id, &event);
}

void staging_begin(PoolShell *shell)
{
    char text[128];
    Staging *s;
    int r;

    if (shell->manager->model_provisioner[0] == '\0') {
        post_failure(shell, "there is no model provisioner to turn new_model_ref into a file: set "
                            "[Reload] ModelProvisioner=, or give \"prepared\"");
        return;
    }
    s = calloc(1, sizeof(Staging));
    if (!s) {
        post_failure(shell, "out of memory");
        return;
    }
    s->shell = shell;
    s->operation = shell->pool->operation.id;
    s->percent = SPEC_UNSET;
    r = start(s);
    if (r < 0) {
        staging_free(s);
        (void)snprintf(text, sizeof(text), "the model provisioner cannot be started: %s",
                       strerror(-r));
        post_failure(shell, text);
        return;
    }
    shell->staging = s;
}

/* An engine that was found again may still have to become ready before its reload goes on. */
static bool is_wanted(const char *unit, void *userdata)
{
    const Manager *m = userdata;
    char name[PM_UNIT_NAME_MAX + 1];

    for (size_t i = 0; i < m->registry.count; i++) {
        const Pool *pool = m->registry.pools[i];

        if (pool->reload.phase != RELOAD_STAGING)
            continue;
        provision_unit_name(pool->id, pool->operation.id, name);
        if (streq(name, unit))
            return true;
    }
    return false;
}

void staging_sweep(Manager *m)
{
    int r = oneshots_sweep(m->provisioners, is_wanted, m);

    if (r < 0)
        journal_say(LOG_ERR, PM_MESSAGE_SERVICE_MANAGER,
                    "Model provisioners that were left cannot be looked for: %s", strerror(-r));
}

void staging_cancel(PoolShell *shell)
{
    if (shell->staging) {
        shell->staging->run = oneshot_cancel(shell->staging->run);
        shell->staging = staging_free(shell->staging);
    } else {
        staging_sweep(shell->manager); /* one of an earlier run of the daemon */
    }
    remove_files(shell);
}

void staging_done(PoolShell *shell)
{
    shell->staging = staging_free(shell->staging);
}

uint64_t staging_percent(const PoolShell *shell)
{
    return shell->staging ? shell->staging->percent : SPEC_UNSET;
}

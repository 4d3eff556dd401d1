/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

/* The model provisioner of a reload, up to what the pool makes of its end. */

#define UNIT      "pool-provision@p:%llu.service"
#define NEW_MODEL "/models/new.gguf"

/* A ready pool whose reload waits for its model: the start of the unit. */
static sd_bus_message *begin(ManagerFixture *f, Pool **ret, uint64_t *ret_operation)
{
    ReloadRequest *request = calloc(1, sizeof(*request));
    Error error = {.code = PM_ERROR_NONE};
    char expected[PM_UNIT_NAME_MAX + 1];
    sd_bus_message *m;
    const char *unit;
    Operation *o;
    Pool *pool = add_engine(f, "p", &o);

    becomes_ready(f, pool);
    settle(f);
    fake_settle(f->systemd);
    fake_forget(f->systemd);
    assert_non_null(request);
    request->model_ref = strdup("hub:new");
    assert_non_null(request->model_ref);
    if (manager_reload(f->m, "p", &request, 0, NULL, NULL, &o, &error) < 0)
        fail_msg("%s", error.text);
    fake_settle(f->systemd);
    *ret = pool;
    *ret_operation = o->id;
    if (f->m->model_provisioner[0] == '\0')
        return NULL;
    assert_int_equal(pool->reload.phase, RELOAD_STAGING);
    m = fake_call(f->systemd, "StartTransientUnit", 0);
    assert_true(sd_bus_message_read(m, "s", &unit) > 0);
    (void)snprintf(expected, sizeof(expected), UNIT, (unsigned long long)o->id);
    assert_string_equal(unit, expected);
    fake_forget(f->systemd);
    return m;
}

static void write_file(const ManagerFixture *f, const char *suffix, const char *text)
{
    char path[256];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/provision/p%s", f->folder->path, suffix);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Tells how the unit ended, right after its start, and takes it away. */
static void end(ManagerFixture *f, sd_bus_message *start, int code, int status)
{
    bool good = code == CLD_EXITED && status == 0;

    fake_reply_job(f->systemd, start, 3);
    fake_settle(f->systemd);
    fake_reply(f->systemd, fake_call(f->systemd, "GetAll", 0), "a{sv}", 5, "LoadState", "s",
               "loaded", "ActiveState", "s", good ? "active" : "failed", "Result", "s",
               good ? "success" : "exit-code", "ExecMainCode", "i", code, "ExecMainStatus", "i",
               status);
    fake_forget(f->systemd);
    fake_settle(f->systemd);
    if (!good) {
        fake_reply(f->systemd, fake_call(f->systemd, "ResetFailedUnit", 0), "");
        fake_settle(f->systemd);
        return;
    }
    fake_reply_error(f->systemd, fake_call(f->systemd, "StopUnit", 0),
                     "org.freedesktop.systemd1.NoSuchUnit", "gone");
    fake_settle(f->systemd);
}

static void assert_files_gone(const ManagerFixture *f)
{
    assert_false(has_file(f, "provision/p.out"));
    assert_false(has_file(f, "provision/p.err"));
}

static void test_success(void **state)
{
    ManagerFixture *f = *state;
    uint64_t operation;
    Pool *pool;
    sd_bus_message *m = begin(f, &pool, &operation);

    write_file(f, ".out", "{\"model_path\": \"" NEW_MODEL "\"}\n");
    write_file(f, ".err", "fetched it\n");
    end(f, m, CLD_EXITED, 0);
    assert_int_equal(pool->reload.phase, RELOAD_LEAVING);
    assert_string_equal(pool->reload.next->model_path, NEW_MODEL);
    assert_null(pool_shell(pool)->staging);
    assert_files_gone(f);
}

static void test_failures(void **state)
{
    static const struct {
        int code, status;
        const char *out, *err; /* NULL: no file */
        const char *part;      /* of the error */
    } cases[] = {
            {CLD_EXITED, 1, "", "one\nno such model: hub:new\n", "no such model: hub:new"},
            {CLD_EXITED, 1, "", "no newline at the end", "no newline at the end"},
            {CLD_EXITED, 1, "", "bad \xff and \x1b[31m\n\n \n", "bad \xef\xbf\xbd and "},
            {CLD_EXITED, 3, "", "", "the model provisioner exited with status 3 without a word"},
            {CLD_EXITED, 3, NULL, NULL, "exited with status 3 without a word"},
            {CLD_EXITED, 203, "", "", "ModelProvisioner= says which program"},
            {CLD_KILLED, SIGKILL, "", "half\n",
             "the model provisioner was killed by signal SIGKILL"},
            {CLD_EXITED, 0, "", "", "cannot be used: there is none"},
            {CLD_EXITED, 0, NULL, NULL, "cannot be used: it cannot be read"},
            {CLD_EXITED, 0, "fetched\n", "", "cannot be used: invalid JSON"},
            {CLD_EXITED, 0, "{\"model_path\": \"new.gguf\"}", "", "absolute"},
    };
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        ManagerFixture *f;
        uint64_t operation;
        Pool *pool;
        sd_bus_message *m;

        if (i > 0)
            manager_setup(state);
        f = *state;
        m = begin(f, &pool, &operation);
        if (cases[i].out)
            write_file(f, ".out", cases[i].out);
        if (cases[i].err)
            write_file(f, ".err", cases[i].err);
        end(f, m, cases[i].code, cases[i].status);
        assert_int_equal(pool->reload.phase, RELOAD_NONE);
        assert_int_equal(pool->state, POOL_READY);
        if (!strstr(pool->last_error, cases[i].part))
            fail_msg("\"%s\" is not in: %s", cases[i].part, pool->last_error);
        assert_files_gone(f);
        if (i + 1 < ELEMENTSOF(cases))
            manager_teardown(state);
    }
}

/* More than is read cannot be an answer, even when its end looks like one. */
static void test_large_answer(void **state)
{
    static const char answer[] = "\n{\"model_path\": \"" NEW_MODEL "\"}\n";
    ManagerFixture *f = *state;
    char text[32 * 1024];
    uint64_t operation;
    Pool *pool;
    sd_bus_message *m = begin(f, &pool, &operation);

    memset(text, ' ', sizeof(text));
    memcpy(text + sizeof(text) - sizeof(answer), answer, sizeof(answer));
    write_file(f, ".out", text);
    end(f, m, CLD_EXITED, 0);
    assert_int_equal(pool->state, POOL_READY);
    assert_non_null(strstr(pool->last_error, "larger than 16384 bytes"));
}

static void test_progress(void **state)
{
    ManagerFixture *f = *state;
    uint64_t operation;
    usec_t deadline;
    Pool *pool;

    begin(f, &pool, &operation);
    assert_true(staging_percent(pool_shell(pool)) == SPEC_UNSET);
    write_file(f, ".err", "{\"percent\":7}\n{\"percent\":42}\n{\"percent\":9");
    deadline = loop_deadline(f);
    while (staging_percent(pool_shell(pool)) == SPEC_UNSET)
        run_once(f, deadline);
    assert_int_equal(staging_percent(pool_shell(pool)), 42);
    write_file(f, ".err", "{\"percent\":42}\n{\"percent\":null}\n");
    while (staging_percent(pool_shell(pool)) != SPEC_UNSET)
        run_once(f, deadline);
}

static void test_cancelled(void **state)
{
    ManagerFixture *f = *state;
    Error error = {.code = PM_ERROR_NONE};
    uint64_t operation;
    Operation *o;
    Pool *pool;
    sd_bus_message *m = begin(f, &pool, &operation);

    write_file(f, ".err", "");
    assert_return_code(manager_stop(f->m, "p", NULL, &o, &error), 0);
    assert_null(pool_shell(pool)->staging);
    assert_files_gone(f);
    fake_settle(f->systemd);
    assert_int_equal(fake_count(f->systemd, "StopUnit"), 1); /* of the engine */
    fake_reply_job(f->systemd, m, 3);
    fake_settle(f->systemd);
    assert_int_equal(fake_count(f->systemd, "StopUnit"), 2);
}

static void test_no_provisioner(void **state)
{
    ManagerFixture *f = *state;
    uint64_t operation;
    Pool *pool;

    f->settings->model_provisioner[0] = '\0';
    assert_int_equal(manager_set_settings(f->m, f->settings), 0);
    begin(f, &pool, &operation);
    assert_int_equal(pool->state, POOL_READY);
    assert_non_null(strstr(pool->last_error, "[Reload] ModelProvisioner="));
    assert_int_equal(fake_count(f->systemd, "StartTransientUnit"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            manager_test(test_success),      manager_test(test_failures),
            manager_test(test_large_answer), manager_test(test_progress),
            manager_test(test_cancelled),    manager_test(test_no_provisioner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <syslog.h>

#include "systemd/journal.h"

enum {
    LOST_USEC = 10 * 1000 * 1000, /* a loop that waits this long waits for ever */
};

static char *copy(const char *s)
{
    char *c = strdup(s);

    assert_non_null(c);
    return c;
}

static void on_recovered(int error, void *userdata)
{
    ManagerFixture *f = userdata;

    assert_int_equal(f->recovered, -1);
    f->recovered = -error;
}

void manager_begin(ManagerFixture *f)
{
    RuntimeDir *runtime = NULL;
    sd_event *event;

    f->systemd = fake_new();
    event = sd_bus_get_event(fake_client(f->systemd));
    assert_int_equal(runtime_dir_open(f->folder->path, &runtime), 0);
    assert_int_equal(manager_new(event, fake_client(f->systemd), &runtime, f->settings, &f->m), 0);
    assert_null(runtime);
    f->recovered = -1;
    assert_return_code(manager_start(f->m, on_recovered, f), 0);
    fake_settle(f->systemd);
    assert_false(manager_is_recovered(f->m));
    fake_reply(f->systemd, fake_call(f->systemd, "Subscribe", 0), "");
    fake_settle(f->systemd);
    fake_reply(f->systemd, fake_call(f->systemd, "ListUnitsByPatterns", 0), "a(ssssssouso)", 0);
    fake_settle(f->systemd);
    fake_forget(f->systemd);
    settle(f);
}

void manager_die(ManagerFixture *f)
{
    f->m = manager_free(f->m);
    f->systemd = fake_free(f->systemd);
}

static void listen_silently(ManagerFixture *f)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    const struct sockaddr *a = (const struct sockaddr *)&address;

    f->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_return_code(f->listen_fd, errno);
    assert_return_code(bind(f->listen_fd, a, size), errno);
    assert_return_code(listen(f->listen_fd, 64), errno);
    assert_return_code(getsockname(f->listen_fd, (struct sockaddr *)&address, &size), errno);
    (void)snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%u",
                   (unsigned)ntohs(address.sin_port));
}

int manager_setup(void **state)
{
    const ConfigSources sources = {.file = "/dev/null"};
    ManagerFixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    journal_set_max_level(LOG_EMERG);
    f->lock_fd = -1;
    folder_setup((void **)&f->folder);
    folder_setup((void **)&f->state_folder);
    assert_int_equal(settings_load(&sources, NULL, NULL, &f->settings, NULL), 0);
    free(f->settings->state_directory);
    f->settings->state_directory = copy(f->state_folder->path);
    f->settings->gpu_required = false;
    f->settings->policy.health_try_timeout_usec = USEC_PER_MINUTE;
    listen_silently(f);
    manager_begin(f);
    assert_int_equal(f->recovered, 0);
    *state = f;
    return 0;
}

int manager_teardown(void **state)
{
    ManagerFixture *f = *state;

    others_unlock(f);
    manager_die(f);
    settings_free(f->settings);
    close(f->listen_fd);
    folder_teardown((void **)&f->folder);
    folder_teardown((void **)&f->state_folder);
    free(f);
    return 0;
}

usec_t loop_deadline(const ManagerFixture *f)
{
    return manager_now(f->m).mono + LOST_USEC;
}

void run_once(ManagerFixture *f, usec_t deadline)
{
    assert_true(sd_event_run(f->m->event, LOST_USEC) > 0);
    assert_true(manager_now(f->m).mono < deadline);
}

void run_until(ManagerFixture *f, const bool *what)
{
    usec_t deadline = loop_deadline(f);

    while (!*what)
        run_once(f, deadline);
}

void settle(ManagerFixture *f)
{
    int r;

    do {
        r = sd_event_run(f->m->event, 0);
        assert_return_code(r, -r);
    } while (r > 0);
}

void others_lock(ManagerFixture *f, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};

    others_unlock(f);
    f->lock_fd = openat(f->folder->fd, "registry.lock", O_RDWR | O_CLOEXEC);
    assert_return_code(f->lock_fd, errno);
    assert_return_code(fcntl(f->lock_fd, F_OFD_SETLK, &lock), errno);
}

void others_unlock(ManagerFixture *f)
{
    if (f->lock_fd >= 0)
        close(f->lock_fd);
    f->lock_fd = -1;
}

bool has_file(const ManagerFixture *f, const char *name)
{
    return faccessat(f->folder->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) >= 0;
}

char *read_file(const ManagerFixture *f, const char *name)
{
    char *text = calloc(1, PM_BODY_MAX + 1);
    int fd = openat(f->folder->fd, name, O_RDONLY | O_CLOEXEC);

    assert_non_null(text);
    assert_return_code(fd, errno);
    assert_return_code(read(fd, text, PM_BODY_MAX), errno);
    close(fd);
    return text;
}

void assert_in_file(const ManagerFixture *f, const char *name, const char *part)
{
    _cleanup_free_ char *text = read_file(f, name);

    if (!strstr(text, part))
        fail_msg("\"%s\" is not in %s:\n%s", part, name, text);
}

Pool *add_pool(ManagerFixture *f, const char *id)
{
    Error error = {.code = PM_ERROR_NONE};
    bool is_new = false;

    if (manager_register(f->m, id, NULL, &is_new, &error) < 0)
        fail_msg("%s", error.text);
    assert_true(is_new);
    settle(f);
    return registry_get(&f->m->registry, id);
}

Pool *add_external(ManagerFixture *f, const char *id)
{
    Error error = {.code = PM_ERROR_NONE};
    Handoff *handoff = NULL;
    const char *expected;
    bool is_new;

    assert_int_equal(handoff_new(&handoff), 0);
    handoff->pool_id = copy(id);
    handoff->replica_id = copy("r0");
    assert_int_equal(handoff_set_url(handoff, f->url, &expected), 0);
    if (manager_register_handoff(f->m, &handoff, NULL, &is_new, &error) < 0)
        fail_msg("%s", error.text);
    assert_null(handoff);
    return registry_get(&f->m->registry, id);
}

void await_devices(ManagerFixture *f)
{
    usec_t deadline = loop_deadline(f), age;

    while (!manager_devices(f->m, &age))
        run_once(f, deadline);
}

Pool *add_engine(ManagerFixture *f, const char *id, Operation **ret_operation)
{
    return add_replica(f, id, "r0", 9, ret_operation);
}

Pool *add_replica(ManagerFixture *f, const char *id, const char *replica, uint16_t port,
                  Operation **ret_operation)
{
    Error error = {.code = PM_ERROR_NONE};
    EngineSpec *spec = NULL;

    assert_int_equal(engine_spec_new(&spec), 0);
    spec->pool_id = copy(id);
    spec->replica_id = copy(replica);
    spec->binary_path = copy("/bin/true");
    spec->host = copy("192.0.2.1"); /* not of this host: nobody listens there */
    spec->port = port;
    spec->model_path = copy("a-model");
    spec->engine = copy("llamacpp");
    spec->engine_version = copy("b1");
    await_devices(f);
    if (manager_preload(f->m, &spec, NULL, NULL, ret_operation, &error) < 0)
        fail_msg("%s", error.text);
    return registry_get(&f->m->registry, id);
}

void post_unit(ManagerFixture *f, const Pool *pool, const UnitObservation *u)
{
    Event event = {.type = EVENT_UNIT, .generation = pool->generation, .unit = *u};

    assert_int_equal(manager_post(f->m, pool->id, &event), 0);
}

void starts_well(ManagerFixture *f, const Pool *pool)
{
    const UnitObservation running = {
            .fields = UNIT_FIELD_LOAD | UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB | UNIT_FIELD_MAIN_PID,
            .load = UNIT_LOAD_LOADED,
            .active = UNIT_ACTIVE_ACTIVE,
            .main_pid = 4711,
    };
    Event event = {.type = EVENT_PROBE, .generation = pool->generation, .probe = {.good = true}};

    post_unit(f, pool, &running);
    assert_int_equal(manager_post(f->m, pool->id, &event), 0);
}

void becomes_ready(ManagerFixture *f, const Pool *pool)
{
    starts_well(f, pool);
    assert_int_equal(pool->state, POOL_READY);
}

void crashes(ManagerFixture *f, const Pool *pool)
{
    const UnitObservation killed = {
            .fields = UNIT_FIELD_LOAD | UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB | UNIT_FIELD_RESULT |
                      UNIT_FIELD_MAIN_PID | UNIT_FIELD_EXEC_MAIN_PID | UNIT_FIELD_EXEC_MAIN_CODE |
                      UNIT_FIELD_EXEC_MAIN_STATUS,
            .load = UNIT_LOAD_LOADED,
            .active = UNIT_ACTIVE_FAILED,
            .result = UNIT_RESULT_SIGNAL,
            .exec_main_pid = 4711,
            .exec_main_code = CLD_KILLED,
            .exec_main_status = SIGKILL,
    };
    usec_t deadline = loop_deadline(f);

    post_unit(f, pool, &killed);
    while (pool->judging) /* until its output is read */
        run_once(f, deadline);
}

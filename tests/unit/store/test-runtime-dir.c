/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poolmgr/limits.h>
#include <stdio.h>

#include "store/runtime_dir.h"

/* R is the folder "r" within the test's; most tests look at it through its path. */
typedef struct Runtime {
    Folder *folder;
    char path[128];
    RuntimeDir *dir;
    int fd;
    int engines_fd;
    int state_fd;
    int leases_fd;
} Runtime;

static int open_at(int fd, const char *name)
{
    int r = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_return_code(r, errno);
    return r;
}

static int runtime_setup(void **state)
{
    Runtime *t = calloc(1, sizeof(*t));

    assert_non_null(t);
    folder_setup((void **)&t->folder);
    (void)snprintf(t->path, sizeof(t->path), "%s/r", t->folder->path);
    assert_int_equal(runtime_dir_open(t->path, &t->dir), 0);
    t->fd = open_at(t->folder->fd, "r");
    t->engines_fd = open_at(t->fd, "engines");
    t->state_fd = open_at(t->fd, "state");
    t->leases_fd = open_at(t->fd, "leases");
    *state = t;
    return 0;
}

static int runtime_teardown(void **state)
{
    Runtime *t = *state;

    runtime_dir_free(t->dir);
    close(t->fd);
    close(t->engines_fd);
    close(t->state_fd);
    close(t->leases_fd);
    folder_teardown((void **)&t->folder);
    free(t);
    return 0;
}

static int open_below(const Folder *d, const char *name, RuntimeDir **ret)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s", d->path, name);
    return runtime_dir_open(path, ret);
}

static void test_open_makes_folders(void **state)
{
    Folder *d = *state;
    mode_t saved = umask(0077);
    RuntimeDir *r = NULL;
    char path[128];

    assert_int_equal(open_below(d, "r///", &r), 0);
    umask(saved);
    (void)snprintf(path, sizeof(path), "%s/r", d->path);
    assert_string_equal(runtime_dir_path(r), path);
    assert_int_equal(file_mode(d->fd, "r"), S_IFDIR | 0755);
    assert_int_equal(file_mode(d->fd, "r/engines"), S_IFDIR | 0755);
    assert_int_equal(file_mode(d->fd, "r/state"), S_IFDIR | 0755);
    assert_int_equal(file_mode(d->fd, "r/leases"), S_IFDIR | 0755);
    assert_null(runtime_dir_free(r));
    assert_null(runtime_dir_free(NULL));
}

static void test_open_again(void **state)
{
    Folder *d = *state;
    RuntimeDir *r = NULL;

    assert_return_code(mkdirat(d->fd, "r", 0700), errno);
    assert_int_equal(open_below(d, "r", &r), 0);
    assert_int_equal(file_mode(d->fd, "r"), S_IFDIR | 0700); /* somebody's choice */
    assert_int_equal(runtime_dir_write_pid(r, "p", 7), 0);
    runtime_dir_free(r);

    put_file(d->fd, "r/.#pm-p.pid.1.0", "");
    put_file(d->fd, "r/engines/.#pm-x.json.1.0", "");
    put_file(d->fd, "r/state/.#pm-x.json.1.0", "");
    put_file(d->fd, "r/leases/.#pm-x.json.1.0", "");
    assert_int_equal(open_below(d, "r", &r), 0);
    assert_file(d->fd, "r/p.pid", "7\n");
    assert_no_file(d->fd, "r/.#pm-p.pid.1.0");
    assert_no_file(d->fd, "r/engines/.#pm-x.json.1.0");
    assert_no_file(d->fd, "r/state/.#pm-x.json.1.0");
    assert_no_file(d->fd, "r/leases/.#pm-x.json.1.0");
    runtime_dir_free(r);
}

static void test_open_fails(void **state)
{
    Folder *d = *state;
    RuntimeDir *r = NULL;

    assert_int_equal(runtime_dir_open("relative", &r), -EINVAL);
    assert_int_equal(runtime_dir_open("", &r), -EINVAL);
    assert_int_equal(open_below(d, "../x", &r), -EINVAL);
    assert_int_equal(open_below(d, "no/such/parent", &r), -ENOENT);

    put_file(d->fd, "file", "x");
    assert_int_equal(open_below(d, "file", &r), -ENOTDIR);
    assert_return_code(mkdirat(d->fd, "blocked", 0755), errno);
    put_file(d->fd, "blocked/engines", "x");
    assert_int_equal(open_below(d, "blocked", &r), -ENOTDIR);

    /* A link in R would lead the files elsewhere; R itself may be one. */
    assert_return_code(mkdirat(d->fd, "elsewhere", 0755), errno);
    assert_return_code(mkdirat(d->fd, "planted", 0755), errno);
    assert_return_code(symlinkat("../elsewhere", d->fd, "planted/state"), errno);
    assert_int_equal(open_below(d, "planted", &r), -ENOTDIR);
    assert_return_code(mkdirat(d->fd, "planted2", 0755), errno);
    assert_return_code(symlinkat("../elsewhere", d->fd, "planted2/engines"), errno);
    assert_int_equal(open_below(d, "planted2", &r), -ENOTDIR);
    assert_null(r);
    assert_int_equal(file_mode(d->fd, "elsewhere"), S_IFDIR | 0755);
    assert_return_code(mkdirat(d->fd, "planted3", 0755), errno);
    assert_return_code(symlinkat("../elsewhere", d->fd, "planted3/leases"), errno);
    assert_int_equal(open_below(d, "planted3", &r), -ENOTDIR);
    assert_null(r);
    assert_return_code(symlinkat("elsewhere", d->fd, "link"), errno);
    assert_int_equal(open_below(d, "link", &r), 0);
    assert_int_equal(file_mode(d->fd, "elsewhere/engines"), S_IFDIR | 0755);
    runtime_dir_free(r);
}

static void test_open_read_only(void **state)
{
    Folder *d = *state;
    RuntimeDir *r = NULL;

    if (!make_read_only(d))
        skip();
    assert_int_equal(open_below(d, "r", &r), geteuid() == 0 ? -EROFS : -EACCES);
    assert_null(r);
}

/* B-API-015, B-PROC-021: the file and its name; B-PROC-022: its format. */
static void test_pid(void **state)
{
    Runtime *t = *state;

    assert_int_equal(runtime_dir_write_pid(t->dir, "pool-0", 4711), 0);
    assert_file(t->fd, "pool-0.pid", "4711\n");
    assert_int_equal(file_mode(t->fd, "pool-0.pid"), S_IFREG | 0644);
    assert_int_equal(runtime_dir_write_pid(t->dir, "pool-0", 1), 0);
    assert_file(t->fd, "pool-0.pid", "1\n");
    assert_int_equal(runtime_dir_write_pid(t->dir, "pool-0", 0), -EINVAL);
    assert_int_equal(runtime_dir_write_pid(t->dir, "pool-0", -1), -EINVAL);
    assert_file(t->fd, "pool-0.pid", "1\n");

    assert_int_equal(runtime_dir_remove_pid(t->dir, "pool-0"), 0);
    assert_no_file(t->fd, "pool-0.pid");
    assert_int_equal(runtime_dir_remove_pid(t->dir, "pool-0"), 0);
}

static void test_handoff(void **state)
{
    Runtime *t = *state;

    assert_int_equal(runtime_dir_write_handoff(t->dir, "a", "r0", "{\"a\": 1}\n"), 0);
    assert_file(t->engines_fd, "a-r0.json", "{\"a\": 1}\n");
    assert_int_equal(file_mode(t->engines_fd, "a-r0.json"), S_IFREG | 0644);
    assert_symlink(t->engines_fd, "engine.json", "a-r0.json");
    assert_file(t->engines_fd, "engine.json", "{\"a\": 1}\n");

    assert_int_equal(runtime_dir_write_handoff(t->dir, "b", "r1", "{\"b\": 2}\n"), 0);
    assert_symlink(t->engines_fd, "engine.json", "b-r1.json");

    /* The link is another's. */
    assert_int_equal(runtime_dir_remove_handoff(t->dir, "a", "r0"), 0);
    assert_no_file(t->engines_fd, "a-r0.json");
    assert_symlink(t->engines_fd, "engine.json", "b-r1.json");

    assert_int_equal(runtime_dir_write_handoff(t->dir, "a", "r0", "{}\n"), 0);
    assert_int_equal(runtime_dir_remove_handoff(t->dir, "a", "r0"), 0);
    assert_no_file(t->engines_fd, "engine.json");
    assert_file(t->engines_fd, "b-r1.json", "{\"b\": 2}\n");
    assert_int_equal(runtime_dir_remove_handoff(t->dir, "a", "r0"), 0);
    assert_int_equal(count_entries(t->engines_fd), 1);
}

/* A link to a longer or a shorter name is not ours. */
static void test_handoff_links_of_others(void **state)
{
    static const char *const targets[] = {"a-r01.json", "a-r0.jso", "./a-r0.json", "x"};
    Runtime *t = *state;

    for (size_t i = 0; i < ELEMENTSOF(targets); i++) {
        put_file(t->engines_fd, "a-r0.json", "{}");
        assert_return_code(symlinkat(targets[i], t->engines_fd, "engine.json"), errno);
        assert_int_equal(runtime_dir_remove_handoff(t->dir, "a", "r0"), 0);
        assert_no_file(t->engines_fd, "a-r0.json");
        assert_symlink(t->engines_fd, "engine.json", targets[i]);
        assert_return_code(unlinkat(t->engines_fd, "engine.json", 0), errno);
    }

    /* The link without its file. */
    assert_return_code(symlinkat("a-r0.json", t->engines_fd, "engine.json"), errno);
    assert_int_equal(runtime_dir_remove_handoff(t->dir, "a", "r0"), 0);
    assert_int_equal(count_entries(t->engines_fd), 0);
}

static void test_handoff_without_link(void **state)
{
    Runtime *t = *state;

    /* What stands in the link's place stays; a handoff that nobody can find is not left either. */
    assert_return_code(mkdirat(t->engines_fd, "engine.json", 0755), errno);
    assert_int_equal(runtime_dir_write_handoff(t->dir, "a", "r0", "{}"), -EISDIR);
    assert_no_file(t->engines_fd, "a-r0.json");
    put_file(t->engines_fd, "a-r0.json", "{}");
    assert_int_equal(runtime_dir_remove_handoff(t->dir, "a", "r0"), 0);
    assert_no_file(t->engines_fd, "a-r0.json");
    assert_int_equal(count_entries(t->engines_fd), 1);

    /* A file there is somebody's handoff. */
    assert_return_code(unlinkat(t->engines_fd, "engine.json", AT_REMOVEDIR), errno);
    put_file(t->engines_fd, "engine.json", "a handoff of others");
    assert_int_equal(runtime_dir_remove_handoff(t->dir, "a", "r0"), 0);
    assert_file(t->engines_fd, "engine.json", "a handoff of others");
    assert_int_equal(runtime_dir_write_handoff(t->dir, "a", "r0", "{}"), 0);
    assert_file(t->engines_fd, "engine.json", "a handoff of others");
    assert_int_equal(file_mode(t->engines_fd, "engine.json"), S_IFREG | 0644);
    assert_file(t->engines_fd, "a-r0.json", "{}");

    /* Once it is gone there is a link again. */
    assert_return_code(unlinkat(t->engines_fd, "engine.json", 0), errno);
    assert_int_equal(runtime_dir_write_handoff(t->dir, "a", "r0", "{}"), 0);
    assert_symlink(t->engines_fd, "engine.json", "a-r0.json");
    assert_int_equal(count_entries(t->engines_fd), 2);
}

static void test_paths(void **state)
{
    Runtime *t = *state;
    char wanted[256], *path = NULL;

    assert_int_equal(runtime_dir_handoff_path(t->dir, "a", "r0", &path), 0);
    (void)snprintf(wanted, sizeof(wanted), "%s/engines/a-r0.json", t->path);
    assert_string_equal(path, wanted);
    free(path);
    assert_int_equal(runtime_dir_log_path(t->dir, "a", &path), 0);
    (void)snprintf(wanted, sizeof(wanted), "%s/engine-a.log", t->path);
    assert_string_equal(path, wanted);
    free(path);
}

static void test_state(void **state)
{
    Runtime *t = *state;

    assert_int_equal(runtime_dir_write_state(t->dir, "a", "{}"), 0);
    assert_file(t->state_fd, "a.json", "{}");
    assert_int_equal(runtime_dir_write_state(t->dir, "a", "{\"x\":1}"), 0);
    assert_file(t->state_fd, "a.json", "{\"x\":1}");
    assert_int_equal(runtime_dir_remove_state(t->dir, "a"), 0);
    assert_int_equal(runtime_dir_remove_state(t->dir, "a"), 0);
    assert_int_equal(count_entries(t->state_fd), 0);
}

/* "<pool>=<text>;" for each. */
static int list_pool(const char *pool_id, const char *text, size_t length, int error,
                     void *userdata)
{
    char *list = userdata;
    size_t at = strlen(list);

    assert_int_equal(error, 0);
    (void)snprintf(list + at, 64 - at, "%s=%s;", pool_id, text);
    return streq(text, "bad") ? -EBADMSG : 0;
}

/* The same rules as for states, in a folder of their own. */
static void test_leases(void **state)
{
    Runtime *t = *state;
    char list[64] = "";

    assert_int_equal(runtime_dir_write_state(t->dir, "s", "state"), 0);
    assert_int_equal(runtime_dir_write_leases(t->dir, "b", "[]"), 0);
    assert_int_equal(runtime_dir_write_leases(t->dir, "a", "[1]"), 0);
    assert_int_equal(runtime_dir_write_leases(t->dir, "c", "bad"), 0);
    assert_file(t->leases_fd, "a.json", "[1]");
    assert_int_equal(file_mode(t->leases_fd, "a.json"), S_IFREG | 0644);
    assert_int_equal(runtime_dir_read_leases(t->dir, list_pool, list), 0);
    assert_string_equal(list, "a=[1];b=[];c=bad;");
    assert_file(t->leases_fd, "c.json.bad", "bad");
    list[0] = '\0';
    assert_int_equal(runtime_dir_read_states(t->dir, list_pool, list), 0);
    assert_string_equal(list, "s=state;");

    assert_int_equal(runtime_dir_remove_leases(t->dir, "a"), 0);
    assert_int_equal(runtime_dir_remove_leases(t->dir, "a"), 0);
    list[0] = '\0';
    assert_int_equal(runtime_dir_read_leases(t->dir, list_pool, list), 0);
    assert_string_equal(list, "b=[];");
}

/* `wanted` is the text on success. */
static int read_registry(const Runtime *t, const char *wanted)
{
    _cleanup_free_ char *text = NULL;
    size_t length = 4711;
    int r = runtime_dir_read_registry(t->dir, &text, &length);

    if (r < 0) {
        assert_null(text);
        assert_int_equal(length, 4711);
        return r;
    }
    assert_int_equal(length, strlen(wanted));
    assert_string_equal(text, wanted);
    return r;
}

static void test_registry(void **state)
{
    Runtime *t = *state;

    assert_int_equal(read_registry(t, ""), -ENOENT);
    assert_int_equal(runtime_dir_reject_registry(t->dir), 0);
    assert_int_equal(runtime_dir_write_registry(t->dir, "{}"), 0);
    assert_int_equal(runtime_dir_write_registry(t->dir, "{\"x\": 1}"), 0);
    assert_file(t->fd, "registry.json", "{\"x\": 1}");
    assert_int_equal(file_mode(t->fd, "registry.json"), S_IFREG | 0644);
    assert_int_equal(read_registry(t, "{\"x\": 1}"), 0);

    put_file(t->fd, "registry.json.bad", "an older one");
    assert_int_equal(runtime_dir_reject_registry(t->dir), 0);
    assert_file(t->fd, "registry.json.bad", "{\"x\": 1}");
    assert_int_equal(read_registry(t, ""), -ENOENT);
    put_file(t->fd, "registry.json", "");
    assert_int_equal(read_registry(t, ""), 0);
}

/* What stands in the registry's place is neither waited for nor followed, and can be set aside. */
static void test_registry_of_other_kinds(void **state)
{
    Runtime *t = *state;

    assert_return_code(mkfifoat(t->fd, "registry.json", 0644), errno);
    assert_int_equal(read_registry(t, ""), -EINVAL);
    assert_int_equal(runtime_dir_reject_registry(t->dir), 0);
    assert_int_equal(file_mode(t->fd, "registry.json.bad"), S_IFIFO | 0644);

    assert_return_code(symlinkat("registry.json.bad", t->fd, "registry.json"), errno);
    assert_int_equal(read_registry(t, ""), -ELOOP);
    assert_int_equal(runtime_dir_reject_registry(t->dir), 0);

    assert_return_code(mkdirat(t->fd, "registry.json", 0755), errno);
    assert_int_equal(read_registry(t, ""), -EISDIR);
    assert_int_equal(runtime_dir_write_registry(t->dir, "{}"), -EISDIR);
    assert_int_equal(runtime_dir_reject_registry(t->dir), -ENOTDIR); /* over a link */
    assert_return_code(unlinkat(t->fd, "registry.json.bad", 0), errno);
    assert_int_equal(runtime_dir_reject_registry(t->dir), 0);
    assert_int_equal(runtime_dir_write_registry(t->dir, "{}"), 0);
    assert_int_equal(read_registry(t, "{}"), 0);
}

static void test_size_bound(void **state)
{
    Runtime *t = *state;
    _cleanup_free_ char *text = malloc(PM_BODY_MAX + 2);

    assert_non_null(text);
    memset(text, 'x', PM_BODY_MAX + 1);
    text[PM_BODY_MAX + 1] = '\0';
    assert_int_equal(runtime_dir_write_state(t->dir, "a", text), -EFBIG);
    assert_int_equal(runtime_dir_write_handoff(t->dir, "a", "r0", text), -EFBIG);
    assert_int_equal(runtime_dir_write_leases(t->dir, "a", text), -EFBIG);
    assert_int_equal(runtime_dir_write_registry(t->dir, text), -EFBIG);
    assert_int_equal(count_entries(t->state_fd), 0);
    assert_int_equal(count_entries(t->engines_fd), 0);
    assert_int_equal(count_entries(t->leases_fd), 0);
    put_file(t->fd, "registry.json", text);
    assert_int_equal(read_registry(t, ""), -EFBIG);
    text[PM_BODY_MAX] = '\0';
    assert_int_equal(runtime_dir_write_registry(t->dir, text), 0);
    assert_int_equal(read_registry(t, text), 0);
    assert_int_equal(runtime_dir_write_state(t->dir, "a", text), 0);
    assert_file(t->state_fd, "a.json", text);
}

static void test_bad_ids(void **state)
{
    static const char *const bad[] = {"", ".", "..", "../x", "a/b", "-a", ".a", "a b", "a\n"};
    Runtime *t = *state;
    char *path = NULL;

    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        assert_int_equal(runtime_dir_write_pid(t->dir, bad[i], 1), -EINVAL);
        assert_int_equal(runtime_dir_remove_pid(t->dir, bad[i]), -EINVAL);
        assert_int_equal(runtime_dir_write_handoff(t->dir, bad[i], "r0", "x"), -EINVAL);
        assert_int_equal(runtime_dir_write_handoff(t->dir, "a", bad[i], "x"), -EINVAL);
        assert_int_equal(runtime_dir_remove_handoff(t->dir, bad[i], "r0"), -EINVAL);
        assert_int_equal(runtime_dir_remove_handoff(t->dir, "a", bad[i]), -EINVAL);
        assert_int_equal(runtime_dir_handoff_path(t->dir, bad[i], "r0", &path), -EINVAL);
        assert_int_equal(runtime_dir_handoff_path(t->dir, "a", bad[i], &path), -EINVAL);
        assert_int_equal(runtime_dir_log_path(t->dir, bad[i], &path), -EINVAL);
        assert_int_equal(runtime_dir_write_state(t->dir, bad[i], "x"), -EINVAL);
        assert_int_equal(runtime_dir_remove_state(t->dir, bad[i]), -EINVAL);
        assert_int_equal(runtime_dir_write_leases(t->dir, bad[i], "x"), -EINVAL);
        assert_int_equal(runtime_dir_remove_leases(t->dir, bad[i]), -EINVAL);
    }
    assert_null(path);
    assert_int_equal(count_entries(t->fd), 4);
}

/* The longest names that there are. */
static void test_long_ids(void **state)
{
    Runtime *t = *state;
    char id[PM_ID_MAX + 1];

    memset(id, 'i', PM_ID_MAX);
    id[PM_ID_MAX] = '\0';
    assert_int_equal(runtime_dir_write_pid(t->dir, id, 1), 0);
    assert_int_equal(runtime_dir_write_handoff(t->dir, id, id, "{}"), 0);
    assert_int_equal(runtime_dir_write_state(t->dir, id, "{}"), 0);
    assert_file(t->engines_fd, "engine.json", "{}");
    assert_int_equal(runtime_dir_remove_handoff(t->dir, id, id), 0);
    assert_int_equal(count_entries(t->engines_fd), 0);
}

/* Somebody removed R: writing says so, there is nothing left to remove, and opening it again heals.
 */
static void test_deleted_underneath(void **state)
{
    Runtime *t = *state;

    assert_return_code(unlinkat(t->fd, "engines", AT_REMOVEDIR), errno);
    assert_return_code(unlinkat(t->fd, "state", AT_REMOVEDIR), errno);
    assert_return_code(unlinkat(t->fd, "leases", AT_REMOVEDIR), errno);
    assert_return_code(unlinkat(t->fd, "provision", AT_REMOVEDIR), errno);
    assert_return_code(unlinkat(t->folder->fd, "r", AT_REMOVEDIR), errno);
    assert_int_equal(runtime_dir_write_pid(t->dir, "a", 1), -ENOENT);
    assert_int_equal(runtime_dir_write_handoff(t->dir, "a", "r0", "{}"), -ENOENT);
    assert_int_equal(runtime_dir_write_state(t->dir, "a", "{}"), -ENOENT);
    assert_int_equal(runtime_dir_remove_pid(t->dir, "a"), 0);
    assert_int_equal(runtime_dir_remove_handoff(t->dir, "a", "r0"), 0);
    assert_int_equal(runtime_dir_remove_state(t->dir, "a"), 0);

    runtime_dir_free(t->dir);
    assert_int_equal(runtime_dir_open(t->path, &t->dir), 0);
    assert_int_equal(runtime_dir_write_pid(t->dir, "a", 1), 0);
    assert_file(t->folder->fd, "r/a.pid", "1\n");
}

static void test_folder_in_place_of_file(void **state)
{
    Runtime *t = *state;

    assert_return_code(mkdirat(t->fd, "a.pid", 0755), errno);
    assert_int_equal(runtime_dir_write_pid(t->dir, "a", 1), -EISDIR);
    assert_int_equal(runtime_dir_remove_pid(t->dir, "a"), -EISDIR);
    assert_int_equal(count_entries(t->fd), 5);
}

#define FOLDER_TEST(f)  cmocka_unit_test_setup_teardown(f, folder_setup, folder_teardown)
#define RUNTIME_TEST(f) cmocka_unit_test_setup_teardown(f, runtime_setup, runtime_teardown)

static void test_provision(void **state)
{
    static const char *const suffixes[PROVISION_FILE_MAX] = {".out", ".err"};
    Runtime *t = *state;
    int fd = open_at(t->fd, "provision");
    char *path = NULL;

    for (ProvisionFile file = 0; file < PROVISION_FILE_MAX; file++) {
        char expected[256];

        (void)snprintf(expected, sizeof(expected), "%s/provision/p%s", t->path, suffixes[file]);
        assert_int_equal(runtime_dir_provision_path(t->dir, "p", file, &path), 0);
        assert_string_equal(path, expected);
        free(path);
    }
    put_file(fd, "p.out", "{}");
    put_file(fd, "p.err", "no");
    put_file(fd, "q.err", "no");
    assert_int_equal(runtime_dir_remove_provision(t->dir, "p"), 0);
    assert_int_equal(count_entries(fd), 1);
    assert_int_equal(runtime_dir_remove_provision(t->dir, "p"), 0);
    assert_int_equal(runtime_dir_remove_provision(t->dir, "../p"), -EINVAL);
    path = NULL;
    assert_int_equal(runtime_dir_provision_path(t->dir, "../p", PROVISION_OUTPUT, &path), -EINVAL);
    assert_null(path);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            FOLDER_TEST(test_open_makes_folders),
            FOLDER_TEST(test_open_again),
            FOLDER_TEST(test_open_fails),
            FOLDER_TEST(test_open_read_only),
            RUNTIME_TEST(test_pid),
            RUNTIME_TEST(test_handoff),
            RUNTIME_TEST(test_handoff_links_of_others),
            RUNTIME_TEST(test_handoff_without_link),
            RUNTIME_TEST(test_paths),
            RUNTIME_TEST(test_state),
            RUNTIME_TEST(test_leases),
            RUNTIME_TEST(test_provision),
            RUNTIME_TEST(test_registry),
            RUNTIME_TEST(test_registry_of_other_kinds),
            RUNTIME_TEST(test_size_bound),
            RUNTIME_TEST(test_bad_ids),
            RUNTIME_TEST(test_long_ids),
            RUNTIME_TEST(test_deleted_underneath),
            RUNTIME_TEST(test_folder_in_place_of_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

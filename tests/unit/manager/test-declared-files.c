/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "../store/store-fixture.h"
#include "manager/declared_files.h"

/* Which files of pools.d there are, and which of them can be used: in the folder of a user. */

static int set_up(void **state)
{
    int r = folder_setup(state);
    Folder *f = *state;

    if (r == 0 && (mkdirat(f->fd, "pool-managerd", 0755) < 0 ||
                   mkdirat(f->fd, "pool-managerd/pools.d", 0755) < 0 ||
                   setenv("XDG_CONFIG_HOME", f->path, 1) < 0))
        return -1;
    return r;
}

static void put(const Folder *f, const char *name, const char *text)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "pool-managerd/pools.d/%s", name);
    put_file(f->fd, path, text);
}

static void put_pool(const Folder *f, const char *pool, unsigned port)
{
    char name[96], text[512];

    (void)snprintf(name, sizeof(name), "%s.json", pool);
    (void)snprintf(text, sizeof(text),
                   "{\"pool_id\": \"%s\", \"binary_path\": \"/bin/engine\", \"flags\": [], "
                   "\"host\": \"127.0.0.1\", \"port\": %u, \"model_path\": \"/m.gguf\", "
                   "\"engine_version\": \"b1\"}",
                   pool, port);
    put(f, name, text);
}

static DeclaredFiles read_files(void)
{
    DeclaredFiles files;

    assert_int_equal(declared_files_read(true, &files), 0);
    return files;
}

static const DeclaredFile *find(const DeclaredFiles *files, const char *pool)
{
    for (size_t i = 0; i < files->count; i++)
        if (streq(files->items[i].pool_id, pool))
            return &files->items[i];
    fail_msg("there is no file of pool %s", pool);
    return NULL;
}

static void assert_problem(const DeclaredFiles *files, const char *pool, const char *part)
{
    const DeclaredFile *file = find(files, pool);

    assert_null(file->declaration.spec);
    assert_non_null(file->problem);
    if (!strstr(file->problem, part) || strstr(file->problem, file->path) != file->problem)
        fail_msg("pool %s: %s", pool, file->problem);
}

static void test_none(void **state)
{
    const Folder *f = *state;
    DeclaredFiles files = read_files();

    assert_int_equal(files.count, 0);
    assert_false(files.incomplete);
    declared_files_done(&files);
    assert_int_equal(unlinkat(f->fd, "pool-managerd/pools.d", AT_REMOVEDIR), 0);
    files = read_files();
    assert_int_equal(files.count, 0);
    assert_false(files.incomplete);
    assert_null(files.problems);
}

static void test_names(void **state)
{
    const Folder *f = *state;
    DeclaredFiles files;

    put_pool(f, "b", 2);
    put_pool(f, "a.1", 1);
    put(f, "a.json~", "{}");
    put(f, ".hidden.json", "{}");
    put(f, "README", "text");
    put(f, "with space.json", "{}");
    files = read_files();
    assert_int_equal(files.count, 2);
    assert_string_equal(files.items[0].pool_id, "a.1");
    assert_string_equal(files.items[1].pool_id, "b");
    assert_int_equal(files.items[1].declaration.spec->port, 2);
    assert_int_equal(strv_length(files.problems), 1);
    assert_non_null(strstr(files.problems[0], "with space.json: is ignored"));
    declared_files_done(&files);
}

/* What is no file that can be read is told of, and nobody waits for it. */
static void test_kinds(void **state)
{
    const Folder *f = *state;
    DeclaredFiles files;

    assert_int_equal(symlinkat("/dev/null", f->fd, "pool-managerd/pools.d/masked.json"), 0);
    assert_int_equal(symlinkat("nowhere", f->fd, "pool-managerd/pools.d/lost.json"), 0);
    assert_int_equal(symlinkat("../there", f->fd, "pool-managerd/pools.d/linked.json"), 0);
    assert_int_equal(mkfifoat(f->fd, "pool-managerd/pools.d/fifo.json", 0600), 0);
    assert_int_equal(mkdirat(f->fd, "pool-managerd/pools.d/folder.json", 0755), 0);
    put_pool(f, "linked-to", 1);
    assert_int_equal(
            renameat(f->fd, "pool-managerd/pools.d/linked-to.json", f->fd, "pool-managerd/there"),
            0);
    put(f, "empty.json", "");
    files = read_files();
    assert_int_equal(files.count, 6);
    assert_true(find(&files, "masked")->masked);
    assert_null(find(&files, "masked")->problem);
    assert_problem(&files, "lost", "cannot be read: No such file");
    assert_problem(&files, "linked", "the file is called linked.json");
    assert_problem(&files, "fifo", "no regular file");
    assert_problem(&files, "folder", "no regular file");
    assert_problem(&files, "empty", "a link to /dev/null says");
    declared_files_done(&files);
}

static void test_content(void **state)
{
    const Folder *f = *state;
    DeclaredFiles files;
    char *large = malloc(PM_BODY_MAX + 2);

    assert_non_null(large);
    memset(large, ' ', PM_BODY_MAX + 1);
    large[PM_BODY_MAX + 1] = '\0';
    put(f, "large.json", large);
    put(f, "typo.json", "{\n\"a\": 1,\n}\n");
    put(f, "field.json", "{\"pool_id\": \"field\"}");
    free(large);
    files = read_files();
    assert_problem(&files, "large", "larger than");
    assert_problem(&files, "typo", "typo.json:3: invalid JSON at line 3");
    assert_problem(&files, "field", "field.json: binary_path");
    declared_files_done(&files);
}

static void test_writers(void **state)
{
    const Folder *f = *state;
    DeclaredFiles files;

    put_pool(f, "p", 1);
    put_pool(f, "q", 2);
    assert_int_equal(fchmodat(f->fd, "pool-managerd/pools.d/p.json", 0666, 0), 0);
    files = read_files();
    assert_non_null(find(&files, "p")->declaration.spec);
    assert_int_equal(strv_length(find(&files, "p")->warnings), 1);
    assert_non_null(strstr(find(&files, "p")->warnings[0], "everybody may write it"));
    assert_null(find(&files, "q")->warnings);
    declared_files_done(&files);
}

/* The one whose port it was already keeps it; else the first of the names. */
static void test_ports(void **state)
{
    const Folder *f = *state;
    DeclaredFiles files;

    put_pool(f, "a", 1);
    put_pool(f, "b", 1);
    put_pool(f, "c", 2);
    put_pool(f, "d", 2);
    put_pool(f, "e", 3);
    files = read_files();
    files.items[3].settled = true;
    assert_int_equal(declared_files_check_ports(&files), 0);
    assert_null(find(&files, "a")->problem);
    assert_problem(&files, "b", "a.json: choose another port");
    assert_problem(&files, "c", "port 2 of 127.0.0.1 is that of ");
    assert_null(find(&files, "d")->problem);
    assert_null(find(&files, "e")->problem);
    declared_files_done(&files);
}

#define files_test(f) cmocka_unit_test_setup_teardown(f, set_up, folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            files_test(test_none),    files_test(test_names),   files_test(test_kinds),
            files_test(test_content), files_test(test_writers), files_test(test_ports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

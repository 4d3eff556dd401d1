/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "../base/cmocka-all.h"

struct JournalWriter {
    FILE *to;
    pid_t pid;
    uint64_t entries;
    const char *boot;
};

/* Where Debian and others have it. */
static const char *const programs[] = {
        "/usr/lib/systemd/systemd-journal-remote",
        "/lib/systemd/systemd-journal-remote",
};

static const char *program(void)
{
    for (size_t i = 0; i < ELEMENTSOF(programs); i++)
        if (access(programs[i], X_OK) == 0)
            return programs[i];
    fail_msg("there is no systemd-journal-remote: install the package of that name");
    return NULL;
}

static _Noreturn void run_program(const char *path, const char *output, int input)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (dup2(input, STDIN_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0)
        execl(path, path, "-o", output, "-", (char *)NULL);
    _exit(127);
}

JournalWriter *journal_writer_new(const char *folder, const char *name)
{
    JournalWriter *w = calloc(1, sizeof(*w));
    const char *path = program();
    char output[PATH_MAX];
    int fds[2];

    assert_non_null(w);
    (void)snprintf(output, sizeof(output), "%s/%s.journal", folder, name);
    assert_return_code(pipe2(fds, O_CLOEXEC), errno);
    w->pid = fork();
    assert_return_code(w->pid, errno);
    if (w->pid == 0)
        run_program(path, output, fds[0]);
    close(fds[0]);
    w->to = fdopen(fds[1], "w");
    assert_non_null(w->to);
    return w;
}

JournalWriter *journal_writer_free(JournalWriter *w)
{
    int status;

    if (!w)
        return NULL;
    assert_int_equal(fclose(w->to), 0);
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
    assert_int_equal(status, 0);
    free(w);
    return NULL;
}

void journal_writer_set_boot(JournalWriter *w, const char *id)
{
    w->boot = id;
}

/* A field as its length and its bytes: whatever they are. Little-endian, as this host is. */
void journal_writer_add(JournalWriter *w, const char *fields, const char *message, size_t n)
{
    const uint64_t length = n;

    fprintf(w->to, "__REALTIME_TIMESTAMP=%" PRIu64 "\n__MONOTONIC_TIMESTAMP=%" PRIu64 "\n",
            (uint64_t)JOURNAL_WRITER_START_USEC + w->entries * 1000, 1000 + w->entries * 1000);
    fprintf(w->to, "_BOOT_ID=%s\n%sMESSAGE\n",
            w->boot ? w->boot : "0123456789abcdef0123456789abcdef", fields);
    fwrite(&length, sizeof(length), 1, w->to);
    fwrite(message, 1, n, w->to);
    fputs("\n\n", w->to);
    assert_int_equal(fflush(w->to), 0);
    w->entries++;
}

void journal_writer_add_output(JournalWriter *w, const char *pool_id, uint64_t generation,
                               const char *message)
{
    char fields[512];

    (void)snprintf(fields, sizeof(fields),
                   "_TRANSPORT=stdout\n_PID=77\n_UID=61234\nPOOL_ID=%s\n"
                   "POOL_GENERATION=%" PRIu64 "\n"
                   "_SYSTEMD_UNIT=pool@%s:r0:g%" PRIu64 ".service\n",
                   pool_id, generation, pool_id, generation);
    journal_writer_add(w, fields, message, strlen(message));
}

void journal_writer_add_user_output(JournalWriter *w, const char *pool_id, uint64_t generation,
                                    uint32_t uid, const char *message)
{
    char fields[512];

    (void)snprintf(fields, sizeof(fields),
                   "_TRANSPORT=stdout\n_PID=77\n_UID=%" PRIu32 "\n"
                   "_SYSTEMD_UNIT=user@%" PRIu32 ".service\n_SYSTEMD_USER_SLICE=pools.slice\n"
                   "_SYSTEMD_USER_UNIT=pool@%s:r0:g%" PRIu64 ".service\n",
                   uid, uid, pool_id, generation);
    journal_writer_add(w, fields, message, strlen(message));
}

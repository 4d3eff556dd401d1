/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/child_output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include "base/macros.h"

static usec_t now_mono(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (usec_t)now.tv_sec * USEC_PER_SEC + (usec_t)now.tv_nsec / 1000;
}

static int add_actions(posix_spawn_file_actions_t *actions, int output)
{
    int r;

    r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    if (r == 0)
        r = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    return r;
}

/* No signal is blocked or ignored in it, whatever holds for the thread that starts it. */
static void set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)posix_spawnattr_setsigmask(attributes, &none);
    (void)posix_spawnattr_setsigdefault(attributes, &all);
    (void)posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* Of our environment it gets what it finds its libraries by: the rest may hold secrets. */
static int start(const char *const argv[], int output, pid_t *ret_pid)
{
    const char *libraries = getenv("LD_LIBRARY_PATH");
    _cleanup_free_ char *variable = NULL;
    char *environment[] = {NULL, NULL}, *const * arguments;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int r;

    if (libraries && asprintf(&variable, "LD_LIBRARY_PATH=%s", libraries) < 0)
        return -ENOMEM;
    environment[0] = variable;
    /* It changes none of them. */
    memcpy(&arguments, &argv, sizeof(arguments));
    r = posix_spawnattr_init(&attributes);
    if (r != 0)
        return -r;
    set_signals(&attributes);
    r = posix_spawn_file_actions_init(&actions);
    if (r == 0) {
        r = add_actions(&actions, output);
        if (r == 0)
            r = posix_spawn(ret_pid, argv[0], &actions, &attributes, arguments, environment);
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    (void)posix_spawnattr_destroy(&attributes);
    return -r;
}

/* Reads until its end. Returns 0, -ETIMEDOUT, -EFBIG or another negative errno. */
static int collect(int fd, usec_t deadline, char *buffer, size_t size)
{
    size_t length = 0;

    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        usec_t left = usec_sub(deadline, now_mono());
        ssize_t n;

        if (left == 0)
            return -ETIMEDOUT;
        if (poll(&p, 1, (int)usec_to_ms(left) + 1) <= 0)
            continue;
        n = read(fd, buffer + length, size - length);
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        length += (size_t)n;
        if (length == size)
            return -EFBIG;
    }
    buffer[length] = '\0';
    return 0;
}

/* It may have closed its output and still be there. */
static int await_end(pid_t pid, usec_t deadline)
{
    const struct timespec pause = {.tv_nsec = 1000 * 1000};

    for (;;) {
        siginfo_t info = {0};

        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
            return -errno;
        if (info.si_pid == pid)
            return 0;
        if (now_mono() >= deadline)
            return -ETIMEDOUT;
        (void)nanosleep(&pause, NULL);
    }
}

int child_output(const char *const argv[], usec_t within, char *buffer, size_t size)
{
    usec_t deadline = usec_add(now_mono(), within);
    _cleanup_close_ int output = -1;
    int pipes[2], status = 0, r;
    pid_t pid = -1;

    if (pipe2(pipes, O_CLOEXEC) < 0)
        return -errno;
    output = pipes[0];
    r = start(argv, pipes[1], &pid);
    (void)close(pipes[1]);
    if (r < 0)
        return r;
    r = collect(output, deadline, buffer, size);
    if (r >= 0)
        r = await_end(pid, deadline);
    if (r < 0)
        (void)kill(pid, SIGKILL);
    /* One that hangs in the driver is waited for: there are not to be more of them. */
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (r < 0)
        return r;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

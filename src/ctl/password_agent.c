/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/password_agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-login.h>

#include "base/macros.h"

#define AGENT "pkttyagent"

enum { READY_TIMEOUT_MS = 5000 };

static pid_t agent;

static void stop_agent(void)
{
    if (agent <= 0)
        return;
    (void)kill(agent, SIGTERM);
    (void)waitpid(agent, NULL, 0);
    agent = 0;
}

static bool is_wanted(sd_bus *bus)
{
    const char *scope;

    return agent == 0 && geteuid() != 0 && isatty(STDIN_FILENO) == 1 &&
           isatty(STDERR_FILENO) == 1 && sd_bus_get_scope(bus, &scope) >= 0 &&
           streq(scope, "system");
}

/* A desktop's agent is nicer than ours. Who has no session has no other; and polkit would not look
 * for one that is only a fallback there. */
static bool may_have_other(void)
{
    _cleanup_free_ char *session = NULL;

    return sd_pid_get_session(0, &session) >= 0;
}

static _Noreturn void run_agent(int notify_fd, pid_t parent)
{
    char fd_text[16];
    sigset_t none;

    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    (void)snprintf(fd_text, sizeof(fd_text), "%d", notify_fd);
    (void)fcntl(notify_fd, F_SETFD, 0);
    execlp(AGENT, AGENT, "--notify-fd", fd_text, may_have_other() ? "--fallback" : NULL,
           (char *)NULL);
    _exit(EXIT_FAILURE);
}

/* It closes the pipe when it is registered; it has ended when that fails. */
static void wait_until_ready(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int r;

    do
        r = poll(&p, 1, READY_TIMEOUT_MS);
    while (r < 0 && errno == EINTR);
}

void password_agent_start(sd_bus *bus)
{
    _cleanup_close_ int ready = -1;
    _cleanup_close_ int notify = -1;
    pid_t self = getpid();
    int fds[2];

    if (!is_wanted(bus) || pipe2(fds, O_CLOEXEC) < 0)
        return;
    ready = fds[0];
    notify = fds[1];
    agent = fork();
    if (agent == 0)
        run_agent(notify, self);
    if (agent < 0)
        return;
    (void)atexit(stop_agent);
    close(TAKE_FD(notify));
    wait_until_ready(ready);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/child.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/macros.h"
#include "ctl/report.h"

enum {
    EXIT_CANNOT_RUN = 126, /* what shells say */
    EXIT_NOT_FOUND = 127,
    EXIT_SIGNAL = 128,
};

static const int forwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

/* There is one: a process has one set of signals. */
static struct {
    pid_t pid;
    ChildFunc f;
    void *userdata;
} child;

static int on_ended(sd_event_source *source, const siginfo_t *info, void *userdata)
{
    bool exited = info->si_code == CLD_EXITED;

    child.pid = 0;
    child.f(exited ? info->si_status : EXIT_SIGNAL + info->si_status, child.userdata);
    return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    /* What a key caused the terminal has sent to the command, too. */
    if (info->ssi_code != SI_KERNEL && child.pid > 0)
        (void)kill(child.pid, (int)info->ssi_signo);
    return 0;
}

static _Noreturn void run_command(char *const *command, pid_t parent)
{
    sigset_t none;
    int status;

    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(EXIT_SIGNAL + SIGTERM);
    execvp(command[0], command);
    status = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
    report_note("cannot run %s: %s", command[0], strerror(errno));
    _exit(status);
}

static int block_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (size_t i = 0; i < ELEMENTSOF(forwarded); i++)
        sigaddset(&set, forwarded[i]);
    return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

int child_start(sd_event *event, char *const *command, ChildFunc f, void *userdata)
{
    pid_t self = getpid(), pid;
    int r;

    r = block_signals();
    for (size_t i = 0; i < ELEMENTSOF(forwarded) && r >= 0; i++)
        r = sd_event_add_signal(event, NULL, forwarded[i], on_signal, NULL);
    if (r < 0)
        return r;
    pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        run_command(command, self);
    child.pid = pid;
    child.f = f;
    child.userdata = userdata;
    r = sd_event_add_child(event, NULL, pid, WEXITED, on_ended, NULL);
    return r < 0 ? r : 0;
}

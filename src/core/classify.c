/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>

#include "base/macros.h"
#include "core/classify.h"

/* systemd.exec(5): statuses by which systemd says that it could not execute the program. */
enum {
    SETUP_STATUS_MIN = 200,
    SETUP_STATUS_MAX = 243,
};

static const char *const failure_names[FAILURE_MAX] = {
        [FAILURE_PROCESS_EXIT] = "process_exit",
        [FAILURE_SIGNAL] = "signal",
        [FAILURE_HEALTH_CHECK] = "health_check_failure",
        [FAILURE_CUDA] = "cuda_error",
        [FAILURE_VRAM_OOM] = "vram_oom",
        [FAILURE_OUT_OF_MEMORY] = "out_of_memory",
        [FAILURE_DRIVER_RESET] = "driver_reset",
        [FAILURE_START_TIMEOUT] = "start_timeout",
        [FAILURE_EXEC_SETUP] = "exec_setup",
        [FAILURE_PREFLIGHT] = "preflight",
        [FAILURE_PROVISION] = "provision",
        [FAILURE_DRAIN_TIMEOUT] = "drain_timeout",
};

const char *failure_class_to_string(FailureClass c)
{
    return c > FAILURE_NONE && c < FAILURE_MAX ? failure_names[c] : NULL;
}

FailureClass failure_class_from_string(const char *s)
{
    for (int i = FAILURE_NONE + 1; i < FAILURE_MAX; i++)
        if (streq(failure_names[i], s))
            return (FailureClass)i;
    return FAILURE_INVALID;
}

UnitEnd unit_end_classify(const UnitObservation *u)
{
    UnitEnd end = {.failure = FAILURE_PROCESS_EXIT, .exit_status = -1};

    if (u->exec_main_code == CLD_EXITED) {
        end.exit_status = u->exec_main_status;
        if (end.exit_status >= SETUP_STATUS_MIN && end.exit_status <= SETUP_STATUS_MAX) {
            end.failure = FAILURE_EXEC_SETUP;
            end.set_up = true;
        } else if (end.exit_status == 0) {
            end.failure = FAILURE_NONE;
        }
    } else if (u->exec_main_code == CLD_KILLED || u->exec_main_code == CLD_DUMPED) {
        end.signal = u->exec_main_status;
        end.failure = FAILURE_SIGNAL;
    } else if (u->result == UNIT_RESULT_RESOURCES) {
        /* systemd could not even fork: cgroup, memory, namespaces. */
        end.failure = FAILURE_EXEC_SETUP;
        end.set_up = true;
    }
    if (u->result == UNIT_RESULT_OOM_KILL)
        end.failure = FAILURE_OUT_OF_MEMORY;
    return end;
}

/* The set-up failures that people meet; the others are told by their number. */
static const struct {
    int status;
    const char *text;
} setup_texts[] = {
        {200, "its working directory cannot be entered"},
        {203, "the binary is missing, is not executable, or is not a program of this machine"},
        {209, "its standard output cannot be opened"},
        {217, "its user does not exist or cannot be made"},
        {226, "its sandbox (mount namespace) cannot be set up: is the model's path right?"},
        {228, "its system-call filter cannot be set up"},
        {243, "a credential cannot be read"},
};

static const char *setup_text(int status)
{
    for (size_t i = 0; i < ELEMENTSOF(setup_texts); i++)
        if (setup_texts[i].status == status)
            return setup_texts[i].text;
    return "see systemd.exec(5), process exit codes";
}

void unit_end_describe(const UnitEnd *end, char *buffer, size_t size)
{
    const char *name = signal_name(end->signal);

    if (end->set_up && end->exit_status < 0)
        (void)snprintf(buffer, size, "could not be executed: the service manager lacks resources");
    else if (end->set_up)
        (void)snprintf(buffer, size, "could not be executed: %s (status %d)",
                       setup_text(end->exit_status), end->exit_status);
    else if (end->failure == FAILURE_OUT_OF_MEMORY)
        (void)snprintf(buffer, size,
                       "was killed because memory ran out, its memory_max or the host's");
    else if (end->signal != 0 && name)
        (void)snprintf(buffer, size, "was killed by signal %s", name);
    else if (end->signal != 0)
        (void)snprintf(buffer, size, "was killed by signal %d", end->signal);
    else if (end->exit_status >= 0)
        (void)snprintf(buffer, size, "exited with status %d", end->exit_status);
    else
        (void)snprintf(buffer, size, "ended; how is not on record");
}

const char *signal_name(int signal)
{
    static const char *const names[] = {
            [SIGHUP] = "SIGHUP",       [SIGINT] = "SIGINT",   [SIGQUIT] = "SIGQUIT",
            [SIGILL] = "SIGILL",       [SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT",
            [SIGBUS] = "SIGBUS",       [SIGFPE] = "SIGFPE",   [SIGKILL] = "SIGKILL",
            [SIGUSR1] = "SIGUSR1",     [SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
            [SIGPIPE] = "SIGPIPE",     [SIGALRM] = "SIGALRM", [SIGTERM] = "SIGTERM",
            [SIGSTKFLT] = "SIGSTKFLT", [SIGXCPU] = "SIGXCPU", [SIGXFSZ] = "SIGXFSZ",
            [SIGSYS] = "SIGSYS",
    };

    return signal > 0 && (size_t)signal < ELEMENTSOF(names) ? names[signal] : NULL;
}

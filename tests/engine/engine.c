/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <json.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "base/macros.h"
#include "engine.h"

enum { FORKS_PER_TICK = 64 };

static int64_t clock_ms(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void engine_init(Engine *e, const EngineOptions *options, char **argv)
{
    *e = (Engine){
            .options = *options,
            .argv = argv,
            .start_ms = clock_ms(CLOCK_MONOTONIC),
            .health_status = options->healthy_after_ms != OPTION_UNSET ? 503 : options->status,
            .health_hangs = options->hang_health,
            .stop_at_ms = OPTION_UNSET,
    };
}

int64_t engine_now_ms(const Engine *e)
{
    return clock_ms(CLOCK_MONOTONIC) - e->start_ms;
}

static json_object *json_strings(char *const *strings)
{
    json_object *array = json_object_new_array();

    for (; *strings; strings++)
        json_object_array_add(array, json_object_new_string(*strings));
    return array;
}

char *engine_describe(const Engine *e)
{
    json_object *o = json_object_new_object();
    _cleanup_free_ char *directory = getcwd(NULL, 0);
    char *text;

    json_object_object_add(o, "pid", json_object_new_int64(getpid()));
    json_object_object_add(o, "uid", json_object_new_int64(getuid()));
    json_object_object_add(o, "child", e->child ? json_object_new_int64(e->child) : NULL);
    json_object_object_add(o, "directory", directory ? json_object_new_string(directory) : NULL);
    json_object_object_add(o, "argv", json_strings(e->argv));
    json_object_object_add(o, "environment", json_strings(environ));
    text = strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
                                                            JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(o);
    return text;
}

char *engine_describe_checks(const Engine *e)
{
    json_object *o = json_object_new_object(), *times = json_object_new_array(),
                *gaps = json_object_new_array();
    char *text;

    for (uint64_t i = 0; i < e->checks && i < ENGINE_CHECKS_MAX; i++) {
        json_object_array_add(times, json_object_new_int64(e->check_ms[i]));
        if (i > 0)
            json_object_array_add(gaps, json_object_new_int64(e->check_ms[i] - e->check_ms[i - 1]));
    }
    json_object_object_add(o, "checks", json_object_new_int64((int64_t)e->checks));
    json_object_object_add(o, "since_start_ms", times);
    json_object_object_add(o, "gaps_ms", gaps);
    json_object_object_add(o, "first_unix_ms", json_object_new_int64(e->first_check_unix_ms));
    text = strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
                                                            JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(o);
    return text;
}

/* One JSON line for each argument and each variable. */
static void dump(const Engine *e)
{
    FILE *f = streq(e->options.dump, "stdout") ? stdout : fopen(e->options.dump, "we");

    if (!f) {
        perror(e->options.dump);
        exit(1);
    }
    for (char **arg = e->argv; *arg; arg++) {
        json_object *o = json_object_new_object();

        json_object_object_add(o, "arg", json_object_new_string(*arg));
        fprintf(f, "%s\n",
                json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
                                                          JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(o);
    }
    for (char **variable = environ; *variable; variable++) {
        json_object *o = json_object_new_object();

        json_object_object_add(o, "env", json_object_new_string(*variable));
        fprintf(f, "%s\n",
                json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
                                                          JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(o);
    }
    if (f != stdout)
        fclose(f);
}

/* A child as badly run engines have them: out of the session, deaf to SIGTERM. */
static _Noreturn void be_child(int ready_fd)
{
    sigset_t all;

    setsid();
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    close(ready_fd);
    for (;;)
        pause();
}

/* Returns when the child is what it is to be: the end of the pipe tells. */
static void start_child(Engine *e)
{
    int fds[2];
    char end;

    if (pipe2(fds, O_CLOEXEC) < 0 || (e->child = fork()) < 0) {
        perror("--setsid-child");
        exit(1);
    }
    if (e->child == 0)
        be_child(fds[1]);
    close(fds[1]);
    while (read(fds[0], &end, 1) < 0 && errno == EINTR)
        ;
    close(fds[0]);
    printf("child %d\n", (int)e->child);
}

/* Nobody can kill it by its pid: it has another one by then. */
static void start_comet(void)
{
    if (fork() != 0)
        return;
    for (;;)
        if (fork() > 0)
            _exit(0);
}

/* The main process stays, without a part in anything. */
static void leave_to_child(void)
{
    if (fork() > 0)
        for (;;)
            pause();
}

/* Some of them; the rest at the next tick. */
static void fork_children(Engine *e)
{
    for (int i = 0; i < FORKS_PER_TICK && e->options.forks > 0; i++) {
        pid_t pid = fork();

        if (pid < 0)
            return;
        if (pid == 0)
            for (;;)
                pause();
        e->options.forks--;
    }
}

void engine_start(Engine *e)
{
    const EngineOptions *o = &e->options;
    /* It dies on purpose: nobody wants the core. */
    struct rlimit no_core = {};

    setrlimit(RLIMIT_CORE, &no_core);
    if (o->print)
        puts(o->print);
    if (o->print_stderr)
        fprintf(stderr, "%s\n", o->print_stderr);
    if (o->dump)
        dump(e);
    if (o->setsid_child)
        start_child(e);
    if (o->child_serves)
        leave_to_child();
    if (o->comet)
        start_comet();
    if (o->abort_at_once)
        abort();
    if (o->exit_at_once)
        exit(o->exit_status);
}

void engine_count_check(Engine *e)
{
    if (e->checks < ENGINE_CHECKS_MAX)
        e->check_ms[e->checks] = engine_now_ms(e);
    if (e->checks++ == 0)
        e->first_check_unix_ms = clock_ms(CLOCK_REALTIME);
}

void engine_asked_to_stop(Engine *e)
{
    if (e->options.ignore_sigterm) {
        puts("asked to stop, does not care");
        return;
    }
    if (e->stop_at_ms != OPTION_UNSET)
        return;
    puts("asked to stop");
    e->stop_at_ms = engine_now_ms(e) + e->options.stop_takes_ms;
}

/* Whether *at is over, true once; otherwise *next is no later than it. */
static bool due(int64_t *at, int64_t now, int64_t *next)
{
    if (*at > now) {
        *next = *at < *next ? *at : *next;
        return false;
    }
    *at = OPTION_UNSET;
    return true;
}

int64_t engine_tick(Engine *e)
{
    EngineOptions *o = &e->options;
    int64_t now = engine_now_ms(e), next = OPTION_UNSET;

    if (due(&e->stop_at_ms, now, &next))
        exit(0);
    if (due(&o->exit_after_ms, now, &next))
        exit(o->exit_status);
    if (due(&o->healthy_after_ms, now, &next))
        e->health_status = o->status;
    if (due(&o->unhealthy_after_ms, now, &next))
        e->health_status = 503;
    if (due(&o->close_port_after_ms, now, &next))
        e->port_closed = true;
    if (o->forks > 0) {
        fork_children(e);
        next = now;
    }
    if (o->flood) {
        for (int i = 0; i < 100; i++)
            printf("flood: the quick brown fox jumps over the lazy dog, line %d at %lld ms\n", i,
                   (long long)now);
        next = now;
    }
    return next;
}

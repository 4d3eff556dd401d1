/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"
#include "known_http.h"
#include "known_unit.h"

/*
 * Does one thing, and says how long it takes until its outcome is known: so that all who are
 * compared are looked at in the same way.
 */

static const char usage[] =
        "usage: until-known OPTION... ACTION\n\n"
        "  --poll PORT/PATH        GETs it again and again, until the answer is 200\n"
        "    --ask FILE              sends the request in FILE instead, and\n"
        "    --until TEXT            until the answer has this in it, too\n"
        "    --without TEXT          until there is no answer of 200 with this in it\n"
        "  --answer                waits for the answer, which has to be 200 (post)\n"
        "  --stream PORT/PATH=TEXT waits until this, which was open before, says the text\n\n"
        "  exec PROGRAM [ARG]...   the engine itself, which is killed afterwards\n"
        "  run PROGRAM [ARG]...    a command, whose end is awaited afterwards\n"
        "  unit NAME PROGRAM [ARG]...  a transient unit that is told nothing else\n"
        "  engine NAME FILE [PROPERTY]...  one with all that pool-managerd tells that of a\n"
        "                          preload, but for these properties\n"
        "  post PORT FILE          sends the HTTP request that is in FILE\n"
        "  kill PID                SIGKILL\n\n"
        "Prints JSON: the milliseconds until each way has said so.\n";

enum {
    LIMIT_MS = 120000,
    /* Between two looks: 0.5 % of the time waited, as looking takes from the engine's time. */
    PAUSE_DIVISOR = 200,
    PAUSE_MIN_NS = 100000,
};

typedef struct Place {
    int port; /* 0: not asked for */
    char path[256];
    const char *text;
} Place;

typedef struct Known {
    Place poll, stream;
    char *question; /* of `poll` */
    bool without, answer;
    double polled, answered, streamed; /* ms; negative: not yet */
    struct timespec began;

    sd_bus *bus;
    sd_bus_message *call;
    char *request;
    size_t request_length;
    pid_t child;
    bool is_engine;
} Known;

static HttpReading look, answer = {.fd = -1}, stream = {.fd = -1};

static double passed(const Known *k)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - k->began.tv_sec) * 1e3 +
           (double)(now.tv_nsec - k->began.tv_nsec) / 1e6;
}

static int number(const char *s, char end, long max)
{
    char *rest;
    long n = strtol(s, &rest, 10);

    if (rest == s || *rest != end || n < 1 || n > max)
        errx(2, "'%s' begins with no number", s);
    return (int)n;
}

/* PORT/PATH; with `text`, also =TEXT behind it. */
static void parse_place(const char *s, bool text, Place *ret)
{
    const char *slash = strchr(s, '/'), *end = text ? strrchr(s, '=') : s + strlen(s);

    if (!slash || !end || end < slash || (size_t)(end - slash) >= sizeof(ret->path))
        errx(2, "'%s' is no place to look at", s);
    ret->port = number(s, '/', 65535);
    (void)memcpy(ret->path, slash, (size_t)(end - slash));
    if (text)
        ret->text = end + 1;
}

static char *read_file(const char *path, size_t *ret_length)
{
    FILE *f = fopen(path, "re");
    char *text = calloc(1, HTTP_BUFFER);

    if (!f || !text)
        err(1, "%s", path);
    *ret_length = fread(text, 1, HTTP_BUFFER - 1, f);
    (void)fclose(f);
    return text;
}

static char *make_get(const char *path)
{
    char *request;

    if (asprintf(&request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path) < 0)
        err(1, NULL);
    return request;
}

static void open_stream(const Place *place)
{
    char *request = make_get(place->path);

    stream.fd = http_connect(place->port);
    if (stream.fd < 0 || !http_send(stream.fd, request, strlen(request)))
        errx(1, "no stream at port %d", place->port);
    while (!strstr(stream.text, "\r\n\r\n"))
        if (!http_read(&stream))
            errx(1, "the stream has no head");
    free(request);
}

/* What the action takes, done before the clock begins to run. */
static void prepare(Known *k, char **action)
{
    bool bare = streq(action[0], "unit");
    size_t length;
    int r;

    if (streq(action[0], "post")) {
        k->request = read_file(action[2], &k->request_length);
    } else if (bare || streq(action[0], "engine")) {
        r = sd_bus_open_system(&k->bus);
        if (r < 0)
            errx(1, "no bus: %s", strerror(-r));
        k->call =
                bare ? unit_bare(k->bus, action[1], action + 2)
                     : unit_as_engine(k->bus, action[1], read_file(action[2], &length), action + 3);
    }
    if (!k->question)
        k->question = make_get(k->poll.path);
    if (k->stream.port != 0)
        open_stream(&k->stream);
}

static void spawn(Known *k, char **argv)
{
    posix_spawn_file_actions_t actions;
    int r;

    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    r = posix_spawnp(&k->child, argv[0], &actions, NULL, argv, environ);
    if (r != 0)
        errx(1, "%s: %s", argv[0], strerror(r));
    (void)posix_spawn_file_actions_destroy(&actions);
}

static void act(Known *k, char **action)
{
    (void)clock_gettime(CLOCK_MONOTONIC, &k->began);
    if (k->call) {
        unit_start(k->bus, k->call);
    } else if (k->request) {
        answer.fd = http_connect(number(action[1], '\0', 65535));
        if (answer.fd < 0 || !http_send(answer.fd, k->request, k->request_length))
            errx(1, "nobody takes the request at port %s", action[1]);
    } else if (streq(action[0], "kill")) {
        if (kill(number(action[1], '\0', 1 << 22), SIGKILL) < 0)
            err(1, "kill");
    } else {
        k->is_engine = streq(action[0], "exec");
        spawn(k, action + 1);
    }
}

static bool is_known(const Known *k)
{
    bool good = http_ask(k->poll.port, k->question, &look) == 200;

    if (good && k->poll.text)
        good = strstr(look.text, k->poll.text);
    return good != k->without;
}

/* All wait in the same way, those who could sleep until they are told, too: how busy the one who
 * waits keeps the processors has an effect on how soon the kernel is done with a unit. */
static void take_a_break(const Known *k)
{
    double waited = passed(k);
    long pause_ns = (long)(waited * 1e6 / PAUSE_DIVISOR);
    struct timespec pause = {.tv_nsec = pause_ns > PAUSE_MIN_NS ? pause_ns : PAUSE_MIN_NS};

    if (waited > LIMIT_MS)
        errx(1, "not known after %d s; the last answer: %.2000s", LIMIT_MS / 1000, look.text);
    (void)nanosleep(&pause, NULL);
}

static void look_again(Known *k)
{
    while (!is_known(k)) {
        if (k->bus)
            unit_check_answer(k->bus);
        take_a_break(k);
    }
    k->polled = passed(k);
}

static void take_answer(Known *k)
{
    bool more = http_read(&answer);

    if (http_is_whole(&answer)) {
        k->answered = passed(k);
        if (http_status(&answer) != 200)
            errx(1, "refused: %.2000s", answer.text);
    } else if (!more) {
        errx(1, "no answer: %.2000s", answer.text);
    }
}

static void take_stream(Known *k)
{
    if (!http_read(&stream))
        errx(1, "the stream has ended");
    if (k->streamed < 0 && strstr(stream.text, k->stream.text))
        k->streamed = passed(k);
}

static void listen_to_both(Known *k)
{
    while ((k->answer && k->answered < 0) || (k->stream.port != 0 && k->streamed < 0)) {
        struct pollfd fds[] = {
                {.fd = k->answered < 0 ? answer.fd : -1, .events = POLLIN},
                {.fd = stream.fd, .events = POLLIN},
        };

        if (poll(fds, ELEMENTSOF(fds), 0) < 0)
            err(1, "poll");
        if (fds[1].revents)
            take_stream(k);
        if (fds[0].revents)
            take_answer(k);
        if (!fds[0].revents && !fds[1].revents)
            take_a_break(k);
    }
}

static void clean_up(Known *k)
{
    int status = 0;

    if (k->bus)
        unit_check_answer(k->bus);
    if (k->child <= 0)
        return;
    if (k->is_engine)
        (void)kill(k->child, SIGKILL);
    (void)waitpid(k->child, &status, 0);
    if (!k->is_engine && status != 0)
        errx(1, "the command has failed");
}

static void print(const Known *k)
{
    const struct {
        const char *name;
        double ms;
    } rows[] = {{"poll", k->polled}, {"answer", k->answered}, {"stream", k->streamed}};
    const char *comma = "{";

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        if (rows[i].ms < 0)
            continue;
        (void)printf("%s\"%s\": %.4f", comma, rows[i].name, rows[i].ms);
        comma = ", ";
    }
    (void)printf("}\n");
}

static char **parse(int argc, char **argv, Known *k)
{
    size_t length;
    int i;

    for (i = 1; i < argc && startswith(argv[i], "--"); i++) {
        bool has_value = i + 1 < argc;

        if (streq(argv[i], "--answer")) {
            k->answer = true;
        } else if (streq(argv[i], "--poll") && has_value) {
            parse_place(argv[++i], false, &k->poll);
        } else if (streq(argv[i], "--ask") && has_value) {
            k->question = read_file(argv[++i], &length);
        } else if (streq(argv[i], "--stream") && has_value) {
            parse_place(argv[++i], true, &k->stream);
        } else if ((streq(argv[i], "--until") || streq(argv[i], "--without")) && has_value) {
            k->without = streq(argv[i], "--without");
            k->poll.text = argv[++i];
        } else {
            break;
        }
    }
    return argv + i;
}

static bool is_action(char **action)
{
    static const struct {
        const char *name;
        int arguments;
    } actions[] = {{"exec", 1}, {"run", 1}, {"unit", 2}, {"engine", 2}, {"post", 2}, {"kill", 1}};
    int n = 0;

    while (action[n])
        n++;
    for (size_t i = 0; n > 0 && i < ELEMENTSOF(actions); i++)
        if (streq(action[0], actions[i].name))
            return n > actions[i].arguments;
    return false;
}

int main(int argc, char **argv)
{
    Known k = {.polled = -1, .answered = -1, .streamed = -1};
    char **action = parse(argc, argv, &k);

    if (!is_action(action) || (k.poll.port == 0 && !k.answer && k.stream.port == 0)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    /* Pauses are as long as they are said to be. */
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
    prepare(&k, action);
    act(&k, action);
    if (k.poll.port != 0)
        look_again(&k);
    listen_to_both(&k);
    clean_up(&k);
    print(&k);
    return 0;
}

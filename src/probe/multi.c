/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/multi.h"

#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/usec.h"

/*
 * CURLMOPT_QUICK_EXIT, which libcurl has since 8.20 and needs so that curl_multi_cleanup() does not
 * wait for name lookups. By number, since we may run with a newer libcurl than we were built with.
 */
#define OPTION_QUICK_EXIT ((CURLMoption)21)

enum {
    SOCKETS_A_TURN = 16, /* some 50 µs each */
};

/*
 * The sockets are in an epoll of their own, of which the loop watches the descriptor. sd-event asks
 * in each turn for all that is ready, and takes one: with a thousand answers at once, each would be
 * looked at a thousand times.
 */
struct Multi {
    CURLM *curlm; /* NULL after a failure, until the next transfer */
    int sockets;  /* epoll */
    sd_event_source *ready;
    sd_event_source *timer;
    bool unwatched; /* a socket could not be added */
    MultiFunc f;
    MultiFailedFunc failed;
    void *userdata;
};

static void report_ended(Multi *m)
{
    CURLMsg *message;
    int left;

    while (m->curlm && (message = curl_multi_info_read(m->curlm, &left))) {
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;

        /* Removing invalidates the message. */
        (void)curl_multi_remove_handle(m->curlm, easy);
        m->f(easy, code, m->userdata);
    }
}

/* After a failure libcurl may never end some transfer, or crash when it goes on: 7.88 keeps a hash
 * that it has destroyed for a socket, and adds to it when that number comes again. */
static void start_over(Multi *m)
{
    m->failed(m->userdata);
    (void)curl_multi_cleanup(TAKE_PTR(m->curlm));
    (void)sd_event_source_set_enabled(m->timer, SD_EVENT_OFF);
}

/* Lets libcurl do what is due on the socket, or by the clock. */
static void act(Multi *m, curl_socket_t fd, int mask)
{
    CURLMcode code;
    int running;

    if (!m->curlm)
        return;
    m->unwatched = false;
    code = curl_multi_socket_action(m->curlm, fd, mask, &running);
    if (code != CURLM_OK || m->unwatched)
        start_over(m);
}

/* One that is of no interest any more is unknown to libcurl, which takes no notice of it. */
static void on_socket(Multi *m, const struct epoll_event *e)
{
    int mask = 0;

    /* A hang-up or an error counts as readable: what came before it is read, then the error. */
    if (e->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        mask |= CURL_CSELECT_IN;
    if (e->events & EPOLLOUT)
        mask |= CURL_CSELECT_OUT;
    act(m, e->data.fd, mask);
}

static int on_ready(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct epoll_event events[SOCKETS_A_TURN];
    Multi *m = userdata;
    int n = epoll_wait(m->sockets, events, SOCKETS_A_TURN, 0);

    for (int i = 0; i < n; i++)
        on_socket(m, &events[i]);
    report_ended(m);
    return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    Multi *m = userdata;

    act(m, CURL_SOCKET_TIMEOUT, 0);
    report_ended(m);
    return 0;
}

static uint32_t epoll_events(int what)
{
    return (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
}

/* CURLMOPT_SOCKETFUNCTION: `socketp` is set for a socket that is watched. To fail from here would
 * make libcurl refuse what is added until all have been removed. */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *socketp)
{
    struct epoll_event e = {.events = epoll_events(what), .data.fd = fd};
    Multi *m = userdata;

    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(m->sockets, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    /* One that libcurl has closed is out of the epoll, whatever has its number now. */
    if (epoll_ctl(m->sockets, socketp ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e) < 0 &&
        epoll_ctl(m->sockets, socketp ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &e) < 0)
        m->unwatched = true;
    (void)curl_multi_assign(m->curlm, fd, m);
    return 0;
}

/* CURLMOPT_TIMERFUNCTION: wants a call in `timeout_ms`, -1 for none. */
static int set_timer(CURLM *curlm, long timeout_ms, void *userdata)
{
    Multi *m = userdata;
    int r;

    if (timeout_ms < 0)
        return sd_event_source_set_enabled(m->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
    r = sd_event_source_set_time_relative(m->timer, (usec_t)timeout_ms * USEC_PER_MSEC);
    if (r >= 0)
        r = sd_event_source_set_enabled(m->timer, SD_EVENT_ONESHOT);
    return r < 0 ? -1 : 0;
}

static int add_sources(Multi *m, sd_event *event)
{
    int r;

    m->sockets = epoll_create1(EPOLL_CLOEXEC);
    if (m->sockets < 0)
        return -errno;
    r = sd_event_add_io(event, &m->ready, m->sockets, EPOLLIN, on_ready, m);
    /* Accurate to the microsecond: the default of 250 ms would delay every try. */
    if (r >= 0)
        r = sd_event_add_time(event, &m->timer, CLOCK_MONOTONIC, USEC_INFINITY, 1, on_timer, m);
    if (r >= 0)
        r = sd_event_source_set_enabled(m->timer, SD_EVENT_OFF);
    return r;
}

static int ensure_curlm(Multi *m)
{
    if (m->curlm)
        return 0;
    m->curlm = curl_multi_init();
    if (!m->curlm)
        return -ENOMEM;
    /* Those that all versions know cannot fail. */
    (void)curl_multi_setopt(m->curlm, CURLMOPT_SOCKETFUNCTION, watch_socket);
    (void)curl_multi_setopt(m->curlm, CURLMOPT_SOCKETDATA, m);
    (void)curl_multi_setopt(m->curlm, CURLMOPT_TIMERFUNCTION, set_timer);
    (void)curl_multi_setopt(m->curlm, CURLMOPT_TIMERDATA, m);
    /* Older ones do not know it. */
    (void)curl_multi_setopt(m->curlm, OPTION_QUICK_EXIT, 1L);
    return 0;
}

int multi_new(sd_event *event, MultiFunc f, MultiFailedFunc failed, void *userdata, Multi **ret)
{
    _cleanup_(multi_freep) Multi *m = NULL;
    int r;

    if (!(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS))
        return -EOPNOTSUPP;
    m = malloc(sizeof(*m));
    if (!m)
        return -ENOMEM;
    *m = (Multi){.sockets = -1, .f = f, .failed = failed, .userdata = userdata};
    r = add_sources(m, event);
    if (r >= 0)
        r = ensure_curlm(m);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(m);
    return 0;
}

Multi *multi_free(Multi *m)
{
    if (!m)
        return NULL;
    /* libcurl may still call back while it closes what it kept: the rest goes after it. */
    (void)curl_multi_cleanup(m->curlm);
    sd_event_source_disable_unref(m->timer);
    sd_event_source_disable_unref(m->ready);
    closep(&m->sockets);
    free(m);
    return NULL;
}

int multi_add(Multi *m, CURL *easy)
{
    CURLMcode code;
    int r = ensure_curlm(m);

    if (r < 0)
        return r;
    code = curl_multi_add_handle(m->curlm, easy);
    if (code == CURLM_OUT_OF_MEMORY)
        return -ENOMEM;
    return code == CURLM_OK ? 0 : -EIO;
}

void multi_remove(Multi *m, CURL *easy)
{
    (void)curl_multi_remove_handle(m->curlm, easy);
}

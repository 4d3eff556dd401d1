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

struct Multi {
    sd_event *event;
    CURLM *curlm;
    sd_event_source *timer;
    MultiFunc f;
    void *userdata;
};

static void report_ended(Multi *m)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(m->curlm, &left))) {
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;

        /* Removing invalidates the message. */
        (void)curl_multi_remove_handle(m->curlm, easy);
        m->f(easy, code, m->userdata);
    }
}

static int on_socket(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    Multi *m = userdata;
    int mask = 0, running;

    /* A hang-up or an error counts as readable: what came before it is read, then the error. */
    if (revents & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        mask |= CURL_CSELECT_IN;
    if (revents & EPOLLOUT)
        mask |= CURL_CSELECT_OUT;
    (void)curl_multi_socket_action(m->curlm, fd, mask, &running);
    report_ended(m);
    return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    Multi *m = userdata;
    int running;

    (void)curl_multi_socket_action(m->curlm, CURL_SOCKET_TIMEOUT, 0, &running);
    report_ended(m);
    return 0;
}

static uint32_t epoll_events(int what)
{
    return (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
}

/* CURLMOPT_SOCKETFUNCTION: `socketp` is the event source that watches `fd`, or NULL. */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *socketp)
{
    sd_event_source *source = socketp;
    Multi *m = userdata;

    /* A new source each time: if libcurl closed the socket and got its number again, the old one is
     * dead. */
    sd_event_source_disable_unref(source);
    source = NULL;
    if (what != CURL_POLL_REMOVE)
        /* Failing here would make libcurl give up all transfers; so only this one runs into its
         * time limit. */
        (void)sd_event_add_io(m->event, &source, fd, epoll_events(what), on_socket, m);
    (void)curl_multi_assign(m->curlm, fd, source);
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

static int set_up(Multi *m)
{
    int r;

    /* Accurate to the microsecond: the default of 250 ms would delay every try. */
    r = sd_event_add_time(m->event, &m->timer, CLOCK_MONOTONIC, USEC_INFINITY, 1, on_timer, m);
    if (r >= 0)
        r = sd_event_source_set_enabled(m->timer, SD_EVENT_OFF);
    if (r < 0)
        return r;

    m->curlm = curl_multi_init();
    if (!m->curlm)
        return -ENOMEM;
    if (curl_multi_setopt(m->curlm, CURLMOPT_SOCKETFUNCTION, watch_socket) != CURLM_OK ||
        curl_multi_setopt(m->curlm, CURLMOPT_SOCKETDATA, m) != CURLM_OK ||
        curl_multi_setopt(m->curlm, CURLMOPT_TIMERFUNCTION, set_timer) != CURLM_OK ||
        curl_multi_setopt(m->curlm, CURLMOPT_TIMERDATA, m) != CURLM_OK)
        return -EIO;
    /* Older ones do not know it. */
    (void)curl_multi_setopt(m->curlm, OPTION_QUICK_EXIT, 1L);
    return 0;
}

int multi_new(sd_event *event, MultiFunc f, void *userdata, Multi **ret)
{
    _cleanup_(multi_freep) Multi *m = NULL;
    int r;

    if (!(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS))
        return -EOPNOTSUPP;
    m = malloc(sizeof(*m));
    if (!m)
        return -ENOMEM;
    *m = (Multi){.event = sd_event_ref(event), .f = f, .userdata = userdata};
    r = set_up(m);
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
    sd_event_unref(m->event);
    free(m);
    return NULL;
}

int multi_add(Multi *m, CURL *easy)
{
    CURLMcode code = curl_multi_add_handle(m->curlm, easy);

    if (code == CURLM_OUT_OF_MEMORY)
        return -ENOMEM;
    return code == CURLM_OK ? 0 : -EIO;
}

void multi_remove(Multi *m, CURL *easy)
{
    (void)curl_multi_remove_handle(m->curlm, easy);
}

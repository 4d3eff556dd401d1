/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/probe.h"

#include <errno.h>
#include <sys/queue.h>

#include "probe/curl_memory.h"
#include "probe/multi.h"
#include "probe/outcome.h"
#include "probe/request.h"

TAILQ_HEAD(ProbeList, Probe);

struct Prober {
    CURL *defaults; /* never runs itself: each try is a copy */
    Multi *multi;
    sd_event_source *deliver; /* on while `ended` has something */
    struct ProbeList running;
    struct ProbeList ended; /* judged, their functions not called yet */
};

struct Probe {
    TAILQ_ENTRY(Probe) list;
    Prober *prober;
    CURL *easy; /* NULL once ended */
    ProbeFunc f;
    void *userdata;
    usec_t timeout_usec;
    uint64_t shortages; /* of memory, before it began */
    Progress progress;
    Outcome outcome;
};

static void end(Probe *probe)
{
    Prober *p = probe->prober;

    probe->easy = probe_request_free(probe->easy);
    TAILQ_REMOVE(&p->running, probe, list);
    TAILQ_INSERT_TAIL(&p->ended, probe, list);
    (void)sd_event_source_set_enabled(p->deliver, SD_EVENT_ON);
}

/* MultiFunc */
static void on_ended(CURL *easy, CURLcode code, void *userdata)
{
    Transfer transfer = {.code = code};
    curl_off_t first_byte_usec = 0;
    void *private = NULL;
    Probe *probe;

    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    (void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &transfer.os_errno);
    (void)curl_easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_usec);
    transfer.began = first_byte_usec > 0;
    probe = private;
    transfer.was_short = curl_memory_shortages() != probe->shortages;
    if (transfer.os_errno == 0)
        transfer.os_errno = probe->progress.socket_errno;
    outcome_judge(&probe->progress.answer, &transfer, probe->timeout_usec, &probe->outcome);
    end(probe);
}

/* MultiFailedFunc */
static void on_failed(void *userdata)
{
    Prober *p = userdata;
    Probe *probe;

    while ((probe = TAILQ_FIRST(&p->running))) {
        multi_remove(p->multi, probe->easy);
        probe->outcome = (Outcome){.not_made = true};
        end(probe);
    }
}

/* Calls one function a turn: it may free the prober, so nothing may follow it. */
static int on_deliver(sd_event_source *source, void *userdata)
{
    Prober *p = userdata;
    Probe *probe = TAILQ_FIRST(&p->ended);
    Outcome outcome;
    ProbeFunc f;

    if (!probe)
        return sd_event_source_set_enabled(source, SD_EVENT_OFF);
    outcome = probe->outcome;
    f = probe->f;
    userdata = probe->userdata;
    (void)probe_free(probe);
    f(outcome.good, outcome.good || outcome.not_made ? NULL : outcome.error, userdata);
    return 0;
}

static int set_up(Prober *p, sd_event *event)
{
    int r;

    r = multi_new(event, on_ended, on_failed, p, &p->multi);
    if (r >= 0)
        r = request_defaults_new(&p->defaults);
    if (r >= 0)
        r = sd_event_add_defer(event, &p->deliver, on_deliver, p);
    if (r >= 0)
        r = sd_event_source_set_enabled(p->deliver, SD_EVENT_OFF);
    return r;
}

int prober_new(sd_event *event, Prober **ret)
{
    _cleanup_(prober_freep) Prober *p = NULL;
    int r;

    p = malloc(sizeof(*p));
    if (!p)
        return -ENOMEM;
    *p = (Prober){};
    TAILQ_INIT(&p->running);
    TAILQ_INIT(&p->ended);
    r = curl_memory_init();
    if (r < 0) {
        free(TAKE_PTR(p));
        return r;
    }
    r = set_up(p, event);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(p);
    return 0;
}

Prober *prober_free(Prober *p)
{
    Probe *probe;

    if (!p)
        return NULL;
    while ((probe = TAILQ_FIRST(&p->running)))
        (void)probe_free(probe);
    while ((probe = TAILQ_FIRST(&p->ended)))
        (void)probe_free(probe);
    (void)sd_event_source_disable_unref(p->deliver);
    (void)multi_free(p->multi);
    (void)probe_request_free(p->defaults);
    curl_global_cleanup();
    free(p);
    return NULL;
}

int probe_start(Prober *p, const ProbeTarget *target, ProbeFunc f, void *userdata, Probe **ret)
{
    Probe *probe;
    int r;

    probe = malloc(sizeof(*probe));
    if (!probe)
        return -ENOMEM;
    *probe = (Probe){.prober = p,
                     .f = f,
                     .userdata = userdata,
                     .timeout_usec = target->timeout_usec,
                     .shortages = curl_memory_shortages()};

    r = probe_request_new(p->defaults, target, &probe->progress, probe, &probe->easy);
    if (r >= 0)
        r = multi_add(p->multi, probe->easy);
    if (r < 0) {
        (void)probe_request_free(probe->easy);
        free(probe);
        return r;
    }
    TAILQ_INSERT_TAIL(&p->running, probe, list);
    *ret = probe;
    return 0;
}

void probe_set_userdata(Probe *probe, void *userdata)
{
    if (probe)
        probe->userdata = userdata;
}

Probe *probe_free(Probe *probe)
{
    Prober *p;

    if (!probe)
        return NULL;
    p = probe->prober;
    if (probe->easy) {
        multi_remove(p->multi, probe->easy);
        (void)probe_request_free(probe->easy);
        TAILQ_REMOVE(&p->running, probe, list);
    } else {
        TAILQ_REMOVE(&p->ended, probe, list);
    }
    free(probe);
    return NULL;
}

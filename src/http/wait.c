/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "http/connection.h"
#include "http/wait.h"

enum {
    TIMER_ACCURACY_USEC = 10 * 1000,
};

static void start_waiting(HttpRequest *request)
{
    request->waiting = true;
    deadline_start(&request->server->waiting, &request->wait_deadline);
}

void request_wait_done(HttpRequest *request)
{
    if (!request->waiting)
        return;
    request->waiting = false;
    deadline_cancel(&request->server->waiting, &request->wait_deadline);
    request->hangup = sd_event_source_disable_unref(request->hangup);
    request->patience = sd_event_source_disable_unref(request->patience);
    request->access = access_waiter_free(request->access);
    request->devices = devices_waiter_free(request->devices);
    request->plan = plan_waiter_free(request->plan);
    if (request->operation_id > 0)
        request->server->n_waiting--;
    request->operation_id = 0;
    if (request->waiter)
        request->waiter = operation_waiter_free(request->waiter);
}

/* There is an answer, or nobody to give it to. */
static void wake(HttpRequest *request)
{
    request_wait_done(request);
    if (!request->suspended)
        return;
    request->suspended = false;
    MHD_resume_connection(request->mhd);
    http_listener_wake(request->connection->listener);
}

static void on_access(const Error *error, void *userdata)
{
    HttpRequest *request = userdata;

    request->access = NULL;
    if (error)
        answer_error(request, error, 0);
    else
        request->route->handler(request);
    if (request->waiting && request->answer.ready)
        wake(request);
}

static void on_devices(void *userdata)
{
    HttpRequest *request = userdata;

    request->devices = NULL;
    request->route->handler(request);
    if (request->waiting && request->answer.ready)
        wake(request);
}

void request_enter(HttpRequest *request)
{
    const RouteFlags flags = request->route->flags;
    Manager *m = request->server->manager;
    int r;

    if (!(flags & (ROUTE_READ | ROUTE_WRITE | ROUTE_DEVICES))) {
        request->route->handler(request);
        return;
    }
    if (flags & ROUTE_DEVICES)
        r = manager_refresh_devices(m, on_devices, request, &request->devices);
    else
        r = manager_access(m, flags & ROUTE_WRITE ? MANAGER_WRITE : MANAGER_READ, on_access,
                           request, &request->access);
    if (r < 0)
        answer_refuse(request, PM_ERROR_INTERNAL, NULL, "out of memory");
    else if (r == 0)
        start_waiting(request);
}

static void on_plan(char *text, size_t length, void *userdata)
{
    HttpRequest *request = userdata;

    request->plan = NULL;
    answer_text(request, MHD_HTTP_OK, text, length);
    if (request->waiting)
        wake(request);
}

int request_plan(HttpRequest *request, EngineSpec **spec, char *const *warnings, Error *error)
{
    PlanWaiter *waiter = NULL; /* not in the request: it may be answered on return */
    int r = manager_plan(request->server->manager, spec, warnings, on_plan, request, &waiter,
                         error);

    if (r != 0)
        return r;
    request->plan = waiter;
    start_waiting(request);
    return 0;
}

static void on_operation_ended(const OperationResult *result, const char *pool_id, void *userdata)
{
    HttpRequest *request = userdata;
    char *text = NULL;
    size_t length = 0;
    int status = 0;

    request->waiter = NULL;
    if (manager_operation_answer(request->server->manager, result, pool_id, &status, &text,
                                 &length) < 0)
        text = NULL;
    answer_text(request, (unsigned)status, text, length);
    wake(request);
}

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata)
{
    HttpRequest *request = userdata;

    answer_accepted(request, request->operation_id);
    wake(request);
    return 0;
}

/* Without memory for this the client waits for the end of the operation. */
static void start_patience(HttpRequest *request)
{
    const Preferences *p = &request->preferences;

    if (p->has_wait)
        (void)sd_event_add_time_relative(request->server->event, &request->patience,
                                         CLOCK_MONOTONIC, p->wait_sec * USEC_PER_SEC,
                                         TIMER_ACCURACY_USEC, on_patience, request);
}

void request_wait(HttpRequest *request, Operation *o)
{
    const Preferences *p = &request->preferences;
    int r;

    if (p->has_wait ? p->wait_sec == 0 : p->respond_async) {
        answer_accepted(request, operation_id(o));
        return;
    }
    r = operation_wait(o, on_operation_ended, request, &request->waiter);
    if (r < 0) {
        answer_refuse(request, PM_ERROR_INTERNAL, NULL,
                      "out of memory; the operation goes on, the pool's status tells how it ends");
        return;
    }
    request->operation_id = operation_id(o);
    request->server->n_waiting++;
    start_waiting(request);
    start_patience(request);
}

/*
 * The end of what the client sends is ambiguous: over TCP, a client that has shut down its sending
 * side and still reads looks the same as one that has gone. It gets its answer in either case; but
 * one that has gone must not keep its place until then. So it is sent an interim answer, which
 * every HTTP/1.1 client must take at any time (RFC 9110, 15.2): the host of one that is gone
 * answers it with a reset, and we hear EPOLLHUP. A Unix socket tells the two apart by itself.
 */
static void probe_client(HttpRequest *request)
{
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (request->connection->listener->is_tcp && request->is_http_1_1)
        (void)!send(request->connection->fd, interim, strlen(interim), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int on_hangup(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    HttpRequest *request = userdata;

    if (revents & (EPOLLHUP | EPOLLERR)) {
        request->gone = true;
        wake(request);
        return 0;
    }
    /* EPOLLHUP and EPOLLERR are reported unasked; the half-close would be reported for ever. */
    (void)sd_event_source_set_io_events(source, 0);
    probe_client(request);
    return 0;
}

void request_suspend(HttpRequest *request)
{
    assert(request->waiting);
    /* Without memory for this the wait still ends, if later: by its operation or its deadline. */
    (void)sd_event_add_io(request->server->event, &request->hangup, request->connection->fd,
                          EPOLLRDHUP, on_hangup, request);
    request->suspended = true;
    MHD_suspend_connection(request->mhd);
}

void request_wait_refuse(HttpRequest *request, const char *why)
{
    Error error = {.code = PM_ERROR_NONE};

    (void)error_set(&error, PM_ERROR_UNAVAILABLE, NULL, "%s%s", why,
                    request->operation_id == 0
                            ? ""
                            : "; the operation goes on, the pool's status tells how it ends");
    answer_error(request, &error, 1000);
    wake(request);
}

void request_wait_expired(Deadline *d)
{
    request_wait_refuse(d->owner, "the request has waited as long as it may");
}

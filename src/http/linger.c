/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macros.h"
#include "http/linger.h"

struct Lingering {
    LingerSet *set;
    int fd;
    size_t dropped; /* bytes */
    sd_event_source *source;
    Deadline deadline;
};

static void lingering_free(Lingering *l)
{
    deadline_cancel(&l->set->deadlines, &l->deadline);
    sd_event_source_disable_unref(l->source);
    close(l->fd);
    l->set->count--;
    free(l);
}

static void on_deadline(Deadline *d)
{
    lingering_free(d->owner);
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    Lingering *l = userdata;
    char buffer[16 * 1024];
    ssize_t n;

    n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n > 0)
        l->dropped += (size_t)n;
    if (n <= 0 || l->dropped > LINGER_BYTES_MAX)
        lingering_free(l);
    return 0;
}

int linger_set_init(LingerSet *set, sd_event *event)
{
    set->count = 0;
    return deadline_queue_init(&set->deadlines, event, LINGER_USEC, on_deadline);
}

void linger_set_done(LingerSet *set)
{
    while (set->deadlines.first)
        lingering_free(set->deadlines.first->owner);
    deadline_queue_done(&set->deadlines);
}

void linger_add(LingerSet *set, int fd)
{
    Lingering *l = NULL;

    if (set->count >= LINGER_MAX || !(l = calloc(1, sizeof(*l))))
        goto fail;
    if (sd_event_add_io(set->deadlines.event, &l->source, fd, EPOLLIN, on_readable, l) < 0)
        goto fail;
    l->set = set;
    l->fd = fd;
    l->deadline.owner = l;
    set->count++;
    deadline_start(&set->deadlines, &l->deadline);
    return;

fail:
    free(l);
    close(fd);
}

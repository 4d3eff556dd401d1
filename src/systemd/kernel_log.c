/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/kernel_log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>

enum {
    READS_MAX = 64,     /* then the others on the loop have their turn */
    FACILITY_SHIFT = 3, /* the kernel's facility is 0 */
};

struct KernelLog {
    int fd;
    bool is_device;
    sd_event_source *source;
    KernelLogFunc f;
    void *userdata;
    char buffer[KERNEL_LOG_RECORD_MAX + 1];
    size_t length;
    bool skip; /* the line is longer than the buffer: the rest of it is nothing */
};

const char *kernel_log_record_message(char *record)
{
    char *message = strchr(record, ';'), *end;
    unsigned long priority;

    priority = strtoul(record, &end, 10);
    if (end == record || *end != ',' || !message || priority >> FACILITY_SHIFT != 0)
        return NULL;
    message++;
    message[strcspn(message, "\n")] = '\0';
    return message;
}

static void take_record(KernelLog *l, size_t n)
{
    const char *message;

    l->buffer[n] = '\0';
    message = kernel_log_record_message(l->buffer);
    if (message)
        l->f(message, l->userdata);
}

static void take_lines(KernelLog *l, size_t n)
{
    char *start = l->buffer, *end;

    l->length += n;
    l->buffer[l->length] = '\0';
    while ((end = memchr(start, '\n', l->length - (size_t)(start - l->buffer)))) {
        *end = '\0';
        if (!l->skip)
            l->f(start, l->userdata);
        l->skip = false;
        start = end + 1;
    }
    l->length -= (size_t)(start - l->buffer);
    memmove(l->buffer, start, l->length);
    if (l->length == KERNEL_LOG_RECORD_MAX) {
        l->skip = true;
        l->length = 0;
    }
}

/* Returns 1 when there may be more, 0 when there is not now, or negative errno. */
static int read_once(KernelLog *l)
{
    ssize_t n = read(l->fd, l->buffer + l->length, KERNEL_LOG_RECORD_MAX - l->length);

    if (n < 0) {
        /* EPIPE: records were overwritten; EINVAL: one was too large, and is passed over. */
        if (errno == EINTR || (l->is_device && (errno == EPIPE || errno == EINVAL)))
            return 1;
        return errno == EAGAIN ? 0 : -errno;
    }
    if (n == 0)
        return 0;
    if (l->is_device)
        take_record(l, (size_t)n);
    else
        take_lines(l, (size_t)n);
    return 1;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    KernelLog *l = userdata;
    int r = 1;

    for (unsigned i = 0; i < READS_MAX && r > 0; i++)
        r = read_once(l);
    /* One that cannot be read any more would wake the loop without end. */
    if (r < 0)
        (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
    return 0;
}

static int open_log(KernelLog *l, const char *path)
{
    struct stat st;

    l->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (l->fd < 0 || fstat(l->fd, &st) < 0)
        return -errno;
    l->is_device = S_ISCHR(st.st_mode);
    if (l->is_device)
        return lseek(l->fd, 0, SEEK_END) < 0 ? -errno : 0;
    if (!S_ISFIFO(st.st_mode))
        return -EINVAL;
    closep(&l->fd);
    /* While somebody may write, there is no end of file. */
    l->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    return l->fd < 0 ? -errno : 0;
}

int kernel_log_new(sd_event *event, const char *path, KernelLogFunc f, void *userdata,
                   KernelLog **ret)
{
    _cleanup_(kernel_log_freep) KernelLog *l = calloc(1, sizeof(*l));
    int r;

    if (!l)
        return -ENOMEM;
    l->f = f;
    l->userdata = userdata;
    r = open_log(l, path);
    if (r >= 0)
        r = sd_event_add_io(event, &l->source, l->fd, EPOLLIN, on_readable, l);
    if (r < 0)
        return r;
    (void)sd_event_source_set_description(l->source, "kernel-log");
    *ret = TAKE_PTR(l);
    return 0;
}

KernelLog *kernel_log_free(KernelLog *l)
{
    if (!l)
        return NULL;
    sd_event_source_disable_unref(l->source);
    closep(&l->fd);
    free(l);
    return NULL;
}

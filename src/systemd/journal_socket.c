/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/journal_socket.h"

#include <endian.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

/* NAME=value; a value of several lines has its length before it instead
 * (systemd.io/JOURNAL_NATIVE_PROTOCOL). */
static void append_field(Text *t, const char *name, const char *value, LogFieldType type)
{
    _cleanup_(text_done) Text clean = {0};
    uint64_t length;

    log_append_value(&clean, value, type);
    if (clean.failed) {
        t->failed = true;
        return;
    }
    length = htole64(clean.length);
    text_append(t, name);
    if (clean.length > 0 && memchr(clean.data, '\n', clean.length)) {
        text_append(t, "\n");
        text_append_bytes(t, (const char *)&length, sizeof(length));
    } else {
        text_append(t, "=");
    }
    if (clean.length > 0)
        text_append_bytes(t, clean.data, clean.length);
    text_append(t, "\n");
}

void log_entry_append_native(Text *t, const LogEntry *e)
{
    append_field(t, "MESSAGE", e->message, LOG_FIELD_TEXT);
    text_printf(t, "PRIORITY=%d\n", e->priority);
    text_printf(t, "SYSLOG_IDENTIFIER=%s\n", program_invocation_short_name);
    if (e->message_id)
        append_field(t, "MESSAGE_ID", e->message_id, LOG_FIELD_TEXT);
    for (size_t i = 0; i < e->n_fields; i++)
        if (e->fields[i].value)
            append_field(t, e->fields[i].name, e->fields[i].value, e->fields[i].type);
}

int journal_socket_send(int *fd, const char *path, const LogEntry *e)
{
    _cleanup_(text_done) Text t = {0};
    union {
        struct sockaddr_un un;
        struct sockaddr sa;
    } to = {.un.sun_family = AF_UNIX};
    size_t n = strlen(path);

    if (n >= sizeof(to.un.sun_path))
        return -ENAMETOOLONG;
    memcpy(to.un.sun_path, path, n + 1);
    log_entry_append_native(&t, e);
    if (t.failed)
        return -ENOMEM;
    if (*fd < 0)
        *fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Not connected: journald may be restarted, and is found again by its path. */
    if (*fd < 0 || sendto(*fd, t.data, t.length, MSG_NOSIGNAL, &to.sa,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1)) < 0)
        return -errno;
    return 0;
}

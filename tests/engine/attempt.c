/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <json.h>
#include <string.h>
#include <sys/socket.h>

#include "attempt.h"
#include "base/macros.h"

enum { DISCARD_PORT = 9 };

static char *outcome(bool good, int error)
{
    json_object *o = json_object_new_object();
    char *text;

    json_object_object_add(o, "error",
                           good ? NULL : json_object_new_string(strerrorname_np(error)));
    text = strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
    json_object_put(o);
    return text;
}

static char *open_as(const char *path, int flags)
{
    _cleanup_close_ int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0600);

    return outcome(fd >= 0, errno);
}

char *attempt_open(const char *path)
{
    return open_as(path, O_WRONLY);
}

char *attempt_read(const char *path)
{
    return open_as(path, O_RDONLY);
}

char *attempt_make(const char *path)
{
    return open_as(path, O_WRONLY | O_CREAT | O_EXCL);
}

char *attempt_send(const char *address)
{
    _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ssize_t sent;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(DISCARD_PORT)};

    if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
        return outcome(false, EINVAL);
    sent = sendto(fd, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to));
    return outcome(sent == 1, errno);
}

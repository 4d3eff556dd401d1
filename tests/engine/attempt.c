/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <json.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attempt.h"
#include "base/macros.h"

enum { DISCARD_PORT = 9, MEBIBYTE = 1 << 20 };

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

char *attempt_allocate(const char *mebibytes)
{
    size_t size = strtoul(mebibytes, NULL, 10) * MEBIBYTE;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        return outcome(false, errno);
    memset(memory, 1, size);
    return outcome(true, 0);
}

static char *spawn(const char *count, bool waits)
{
    for (unsigned long left = strtoul(count, NULL, 10); left > 0; left--) {
        pid_t pid = fork();

        if (pid < 0)
            return outcome(false, errno);
        if (pid > 0)
            continue;
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            if (waits)
                (void)pause();
    }
    return outcome(true, 0);
}

char *attempt_spawn(const char *count)
{
    return spawn(count, true);
}

char *attempt_burn(const char *count)
{
    return spawn(count, false);
}

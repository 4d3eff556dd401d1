/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An engine for a real GPU: takes memory of each device that CUDA shows it, and says over HTTP
 * which these are. CUDA's driver library is loaded, so that this builds where there is none.
 *
 *   cuda-engine --port PORT [--mib MIB]
 *
 *   GET /health   200
 *   GET /devices  200, the UUIDs, one a line
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/parse.h"

enum { DEVICES_MAX = 64, UUID_BYTES = 16, LINE = 48 };

typedef struct Uuid {
    unsigned char bytes[UUID_BYTES];
} Uuid;

/* As far as it is used here; all return 0 for success. */
typedef struct Cuda {
    int (*init)(unsigned flags);
    int (*count)(int *count);
    int (*device)(int *device, int ordinal);
    int (*uuid)(Uuid *uuid, int device);
    int (*retain)(void **context, int device);
    int (*set_current)(void *context);
    int (*alloc)(unsigned long long *pointer, size_t bytes);
} Cuda;

static char seen[DEVICES_MAX * LINE];

_Noreturn static void fail(const char *what, int error)
{
    fprintf(stderr, "cuda-engine: %s: CUDA error %d\n", what, error);
    exit(EXIT_FAILURE);
}

/* The first of the names that there is. */
static void find(void *library, const char *name, const char *old, void *function)
{
    void *symbol = dlsym(library, name);

    if (!symbol && old)
        symbol = dlsym(library, old);
    if (!symbol) {
        fprintf(stderr, "cuda-engine: libcuda.so.1 has no %s\n", name);
        exit(EXIT_FAILURE);
    }
    memcpy(function, &symbol, sizeof(symbol));
}

static void load(Cuda *c)
{
    void *library = dlopen("libcuda.so.1", RTLD_NOW);

    if (!library) {
        fprintf(stderr, "cuda-engine: %s\n", dlerror());
        exit(EXIT_FAILURE);
    }
    find(library, "cuInit", NULL, &c->init);
    find(library, "cuDeviceGetCount", NULL, &c->count);
    find(library, "cuDeviceGet", NULL, &c->device);
    find(library, "cuDeviceGetUuid_v2", "cuDeviceGetUuid", &c->uuid);
    find(library, "cuDevicePrimaryCtxRetain", NULL, &c->retain);
    find(library, "cuCtxSetCurrent", NULL, &c->set_current);
    find(library, "cuMemAlloc_v2", NULL, &c->alloc);
}

static void note_uuid(const Uuid *uuid)
{
    size_t n = strlen(seen);

    n += (size_t)snprintf(seen + n, sizeof(seen) - n, "GPU");
    for (unsigned i = 0; i < UUID_BYTES; i++)
        n += (size_t)snprintf(seen + n, sizeof(seen) - n, "%s%02x",
                              i == 0 || (i >= 4 && i <= 10 && i % 2 == 0) ? "-" : "",
                              uuid->bytes[i]);
    (void)snprintf(seen + n, sizeof(seen) - n, "\n");
}

static void take(const Cuda *c, int ordinal, size_t bytes)
{
    unsigned long long memory;
    void *context = NULL;
    int device = 0, error;
    Uuid uuid;

    error = c->device(&device, ordinal);
    if (error == 0)
        error = c->uuid(&uuid, device);
    if (error != 0)
        fail("a device cannot be used", error);
    note_uuid(&uuid);
    error = c->retain(&context, device);
    if (error == 0)
        error = c->set_current(context);
    if (error == 0)
        error = c->alloc(&memory, bytes);
    if (error != 0)
        fail("memory cannot be taken", error);
}

static void take_all(size_t bytes)
{
    int count = 0, error;
    Cuda c;

    load(&c);
    error = c.init(0);
    if (error == 0)
        error = c.count(&count);
    if (error != 0)
        fail("CUDA cannot be used", error);
    for (int i = 0; i < count && i < DEVICES_MAX; i++)
        take(&c, i, bytes);
}

static void answer(int fd)
{
    char request[1024], head[128];
    ssize_t n = read(fd, request, sizeof(request) - 1);
    const char *body;

    if (n <= 0)
        return;
    request[n] = '\0';
    body = startswith(request, "GET /devices ") ? seen : "ok\n";
    n = snprintf(head, sizeof(head),
                 "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                 "Connection: close\r\n\r\n",
                 strlen(body));
    (void)!write(fd, head, (size_t)n);
    (void)!write(fd, body, strlen(body));
}

_Noreturn static void serve(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, SOMAXCONN) < 0) {
        fprintf(stderr, "cuda-engine: port %u: %s\n", (unsigned)port, strerror(errno));
        exit(EXIT_FAILURE);
    }
    for (;;) {
        int client = accept(fd, NULL, NULL);

        if (client < 0)
            continue;
        answer(client);
        (void)close(client);
    }
}

int main(int argc, char **argv)
{
    uint64_t port = 0, mib = 512;

    (void)signal(SIGPIPE, SIG_IGN);
    for (int i = 1; i + 1 < argc; i += 2) {
        bool is_port = streq(argv[i], "--port");

        if ((!is_port && !streq(argv[i], "--mib")) ||
            parse_u64(argv[i + 1], 1, is_port ? UINT16_MAX : UINT32_MAX, is_port ? &port : &mib) <
                    0)
            port = 0;
    }
    if (port == 0 || argc % 2 == 0) {
        fputs("Usage: cuda-engine --port PORT [--mib MIB]\n", stderr);
        return 2;
    }
    take_all((size_t)mib << 20);
    serve((uint16_t)port);
}

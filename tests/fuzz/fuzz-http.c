/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "../unit/http/http-fixture.h"
#include "fuzz.h"
#include "json/reader.h"

/*
 * Bytes on a connection to the HTTP server, as they come: requests, pipelined or cut short. The
 * manager behind it is the one of the unit tests, whose operations have ended at once. A byte 0xff
 * is where the client waits for what the server does with what came before.
 */

static Fixture *fixture;

enum { PARTS_MAX = 8 };

static void check_body(const char *head, const char *body, size_t length)
{
    _cleanup_json_ json_object *value = NULL;
    Error error = {0};
    const char *end = strstr(head, "\r\n\r\n"), *type = strcasestr(head, "\r\nContent-Type: ");

    if (!type || type > end || !startswith(type + 16, "application/json") || length == 0)
        return;
    if (json_read(body, length, &value, &error) < 0) {
        (void)fprintf(stderr, "%s\n%.*s\n", error.text, (int)length, body);
        abort();
    }
}

/* What came is answers, one after the other; the last may be cut, as may one to a HEAD. */
static void check_answers(const char *received)
{
    while (received && startswith(received, "HTTP/1.1 ")) {
        const char *end = strstr(received, "\r\n\r\n");
        const char *header = strcasestr(received, "\r\nContent-Length: ");
        size_t length;

        REQUIRE(received[9] >= '1' && received[9] <= '5');
        /* What is wrong with a request is no fault of the server's. */
        REQUIRE(!startswith(received + 9, "500"));
        if (!end || !header || header > end)
            return;
        length = strtoul(header + 18, NULL, 10);
        if (startswith(end + 4, "HTTP/1.1 ") || strlen(end + 4) < length)
            return;
        check_body(received, end + 4, length);
        received = end + 4 + length;
    }
    REQUIRE(!received || !received[0]);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    fixture = fixture_new();
    fixture->settings.connections_max = 64;
    fixture_start(fixture);
    fake_manager_add_pool(fixture->manager, "p2");
    fake_manager_add_event(fixture->manager, "p1", "{\"pool_id\":\"p1\"}");
    fake_manager_set_instant(fixture->manager, true);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Client *c = client_new_unix(fixture);

    for (unsigned i = 0; i < PARTS_MAX && size > 0; i++) {
        const uint8_t *end = i + 1 < PARTS_MAX ? memchr(data, 0xff, size) : NULL;
        size_t n = end ? (size_t)(end - data) : size;

        client_send_bytes(c, data, n);
        fixture_settle(fixture);
        data += n + (end != NULL);
        size -= n + (end != NULL);
    }
    (void)shutdown(c->fd, SHUT_WR);
    fixture_settle(fixture);
    check_answers(c->received.data);
    client_free(c);
    fixture_settle(fixture);
    return 0;
}

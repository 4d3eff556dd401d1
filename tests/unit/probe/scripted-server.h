/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "base/usec.h"

/* A server on the test's own loop that reads a request's header and answers by a script. */
typedef struct ScriptedServer ScriptedServer;

typedef enum ScriptEnd {
    SCRIPT_CLOSE, /* after the last byte */
    SCRIPT_HOLD,  /* keep the connection, silent */
    SCRIPT_RESET, /* close with a reset */
    SCRIPT_MAX,
    SCRIPT_INVALID = -EINVAL,
} ScriptEnd;

typedef struct Script {
    const char *data;    /* sent first; NULL: nothing */
    size_t size;         /* 0: up to the NUL */
    const char *repeat;  /* then this, again and again */
    size_t repeat_bytes; /* so many bytes of it; SIZE_MAX: without end */
    usec_t byte_usec;    /* one byte each so much time; 0: as fast as it goes */
    ScriptEnd end;
} Script;

/* Listens on `address` (numeric) and a port of its own. `script` must live as long. Fails the test
 * on any error. */
ScriptedServer *scripted_server_new(sd_event *event, const char *address, const Script *script);
ScriptedServer *scripted_server_free(ScriptedServer *s);

uint16_t scripted_server_port(const ScriptedServer *s);
unsigned scripted_server_accepted(const ScriptedServer *s);   /* connections so far */
unsigned scripted_server_open(const ScriptedServer *s);       /* connections now */
size_t scripted_server_sent(const ScriptedServer *s);         /* bytes, to all */
const char *scripted_server_request(const ScriptedServer *s); /* the header of the last one */

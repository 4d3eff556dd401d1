/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/probe.h"
#include "scripted-server.h"

/* A loop with a prober on it, and one try at a time. */
typedef struct Fixture {
    sd_event *event;
    Prober *prober;
    ScriptedServer *server; /* NULL or freed by fixture_done() */
} Fixture;

typedef struct Result {
    unsigned calls;
    bool good;
    bool has_error;
    char error[256];
} Result;

/* cmocka setup and teardown; *state is a Fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A ProbeFunc; userdata is a Result. */
void result_take(bool good, const char *error, void *userdata);

/* Runs the loop until *counter is at least `wanted`. Fails the test after 20 s. */
void fixture_run_until(Fixture *f, const unsigned *counter, unsigned wanted);

/* One turn of the loop, waiting at most `timeout_usec` for something to happen. */
void fixture_turn(Fixture *f, usec_t timeout_usec);

Probe *fixture_start(Fixture *f, const ProbeTarget *target, Result *result);

/* Tries `target` and waits for the end. */
Result fixture_try(Fixture *f, const ProbeTarget *target);

/* The same against a server on 127.0.0.1 that follows `script`. */
Result fixture_try_script(Fixture *f, const Script *script, usec_t timeout_usec);

void assert_good(const Result *result);
void assert_bad(const Result *result, const char *error);

usec_t now_usec(void);

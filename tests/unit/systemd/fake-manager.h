/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "base/macros.h"

/*
 * The other end of a bus connection, in this process: a bus and the service manager on it. It notes
 * what it is called for and answers when the test says so, in the order that the test wants.
 * Everything fails the test instead of returning an error.
 */
typedef struct FakeManager FakeManager;

FakeManager *fake_new(void);
FakeManager *fake_free(FakeManager *f);

/* The connection of the code under test. */
sd_bus *fake_client(FakeManager *f);

/* Runs the loop until both sides have handled everything that either has sent. */
void fake_settle(FakeManager *f);

/* How many calls of `member` (NULL: of any but AddMatch and RemoveMatch) have come since the last
 * fake_forget(). */
size_t fake_count(FakeManager *f, const char *member);
/* The nth of these, from 0, to be read from its beginning. */
sd_bus_message *fake_call(FakeManager *f, const char *member, size_t n);
size_t fake_unanswered(FakeManager *f);
/* What has come is no longer counted, but can still be answered by who holds it. */
void fake_forget(FakeManager *f);

/* The next calls of `member` are answered with this error at once; NULL ends that. */
void fake_refuse(FakeManager *f, const char *member, const char *error_name);

void fake_reply(FakeManager *f, sd_bus_message *call, const char *types, ...);
void fake_reply_error(FakeManager *f, sd_bus_message *call, const char *name, const char *text);
/* StartTransientUnit and StopUnit: the path of a job. */
void fake_reply_job(FakeManager *f, sd_bus_message *call, uint32_t job);

/* A message that the test fills and sends. */
sd_bus_message *fake_reply_new(FakeManager *f, sd_bus_message *call);
sd_bus_message *fake_signal_new(FakeManager *f, const char *path, const char *interface,
                                const char *member);
void fake_send(FakeManager *f, sd_bus_message *m);

/* Signals of the Manager interface. */
void fake_signal(FakeManager *f, const char *member, const char *types, ...);
void fake_job_removed(FakeManager *f, uint32_t job, const char *unit);
void fake_owner_changed(FakeManager *f, const char *owner);

/* The service manager's end is closed. */
void fake_hang_up(FakeManager *f);

DEFINE_CLEANUP(FakeManager *, fake_free)

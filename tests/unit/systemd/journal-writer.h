/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Journal files with entries as a test wants them, those fields included that only the journal
 * itself may set: written by systemd-journal-remote, which takes them in the export format.
 */
typedef struct JournalWriter JournalWriter;

/* 2024-02-29T12:34:56.789 UTC: the first entry; each one after it is 1 ms later. */
#define JOURNAL_WRITER_START_USEC 1709210096789000U

/* Writes `folder`/`name`.journal. */
JournalWriter *journal_writer_new(const char *folder, const char *name);
/* Waits until all is written. Returns NULL. */
JournalWriter *journal_writer_free(JournalWriter *w);

/* What comes is from another boot: `id` is 32 hex digits, and stays the caller's. */
void journal_writer_set_boot(JournalWriter *w, const char *id);

/* An entry: "FIELD=value" lines in one text, then the message of `n` bytes. */
void journal_writer_add(JournalWriter *w, const char *fields, const char *message, size_t n);

/* The output of an engine of the system's service manager, or of the user's that runs this. */
void journal_writer_add_output(JournalWriter *w, const char *pool_id, uint64_t generation,
                               const char *message);
void journal_writer_add_user_output(JournalWriter *w, const char *pool_id, uint64_t generation,
                                    uint32_t uid, const char *message);

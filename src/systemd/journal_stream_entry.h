/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-journal.h>

#include "base/text.h"
#include "systemd/journal_stream.h"

/* Which entries of the journal are an engine's output, and how one becomes a line. */

/* Makes `j` skip most of what is not asked for. Returns 0 or negative errno. */
int journal_query_add_matches(sd_journal *j, const JournalQuery *q);

/*
 * Whether the entry that `j` stands at is output of an engine that is asked for. The matches alone
 * do not say that: anybody may log a POOL_ID, and the daemon does. The name of the unit does, which
 * the journal itself adds.
 */
bool journal_entry_is_wanted(sd_journal *j, const JournalQuery *q);

/* Appends the entry, which is wanted, as one line. Returns 0 or negative errno. */
int journal_entry_append(sd_journal *j, const JournalQuery *q, Text *t);

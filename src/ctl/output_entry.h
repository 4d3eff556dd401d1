/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>
#include <systemd/sd-journal.h>

#include "ctl/engine_output.h"

/* One entry of the journal, the one that `j` stands at. */

/*
 * Whether it is the output of an engine of the pool. POOL_ID alone does not say that: anybody may
 * log such a field, and so does the daemon about the pool. The unit's name does, which the journal
 * itself adds.
 */
bool output_entry_is_wanted(sd_journal *j, const OutputQuery *q);

/* Writes it. Returns 0 or negative errno. */
int output_entry_print(sd_journal *j, const OutputQuery *q, FILE *f);

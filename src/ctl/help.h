/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/verbs.h"

/* The help texts, on standard output: of poolctl, or of the one verb. */
void help_print(void);
void help_print_verb(const Verb *verb);

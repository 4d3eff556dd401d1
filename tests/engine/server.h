/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine.h"

/* Listens and answers until the engine ends the process. Returns a negative errno when it cannot
 * listen. */
int server_run(Engine *e);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/api.h"

/* The dry runs of a fake manager. Each plan is {"pool_id": …} and nothing else. */

/* While it is held, plans are not made; letting go makes those that are waited for. */
void fake_plan_hold(bool held);
size_t fake_plan_count_waiting(void);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/api.h"

/* What the front ends see of the manager's GPUs: {"gpus": []}, once they were looked for. */

/* They are being looked for from now on, until that is put back. */
void fake_devices_hold(bool held);
size_t fake_devices_count_waiting(void);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/unit_plan.h"

/* One run of the model provisioner. */
typedef struct ProvisionRun {
    const char *pool_id;
    uint64_t operation;      /* of the reload: makes the unit's name one of a kind */
    const char *program;     /* absolute path */
    const char *reference;   /* its one argument */
    const char *output_file; /* absolute paths: what it writes to standard output */
    const char *error_file;  /* and to standard error */
    bool user_mode;
} ProvisionRun;

/* The name of the unit. */
void provision_unit_name(const char *pool_id, uint64_t operation,
                         char buffer[static PM_UNIT_NAME_MAX + 1]);

/*
 * The plan of a oneshot unit that stays until its end was read, also across a restart of ours. The
 * program runs as root without capabilities and writes to its cache only: what it fetches has to be
 * there for the engines of every user. A drop-in for "pool-provision@.service" can change that.
 * Returns 0 or -ENOMEM.
 */
int provision_plan_new(const ProvisionRun *run, UnitPlan **ret);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The names by which the host, the bus and other programs know us. */

#define PM_DAEMON_NAME "pool-managerd"

#define PM_BUS_NAME          "org.llamaorch.PoolManager1"
#define PM_OBJECT_PATH       "/org/llamaorch/PoolManager1"
#define PM_POOL_OBJECT_PATH  "/org/llamaorch/PoolManager1/pool"
#define PM_MANAGER_INTERFACE "org.llamaorch.PoolManager1.Manager"
#define PM_POOL_INTERFACE    "org.llamaorch.PoolManager1.Pool"
#define PM_BUS_ERROR_PREFIX  "org.llamaorch.PoolManager1.Error."

/* Engine units: pool@<pool id>:<replica id>:g<generation>.service */
#define PM_UNIT_PREFIX "pool@"
#define PM_UNIT_SUFFIX ".service"
#define PM_UNIT_GLOB   "pool@*.service"
#define PM_SLICE       "pools.slice"

/* Units of the model provisioner: pool-provision@<pool id>:<operation id>.service */
#define PM_PROVISION_PREFIX "pool-provision@"
#define PM_PROVISION_GLOB   "pool-provision@*.service"

/* Set for the model provisioner: it may write its progress to standard error, lines of JSON. */
#define PM_PROVISION_PROGRESS_ENV "POOL_MANAGERD_PROVISION_PROGRESS"

#define PM_DEFAULT_POOL    "default" /* of a handoff that names none */
#define PM_DEFAULT_REPLICA "r0"
#define PM_DEFAULT_ENGINE  "llamacpp"

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/pool.h"
#include "core/settings.h"

/* The types of unit properties that we set, named by their D-Bus signature. */
typedef enum UnitPropertyType {
    UNIT_PROPERTY_STRING,       /* s */
    UNIT_PROPERTY_BOOL,         /* b */
    UNIT_PROPERTY_U32,          /* u: what of `number` fits */
    UNIT_PROPERTY_U64,          /* t */
    UNIT_PROPERTY_STRV,         /* as */
    UNIT_PROPERTY_EXEC,         /* a(sasb): strv[0] is the path, the whole of strv the argv */
    UNIT_PROPERTY_STRING_PAIRS, /* a(ss): strv holds first, second, first, second, … */
    UNIT_PROPERTY_BIND_PATHS,   /* a(ssbt): strv holds source, destination, …; a source with "-"
                                 * before it may be missing */
    UNIT_PROPERTY_BYTES_ARRAY,  /* aay: each string as bytes */
    UNIT_PROPERTY_ALLOW_LIST,   /* (bas): only what strv names; what "~" stands before is taken off
                                 * again, as a setting of its own */
    UNIT_PROPERTY_INT,          /* i: the same, of a number that is not negative */
    UNIT_PROPERTY_ADDRESSES,    /* a(iayu): of address_ranges_parse() */
} UnitPropertyType;

typedef struct UnitProperty {
    const char *name; /* on the bus, always …USec, never …Sec */
    UnitPropertyType type;
    bool optional; /* the unit is started without it where the service manager does not know it */
    union {
        char *string;
        bool boolean;
        uint64_t number;
        char **strv;
    };
} UnitProperty;

/* A transient unit as data: what StartTransientUnit will be asked for. */
typedef struct UnitPlan {
    char name[PM_UNIT_NAME_MAX + 1];
    UnitProperty *properties;
    size_t count;
} UnitPlan;

/* What the plan takes from outside the policy. */
typedef struct UnitPlanContext {
    const char *log_file;     /* for ENGINE_LOG_FILE: absolute path */
    const char *tensor_split; /* split_plan_tensor_split(); NULL: the engine is not told of one */
    char *const *devices;     /* of an engine with a mask: what device_mask_nodes() says */
} UnitPlanContext;

/*
 * The plan for the current generation of `pool`, whose spec is set. Every `$` of argv is doubled,
 * because systemd expands it otherwise (systemd.service(5)). Returns 0; -EINVAL when its mask is
 * none; or -ENOMEM.
 */
int unit_plan_new(const Pool *pool, const PolicySettings *settings, const UnitPlanContext *context,
                  UnitPlan **ret);
UnitPlan *unit_plan_free(UnitPlan *plan);

DEFINE_CLEANUP(UnitPlan *, unit_plan_free)

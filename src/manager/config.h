/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "core/sandbox.h"
#include "core/settings.h"
#include "manager/config_origin.h"

/* Configuration: ini files with drop-ins, then the environment, then the command line. */

typedef struct Settings {
    char **files;          /* those that were read, in that order */
    ConfigOrigin *origins; /* of the values, one for each key of the table, in its order */
    ConfigOrigin *pending; /* the same of what comes in force with a restart; those that differ */
    PolicySettings policy; /* its strings belong to this struct */
    char *listen;          /* one address, or several with spaces between; "": none */
    char *runtime_directory;
    char *state_directory; /* "": nothing outlives a reboot */
    char *log_format;
    char *log_level;
    usec_t log_interval_usec; /* of journal_set_rate_limit() */
    uint64_t log_burst;
    char *health_path;
    char *engine_log;
    char *gpu_policy;
    char *nvml_library;        /* file name, or absolute path */
    usec_t gpu_refresh_usec;   /* how often GPUs are looked for when nobody asks */
    usec_t gpu_answer_usec;    /* how long their drivers may take */
    char *kernel_log;          /* where the driver's messages are read; "": nowhere */
    char *model_provisioner;   /* absolute path; "": none */
    uint64_t headroom_mib;     /* of memory that stays free, on each GPU and of the host's */
    uint64_t headroom_percent; /* beside that, of what is free */
    bool gpu_required;         /* what gpu_policy says */
    char *container_podman;    /* absolute paths */
    char *container_seccomp;
    char *allow_relax;
    SandboxRelax sandbox_relax; /* what allow_relax says */
    char *ip_address_allow;     /* of every engine: ranges with spaces between; "": none */
    char **addresses;           /* the same as a list, which policy.addresses is */
    uint64_t connections_max;
    uint64_t waiting_max;
    usec_t idle_timeout_usec;
    usec_t request_timeout_usec;
    usec_t wait_timeout_usec;
    usec_t unknown_unit_grace_usec;
    usec_t drain_deadline_usec;
    bool inhibit_shutdown;
} Settings;

/* Where values are looked for. */
typedef struct ConfigSources {
    const char *file;       /* instead of the standard places; NULL: those */
    char *const *overrides; /* from the command line: "Section.Key=value" */
    bool user_mode;
} ConfigSources;

/* What is said about what was read: for the log, one line each. NULL: nobody wants to know. */
typedef void (*ConfigWarnFunc)(const char *text, void *userdata);

/*
 * Reads everything over the defaults. An unknown key is a warning that names the nearest known one;
 * a value that cannot be is an error that names file, line, key and what is expected. Returns 0;
 * -EINVAL with `error` set; -ENOMEM.
 */
int settings_load(const ConfigSources *sources, ConfigWarnFunc warn, void *userdata, Settings **ret,
                  Error *error);
Settings *settings_free(Settings *s);

/* Where the value of a key comes from, for people; NULL when there is no such key. */
const char *settings_where(const Settings *s, const char *section, const char *key);

/*
 * Of a reload: takes back in `s`, which was read just now, what needs a restart to change and is
 * different in `in_force`; what was read is pending then. *ret_names are those keys
 * ("Section.Key"), separated by ", "; "" for none. Returns 0, or -ENOMEM with `s` good for nothing
 * but settings_free().
 */
int settings_keep_until_restart(Settings *s, const Settings *in_force, char **ret_names);

/*
 * The settings as one line of JSON: {files, keys: [{section, key, value, source, where, default,
 * needs_restart, pending: {value, source, where} or null}]}. Returns 0 or -ENOMEM.
 */
int settings_describe(const Settings *s, char **ret_text, size_t *ret_length);

/* The same as a file that sets each key to its value, with a comment that says where it comes from.
 * Returns 0 or -ENOMEM. */
int settings_text(const Settings *s, char **ret);

DEFINE_CLEANUP(Settings *, settings_free)

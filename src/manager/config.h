/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "core/settings.h"

/* Configuration: ini files with drop-ins, then the environment, then the command line. */

typedef struct Settings {
    PolicySettings policy; /* its strings belong to this struct */
    char *listen;          /* one address, or several with spaces between; "": none */
    char *runtime_directory;
    char *state_directory; /* "": nothing outlives a reboot */
    char *log_format;
    char *log_level;
    char *health_path;
    char *engine_log;
    char *gpu_policy;
    char *nvml_library;      /* file name, or absolute path */
    usec_t gpu_refresh_usec; /* how often GPUs are looked for when nobody asks */
    usec_t gpu_answer_usec;  /* how long their drivers may take */
    char *kernel_log;        /* where the driver's messages are read; "": nowhere */
    char *model_provisioner; /* absolute path; "": none */
    bool gpu_required;       /* what gpu_policy says */
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

/* What is said about what was read: for the log, one line each. */
typedef void (*ConfigWarnFunc)(const char *text, void *userdata);

/*
 * Reads everything over the defaults. An unknown key is a warning that names the nearest known one;
 * a value that cannot be is an error that names file, line, key and what is expected. Returns 0;
 * -EINVAL or -EIO with `error` set; -ENOMEM.
 */
int settings_load(const ConfigSources *sources, ConfigWarnFunc warn, void *userdata, Settings **ret,
                  Error *error);
Settings *settings_free(Settings *s);

/* Names ("Section.Key") of what differs between the two and needs a restart to change, separated by
 * ", "; "" for none. */
int settings_needing_restart(const Settings *before, const Settings *after, char **ret);

DEFINE_CLEANUP(Settings *, settings_free)

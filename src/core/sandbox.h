/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How far an engine is kept apart from the rest of the host (contract: devices and isolation), as
 * one pool's spec says it. What is not given is as strict as an engine can bear; what each member
 * means is in systemd.exec(5) under the name of its property.
 */

typedef enum Flag {
    FLAG_UNSET,
    FLAG_OFF,
    FLAG_ON,
} Flag;

/* The pieces that are there or not. */
typedef enum SandboxPiece {
    SANDBOX_LOCK_PERSONALITY,
    SANDBOX_MEMORY_DENY_WRITE_EXECUTE,
    SANDBOX_PRIVATE_DEVICES,
    SANDBOX_PRIVATE_TMP,
    SANDBOX_PROTECT_CLOCK,
    SANDBOX_PROTECT_CONTROL_GROUPS,
    SANDBOX_PROTECT_HOSTNAME,
    SANDBOX_PROTECT_KERNEL_LOGS,
    SANDBOX_PROTECT_KERNEL_MODULES,
    SANDBOX_PROTECT_KERNEL_TUNABLES,
    SANDBOX_PROTECT_PROC,
    SANDBOX_RESTRICT_NAMESPACES,
    SANDBOX_RESTRICT_REALTIME,
    SANDBOX_RESTRICT_SUID_SGID,
    SANDBOX_PIECES,
} SandboxPiece;

typedef enum ProtectHome {
    PROTECT_HOME_UNSET, /* as tmpfs */
    PROTECT_HOME_TMPFS, /* empty, but for what is bound there */
    PROTECT_HOME_READ_ONLY,
    PROTECT_HOME_NO,
    PROTECT_HOME_MAX,
} ProtectHome;

typedef enum ProtectSystem {
    PROTECT_SYSTEM_UNSET,  /* as strict */
    PROTECT_SYSTEM_STRICT, /* all of it is read-only */
    PROTECT_SYSTEM_FULL,   /* /usr, /boot, /etc are */
    PROTECT_SYSTEM_NO,
    PROTECT_SYSTEM_MAX,
} ProtectSystem;

typedef struct Sandbox {
    Flag pieces[SANDBOX_PIECES];
    ProtectHome protect_home;
    ProtectSystem protect_system;
    char *user;                  /* of the host; NULL: one of its own */
    char **supplementary_groups; /* that it is in besides */
    char **capabilities;         /* "CAP_…" that it keeps */
    char **read_only_paths;      /* of the host, that it sees */
    char **read_write_paths;     /* and may write to, as far as its user may */
    char **system_calls;         /* names and "@groups" that are allowed besides */
    char **address_families;     /* "AF_…" that are allowed besides */
    char **addresses;            /* that it may talk to besides: address_is_range() */
    char *root_directory;        /* NULL: that of the host */
    char *root_image;            /* NULL: none */
} Sandbox;

/* "tmpfs", "read-only", "no"; "strict", "full", "no". NULL for UNSET and values out of range. */
const char *protect_home_to_string(ProtectHome p);
const char *protect_system_to_string(ProtectSystem p);

void sandbox_done(Sandbox *s);
/* Gives the copy `s` lists and texts of its own. False when out of memory: then what could not be
 * copied is NULL. */
bool sandbox_own(Sandbox *s);
bool sandbox_equal(const Sandbox *a, const Sandbox *b);

/* The capability's number, or -1 when there is none of that name. */
int capability_number(const char *name);

/* One relaxed piece. */
typedef struct SandboxRelaxation {
    const char *key;    /* of the object `sandbox` */
    const char *effect; /* what the engine may do for it: "…", the rest of a sentence */
    bool privileged;    /* may give the engine rights that ordinary users of the host lack */
} SandboxRelaxation;

enum { SANDBOX_RELAXATIONS_MAX = SANDBOX_PIECES + 11 };

/* Which pieces are weaker than without `s`, in the order of the documentation. `engine` as in the
 * spec: some bear more than others. Returns how many. */
size_t sandbox_relaxations(const Sandbox *s, const char *engine,
                           SandboxRelaxation ret[static SANDBOX_RELAXATIONS_MAX]);

/* What the administrator allows. */
typedef enum SandboxRelax {
    SANDBOX_RELAX_UNPRIVILEGED, /* what gives an engine no more rights than every local user has */
    SANDBOX_RELAX_ALL,
    SANDBOX_RELAX_NO,
} SandboxRelax;

/* Whether a piece is on, as given or by default. */
bool sandbox_has(const Sandbox *s, const char *engine, SandboxPiece piece);

/* Their keys with spaces between; "" for none. */
enum { SANDBOX_TEXT_MAX = SANDBOX_RELAXATIONS_MAX * 32 };
void sandbox_text(const Sandbox *s, const char *engine, char buffer[static SANDBOX_TEXT_MAX]);

/*
 * What cannot be together: pieces that systemd forces upon a user of the engine's own. Returns NULL
 * when all is well; else the key to blame, and *ret_must what it must be instead.
 */
const char *sandbox_contradiction(const Sandbox *s, const char **ret_must);

/* The names of the pieces: as a key, and as a property of units. */
const char *sandbox_piece_key(SandboxPiece piece);
const char *sandbox_piece_property(SandboxPiece piece);

/* Whether a user's own service manager can do it. */
bool sandbox_piece_is_unprivileged(SandboxPiece piece);

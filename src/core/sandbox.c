/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/sandbox.h"

#include <stdio.h>

#include "base/strv.h"

#define ENGINE_LLAMACPP "llamacpp"

/* Which engines have a piece that is not said to be on or off. */
typedef enum Fallback {
    FALLBACK_ON,
    FALLBACK_OFF,  /* it would take away what many engines need */
    FALLBACK_PLAIN /* those that compile nothing while they run: Python and its libraries do */
} Fallback;

static const struct {
    const char *key;
    const char *property;
    Fallback fallback;
    bool forced; /* upon a dynamic user */
    const char *effect;
} pieces[SANDBOX_PIECES] = {
        [SANDBOX_LOCK_PERSONALITY] = {"lock_personality", "LockPersonality", FALLBACK_ON, false,
                                      "may change its execution domain"},
        [SANDBOX_MEMORY_DENY_WRITE_EXECUTE] = {"memory_deny_write_execute",
                                               "MemoryDenyWriteExecute", FALLBACK_PLAIN, false,
                                               "may make code while it runs"},
        [SANDBOX_PRIVATE_DEVICES] = {"private_devices", "PrivateDevices", FALLBACK_OFF, false, ""},
        [SANDBOX_PRIVATE_TMP] = {"private_tmp", "PrivateTmp", FALLBACK_ON, true,
                                 "shares /tmp and /var/tmp with the host"},
        [SANDBOX_PROTECT_CLOCK] = {"protect_clock", "ProtectClock", FALLBACK_ON, false,
                                   "may reach the clocks of the host"},
        [SANDBOX_PROTECT_CONTROL_GROUPS] = {"protect_control_groups", "ProtectControlGroups",
                                            FALLBACK_ON, false,
                                            "may write to cgroups as far as its user may"},
        [SANDBOX_PROTECT_HOSTNAME] = {"protect_hostname", "ProtectHostname", FALLBACK_ON, false,
                                      "sees the host name change"},
        [SANDBOX_PROTECT_KERNEL_LOGS] = {"protect_kernel_logs", "ProtectKernelLogs", FALLBACK_ON,
                                         false, "may reach the log of the kernel"},
        [SANDBOX_PROTECT_KERNEL_MODULES] = {"protect_kernel_modules", "ProtectKernelModules",
                                            FALLBACK_ON, false, "sees the modules of the kernel"},
        [SANDBOX_PROTECT_KERNEL_TUNABLES] = {"protect_kernel_tunables", "ProtectKernelTunables",
                                             FALLBACK_ON, false,
                                             "may write to /proc and /sys as far as its user may"},
        [SANDBOX_PROTECT_PROC] = {"protect_proc", "ProtectProc", FALLBACK_ON, false,
                                  "sees the processes of others"},
        [SANDBOX_RESTRICT_NAMESPACES] = {"restrict_namespaces", "RestrictNamespaces", FALLBACK_ON,
                                         false, "may make namespaces"},
        [SANDBOX_RESTRICT_REALTIME] = {"restrict_realtime", "RestrictRealtime", FALLBACK_ON, false,
                                       "may ask for real-time scheduling"},
        [SANDBOX_RESTRICT_SUID_SGID] = {"restrict_suid_sgid", "RestrictSUIDSGID", FALLBACK_ON, true,
                                        "may make files set-user-ID"},
};

/* The other members, as far as being given relaxes something. */
typedef struct ListKey {
    const char *key;
    size_t offset; /* of a char ** */
    bool privileged;
    const char *effect;
} ListKey;

static const ListKey lists[] = {
        {"supplementary_groups", offsetof(Sandbox, supplementary_groups), true,
         "is in groups of the host"},
        {"capabilities", offsetof(Sandbox, capabilities), true, "has capabilities"},
        {"read_only_paths", offsetof(Sandbox, read_only_paths), false, "sees more of the host"},
        {"read_write_paths", offsetof(Sandbox, read_write_paths), false,
         "may write outside of its own folder"},
        {"system_call_filter", offsetof(Sandbox, system_calls), false,
         "may make more system calls"},
        {"restrict_address_families", offsetof(Sandbox, address_families), false,
         "may open more kinds of sockets"},
        {"ip_address_allow", offsetof(Sandbox, addresses), false, "may talk to more addresses"},
};

enum { LISTS = sizeof(lists) / sizeof(lists[0]) };

const char *protect_home_to_string(ProtectHome p)
{
    static const char *const names[PROTECT_HOME_MAX] = {
            [PROTECT_HOME_TMPFS] = "tmpfs",
            [PROTECT_HOME_READ_ONLY] = "read-only",
            [PROTECT_HOME_NO] = "no",
    };

    return p >= 0 && p < PROTECT_HOME_MAX ? names[p] : NULL;
}

const char *protect_system_to_string(ProtectSystem p)
{
    static const char *const names[PROTECT_SYSTEM_MAX] = {
            [PROTECT_SYSTEM_STRICT] = "strict",
            [PROTECT_SYSTEM_FULL] = "full",
            [PROTECT_SYSTEM_NO] = "no",
    };

    return p >= 0 && p < PROTECT_SYSTEM_MAX ? names[p] : NULL;
}

static char **list_of(const Sandbox *s, size_t i)
{
    char **list;

    memcpy(&list, (const char *)s + lists[i].offset, sizeof(list));
    return list;
}

static void list_set(Sandbox *s, size_t i, char **list)
{
    memcpy((char *)s + lists[i].offset, &list, sizeof(list));
}

void sandbox_done(Sandbox *s)
{
    for (size_t i = 0; i < LISTS; i++)
        strv_free(list_of(s, i));
    free(s->user);
    free(s->root_directory);
    free(s->root_image);
}

static bool own(char **text)
{
    const char *original = *text;

    *text = original ? strdup(original) : NULL;
    return *text || !original;
}

bool sandbox_own(Sandbox *s)
{
    bool good = own(&s->user);

    good &= own(&s->root_directory);
    good &= own(&s->root_image);
    for (size_t i = 0; i < LISTS; i++) {
        char **copy = NULL;

        good &= strv_copy(list_of(s, i), &copy) == 0;
        list_set(s, i, copy);
    }
    return good;
}

bool sandbox_equal(const Sandbox *a, const Sandbox *b)
{
    for (size_t i = 0; i < LISTS; i++)
        if (!strv_equal(list_of(a, i), list_of(b, i)))
            return false;
    return memcmp(a->pieces, b->pieces, sizeof(a->pieces)) == 0 &&
           a->protect_home == b->protect_home && a->protect_system == b->protect_system &&
           streq_ptr(a->user, b->user) && streq_ptr(a->root_directory, b->root_directory) &&
           streq_ptr(a->root_image, b->root_image);
}

int capability_number(const char *name)
{
    /* In the order of linux/capability.h. */
    static const char *const names[] = {
            "CHOWN",
            "DAC_OVERRIDE",
            "DAC_READ_SEARCH",
            "FOWNER",
            "FSETID",
            "KILL",
            "SETGID",
            "SETUID",
            "SETPCAP",
            "LINUX_IMMUTABLE",
            "NET_BIND_SERVICE",
            "NET_BROADCAST",
            "NET_ADMIN",
            "NET_RAW",
            "IPC_LOCK",
            "IPC_OWNER",
            "SYS_MODULE",
            "SYS_RAWIO",
            "SYS_CHROOT",
            "SYS_PTRACE",
            "SYS_PACCT",
            "SYS_ADMIN",
            "SYS_BOOT",
            "SYS_NICE",
            "SYS_RESOURCE",
            "SYS_TIME",
            "SYS_TTY_CONFIG",
            "MKNOD",
            "LEASE",
            "AUDIT_WRITE",
            "AUDIT_CONTROL",
            "SETFCAP",
            "MAC_OVERRIDE",
            "MAC_ADMIN",
            "SYSLOG",
            "WAKE_ALARM",
            "BLOCK_SUSPEND",
            "AUDIT_READ",
            "PERFMON",
            "BPF",
            "CHECKPOINT_RESTORE",
    };

    if (!startswith(name, "CAP_"))
        return -1;
    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        if (streq(names[i], name + strlen("CAP_")))
            return (int)i;
    return -1;
}

bool sandbox_has(const Sandbox *s, const char *engine, SandboxPiece piece)
{
    if (s->pieces[piece] != FLAG_UNSET)
        return s->pieces[piece] == FLAG_ON;
    if (pieces[piece].fallback == FALLBACK_PLAIN)
        return streq(engine, ENGINE_LLAMACPP);
    return pieces[piece].fallback == FALLBACK_ON;
}

/* Groups that own GPUs give an engine nothing else. */
static bool only_of_gpus(char *const *groups)
{
    STRV_FOREACH (group, groups)
        if (!streq(*group, "render") && !streq(*group, "video"))
            return false;
    return true;
}

static SandboxRelaxation list_relaxation(const Sandbox *s, size_t i)
{
    char *const *list = list_of(s, i);

    return (SandboxRelaxation){lists[i].key, lists[i].effect,
                               lists[i].privileged &&
                                       !(list == s->supplementary_groups && only_of_gpus(list))};
}

size_t sandbox_relaxations(const Sandbox *s, const char *engine,
                           SandboxRelaxation ret[static SANDBOX_RELAXATIONS_MAX])
{
    const Sandbox strict = {0};
    size_t n = 0;

    if (s->user)
        ret[n++] = (SandboxRelaxation){"user", "runs as a user of the host", true};
    if (s->root_image)
        ret[n++] = (SandboxRelaxation){"root_image", "runs from a disk image", true};
    if (s->protect_home > PROTECT_HOME_TMPFS)
        ret[n++] = (SandboxRelaxation){"protect_home", "sees the home folders", false};
    if (s->protect_system > PROTECT_SYSTEM_STRICT)
        ret[n++] = (SandboxRelaxation){"protect_system",
                                       "may write to the host as far as its user may", false};
    for (int i = 0; i < SANDBOX_PIECES; i++)
        if (sandbox_has(&strict, engine, (SandboxPiece)i) &&
            !sandbox_has(s, engine, (SandboxPiece)i))
            ret[n++] = (SandboxRelaxation){pieces[i].key, pieces[i].effect, false};
    for (size_t i = 0; i < LISTS; i++)
        if (strv_length(list_of(s, i)) > 0)
            ret[n++] = list_relaxation(s, i);
    return n;
}

void sandbox_text(const Sandbox *s, const char *engine, char buffer[static SANDBOX_TEXT_MAX])
{
    SandboxRelaxation relaxed[SANDBOX_RELAXATIONS_MAX];
    size_t n = sandbox_relaxations(s, engine, relaxed), length = 0;

    buffer[0] = '\0';
    for (size_t i = 0; i < n; i++)
        length += (size_t)snprintf(buffer + length, SANDBOX_TEXT_MAX - length, "%s%s",
                                   i > 0 ? " " : "", relaxed[i].key);
}

const char *sandbox_contradiction(const Sandbox *s, const char **ret_must)
{
    if (s->root_directory && s->root_image) {
        *ret_must = "must not be set together with root_directory, keep one of them";
        return "root_image";
    }
    if (s->user)
        return NULL;
    *ret_must = "always holds for an engine with a user of its own; leave it out, or name a user "
                "of the host in sandbox.user";
    if (s->protect_home == PROTECT_HOME_NO)
        return "protect_home";
    if (s->protect_system > PROTECT_SYSTEM_STRICT)
        return "protect_system";
    for (size_t i = 0; i < SANDBOX_PIECES; i++)
        if (pieces[i].forced && s->pieces[i] == FLAG_OFF)
            return pieces[i].key;
    return NULL;
}

const char *sandbox_piece_key(SandboxPiece piece)
{
    return pieces[piece].key;
}

const char *sandbox_piece_property(SandboxPiece piece)
{
    return pieces[piece].property;
}

bool sandbox_piece_is_unprivileged(SandboxPiece piece)
{
    return piece == SANDBOX_LOCK_PERSONALITY || piece == SANDBOX_MEMORY_DENY_WRITE_EXECUTE ||
           piece == SANDBOX_RESTRICT_NAMESPACES || piece == SANDBOX_RESTRICT_REALTIME ||
           piece == SANDBOX_RESTRICT_SUID_SGID;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/engine_output.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <poolmgr/names.h>
#include <systemd/sd-journal.h>

#include "ctl/output_entry.h"

static void journal_closep(sd_journal **j)
{
    if (*j)
        sd_journal_close(*j);
}

static int add_match(sd_journal *j, const char *field, const char *value)
{
    _cleanup_free_ char *match = NULL;

    if (asprintf(&match, "%s=%s", field, value) < 0) {
        match = NULL;
        return -ENOMEM;
    }
    return sd_journal_add_match(j, match, 0);
}

/*
 * Engines' lines carry POOL_ID. Those of a user's service manager do so only with newer journals:
 * there the slice and the user find them, and output_entry_read() sorts out those of other pools.
 */
static int add_matches(sd_journal *j, const OutputQuery *q)
{
    char uid[16];
    int r;

    r = add_match(j, "POOL_ID", q->pool_id);
    if (r < 0 || !q->user)
        return r;
    (void)snprintf(uid, sizeof(uid), "%" PRIu32, (uint32_t)getuid());
    r = sd_journal_add_disjunction(j);
    if (r >= 0)
        r = add_match(j, "_SYSTEMD_USER_SLICE", PM_SLICE);
    if (r >= 0)
        r = add_match(j, "_UID", uid);
    return r;
}

static int open_journal(const OutputQuery *q, sd_journal **ret, Error *error)
{
    _cleanup_(journal_closep) sd_journal *j = NULL;
    int r;

    r = sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY);
    if (r >= 0)
        r = add_matches(j, q);
    if (r < 0)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "cannot read the journal: %s",
                         strerror(-r));
    if (!sd_journal_has_runtime_files(j) && !sd_journal_has_persistent_files(j) &&
        engine_output_permission_hint())
        return error_set(error, PM_ERROR_FORBIDDEN, NULL, "cannot read the journal: %s",
                         engine_output_permission_hint());
    *ret = TAKE_PTR(j);
    return 0;
}

/* Moves to the first of the last q->lines entries. Returns 1, or 0 when there is none. */
static int seek_start(sd_journal *j, const OutputQuery *q)
{
    uint64_t found = 0;
    int r;

    if (q->lines != LINES_ALL) {
        r = sd_journal_seek_tail(j);
        while (r >= 0 && found < q->lines && (r = sd_journal_previous(j)) > 0)
            if (output_entry_is_wanted(j, q))
                found++;
        if (r < 0)
            return r;
        if (found > 0 && found == q->lines)
            return 1;
        if (q->lines == 0) {
            r = sd_journal_previous(j); /* what comes now is new */
            return r < 0 ? r : 0;
        }
    }
    r = sd_journal_seek_head(j);
    return r < 0 ? r : sd_journal_next(j);
}

static int print_one(sd_journal *j, const OutputQuery *q, FILE *f, uint64_t *count)
{
    int r;

    if (!output_entry_is_wanted(j, q))
        return 0;
    r = output_entry_print(j, q, f);
    if (r >= 0)
        (*count)++;
    return r;
}

static int print_available(sd_journal *j, const OutputQuery *q, FILE *f, bool at_entry,
                           uint64_t *count)
{
    int r = at_entry ? 1 : sd_journal_next(j);

    while (r > 0) {
        r = print_one(j, q, f, count);
        if (r < 0 || ferror(f))
            return r < 0 ? r : -EPIPE;
        r = sd_journal_next(j);
    }
    return fflush(f) != 0 ? -EPIPE : r;
}

/* The first wait only starts watching the journal, and returns at once. */
static int print_late(sd_journal *j, const OutputQuery *q, FILE *f, uint64_t *count)
{
    int r = 0;

    for (int i = 0; i < 2 && r >= 0 && *count == 0; i++) {
        r = sd_journal_wait(j, q->patience_usec);
        if (r >= 0)
            r = print_available(j, q, f, false, count);
    }
    return r;
}

static int print_all(sd_journal *j, const OutputQuery *q, FILE *f, uint64_t *count)
{
    int r;

    r = seek_start(j, q);
    if (r >= 0)
        r = print_available(j, q, f, r > 0, count);
    if (r >= 0 && *count == 0 && q->patience_usec > 0)
        r = print_late(j, q, f, count);
    while (r >= 0 && q->follow) {
        r = sd_journal_wait(j, UINT64_MAX);
        if (r >= 0)
            r = print_available(j, q, f, false, count);
    }
    return r;
}

int engine_output_print(const OutputQuery *q, FILE *f, uint64_t *ret_count, Error *error)
{
    _cleanup_(journal_closep) sd_journal *j = NULL;
    uint64_t count = 0;
    int r;

    r = open_journal(q, &j, error);
    if (r < 0)
        return r;
    r = print_all(j, q, f, &count);
    if (r < 0)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "%s: %s",
                         r == -EPIPE ? "cannot write" : "cannot read the journal", strerror(-r));
    if (ret_count)
        *ret_count = count;
    return 0;
}

static bool in_group(const char *name)
{
    const struct group *group = getgrnam(name);
    gid_t groups[256];
    int n;

    n = getgroups((int)ELEMENTSOF(groups), groups);
    for (int i = 0; group && i < n; i++)
        if (groups[i] == group->gr_gid)
            return true;
    return group && group->gr_gid == getegid();
}

const char *engine_output_permission_hint(void)
{
    if (geteuid() == 0 || in_group("systemd-journal") || in_group("adm"))
        return NULL;
    return "only root and members of the group systemd-journal see the system's journal: use sudo, "
           "or have yourself added to the group";
}

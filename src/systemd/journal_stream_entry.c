/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/journal_stream_entry.h"

#include <errno.h>
#include <inttypes.h>
#include <poolmgr/names.h>
#include <stdio.h>

#include "base/parse.h"
#include "core/unit_name.h"
#include "systemd/journal_format.h"

static int add_match(sd_journal *j, const char *field, const char *value)
{
    char match[64 + PM_UNIT_NAME_MAX];

    (void)snprintf(match, sizeof(match), "%s=%s", field, value);
    return sd_journal_add_match(j, match, 0);
}

static int add_number_match(sd_journal *j, const char *field, uint64_t value)
{
    char digits[24];

    (void)snprintf(digits, sizeof(digits), "%" PRIu64, value);
    return add_match(j, field, digits);
}

/* The lines of a user's units carry POOL_ID only with newer journals: else the slice finds them. */
static int add_user_matches(sd_journal *j, const JournalQuery *q)
{
    int r;

    r = add_number_match(j, "_UID", getuid());
    if (r >= 0)
        r = sd_journal_add_conjunction(j);
    if (r >= 0)
        r = add_match(j, "POOL_ID", q->pool_id);
    if (r >= 0)
        r = sd_journal_add_disjunction(j);
    if (r >= 0)
        r = add_match(j, "_SYSTEMD_USER_SLICE", PM_SLICE);
    return r < 0 ? r : 0;
}

int journal_query_add_matches(sd_journal *j, const JournalQuery *q)
{
    int r;

    if (q->user_mode)
        return add_user_matches(j, q);
    r = add_match(j, "POOL_ID", q->pool_id);
    if (r >= 0 && q->generation != 0)
        r = add_number_match(j, "POOL_GENERATION", q->generation);
    return r < 0 ? r : 0;
}

/* The value of a field, not NUL-terminated; valid until the next field is asked for. */
static int get_field(sd_journal *j, const char *name, const char **ret, size_t *ret_length)
{
    size_t prefix = strlen(name) + 1, length;
    const void *data;
    int r;

    r = sd_journal_get_data(j, name, &data, &length);
    if (r < 0)
        return r;
    if (length < prefix)
        return -EBADMSG;
    *ret = (const char *)data + prefix;
    *ret_length = length - prefix;
    return 0;
}

/* The same as text in `buffer`; what does not fit is none of ours: -E2BIG. */
static int get_text(sd_journal *j, const char *name, char *buffer, size_t size)
{
    const char *value;
    size_t length;
    int r;

    r = get_field(j, name, &value, &length);
    if (r < 0)
        return r;
    if (length >= size)
        return -E2BIG;
    memcpy(buffer, value, length);
    buffer[length] = '\0';
    return 0;
}

/* Only a unit of the service manager that is asked for counts: a user may name theirs at will. */
static int get_unit(sd_journal *j, const JournalQuery *q, UnitName *ret)
{
    char name[PM_UNIT_NAME_MAX + 1];
    int r;

    r = get_text(j, q->user_mode ? "_SYSTEMD_USER_UNIT" : "_SYSTEMD_UNIT", name, sizeof(name));
    return r < 0 ? r : unit_name_parse(name, ret);
}

bool journal_entry_is_wanted(sd_journal *j, const JournalQuery *q)
{
    UnitName unit;

    return get_unit(j, q, &unit) >= 0 && streq(unit.pool_id, q->pool_id) &&
           (q->generation == 0 || q->generation == unit.generation);
}

/* Where to cut `s`, which is longer than `n` bytes: not within a character. */
static size_t character_start(const char *s, size_t n)
{
    size_t start = n;

    while (start > 0 && n - start < 3 && ((unsigned char)s[start] & 0xc0) == 0x80)
        start--;
    return start;
}

/* The message as a string: its NULs become bytes that are no UTF-8, and so will be replaced. */
static int get_message(sd_journal *j, char **ret)
{
    static const char mark[] = " [cut at 64 KiB]";
    const char *value = "";
    size_t length = 0, kept;
    char *message;
    int r;

    r = get_field(j, "MESSAGE", &value, &length);
    if (r < 0 && r != -ENOENT)
        return r;
    kept = length > JOURNAL_STREAM_MESSAGE_MAX ? character_start(value, JOURNAL_STREAM_MESSAGE_MAX)
                                               : length;
    message = malloc(kept + sizeof(mark));
    if (!message)
        return -ENOMEM;
    memcpy(message, value, kept);
    for (size_t i = 0; i < kept; i++)
        if (message[i] == '\0')
            message[i] = '\xff';
    memcpy(message + kept, kept < length ? mark : "", kept < length ? sizeof(mark) : 1);
    *ret = message;
    return 0;
}

static void append_json(Text *t, uint64_t usec, uint64_t generation, const char *pid,
                        const char *message)
{
    text_printf(t, "{\"time_ms\":%" PRIu64 ",\"generation\":%" PRIu64 ",\"pid\":%s,\"message\":",
                usec_to_ms(usec), generation, pid);
    log_append_json_string(t, message);
    text_append(t, "}\n");
}

int journal_entry_append(sd_journal *j, const JournalQuery *q, Text *t)
{
    _cleanup_free_ char *message = NULL;
    char pid[24];
    uint64_t usec, number;
    UnitName unit;
    int r;

    r = get_unit(j, q, &unit);
    if (r >= 0)
        r = sd_journal_get_realtime_usec(j, &usec);
    if (r >= 0)
        r = get_message(j, &message);
    if (r < 0)
        return r;
    if (q->json) {
        if (get_text(j, "_PID", pid, sizeof(pid)) < 0 || parse_u64(pid, 1, INT32_MAX, &number) < 0)
            strcpy(pid, "null");
        append_json(t, usec, unit.generation, pid, message);
    } else {
        if (!q->bare) {
            log_append_timestamp(t, usec);
            text_append(t, " ");
        }
        log_append_plain(t, message);
        text_append(t, "\n");
    }
    return t->failed ? -ENOMEM : 0;
}

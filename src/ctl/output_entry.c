/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/output_entry.h"

#include <errno.h>
#include <inttypes.h>
#include <json.h>
#include <poolmgr/names.h>
#include <time.h>

#include "base/parse.h"
#include "ctl/terminal.h"
#include "json/encode.h"

/* The text of a field, cut at its first NUL; NULL when the entry has no such field or memory is
 * out. */
static char *field_text(sd_journal *j, const char *name)
{
    size_t prefix = strlen(name) + 1, length;
    const void *data;

    if (sd_journal_get_data(j, name, &data, &length) < 0 || length < prefix)
        return NULL;
    return strndup((const char *)data + prefix, length - prefix);
}

/* The name of the engine's unit; NULL when it is none. The user's unit first: its system unit is
 * the user's whole service manager. */
static char *engine_unit(sd_journal *j)
{
    char *unit = field_text(j, "_SYSTEMD_USER_UNIT");

    return unit ? unit : field_text(j, "_SYSTEMD_UNIT");
}

/* Splits pool@<pool>:<replica>:g<generation>.service: 0 for what does not look so. */
static uint64_t unit_generation(const char *unit, const char *pool_id)
{
    size_t prefix = strlen(PM_UNIT_PREFIX), id = strlen(pool_id);
    char digits[24];
    const char *colon;
    uint64_t generation;
    size_t length;

    if (!startswith(unit, PM_UNIT_PREFIX) || !startswith(unit + prefix, pool_id) ||
        unit[prefix + id] != ':')
        return 0;
    colon = strrchr(unit, ':');
    length = strcspn(colon, ".");
    if (colon[1] != 'g' || length - 2 >= sizeof(digits))
        return 0;
    memcpy(digits, colon + 2, length - 2);
    digits[length - 2] = '\0';
    return parse_u64(digits, 1, UINT64_MAX, &generation) < 0 ? 0 : generation;
}

bool output_entry_is_wanted(sd_journal *j, const OutputQuery *q)
{
    _cleanup_free_ char *unit = engine_unit(j);
    uint64_t generation = unit ? unit_generation(unit, q->pool_id) : 0;

    return generation != 0 && (q->generation == 0 || q->generation == generation);
}

static int print_json(sd_journal *j, const OutputQuery *q, uint64_t usec, const char *message,
                      FILE *f)
{
    _cleanup_free_ char *unit = engine_unit(j);
    _cleanup_free_ char *pid = field_text(j, "_PID");
    _cleanup_free_ char *text = NULL;
    json_object *entry = json_object_new_object();
    size_t length;

    if (!entry || !unit)
        return -ENOMEM;
    json_object_object_add(entry, "time_ms", json_object_new_uint64(usec / 1000));
    json_object_object_add(entry, "pool_id", json_object_new_string(q->pool_id));
    json_object_object_add(entry, "generation",
                           json_object_new_uint64(unit_generation(unit, q->pool_id)));
    json_object_object_add(entry, "unit", json_object_new_string(unit));
    json_object_object_add(entry, "pid",
                           pid ? json_object_new_uint64(strtoull(pid, NULL, 10)) : NULL);
    json_object_object_add(entry, "message", json_object_new_string(message));
    if (json_text(entry, false, &text, &length) < 0)
        return -ENOMEM;
    fwrite(text, 1, length, f);
    return 0;
}

/* "Nov 21 12:52:01 host llama-server[123]: message", the journal's short form. */
static int print_short(sd_journal *j, uint64_t usec, const char *message, FILE *f)
{
    _cleanup_free_ char *host = field_text(j, "_HOSTNAME");
    _cleanup_free_ char *identifier = field_text(j, "SYSLOG_IDENTIFIER");
    _cleanup_free_ char *pid = field_text(j, "_PID");
    _cleanup_free_ char *line = NULL;
    _cleanup_free_ char *safe = NULL;
    time_t seconds = (time_t)(usec / 1000000);
    char stamp[32] = "";
    struct tm tm;

    if (localtime_r(&seconds, &tm))
        (void)strftime(stamp, sizeof(stamp), "%b %d %H:%M:%S", &tm);
    if (asprintf(&line, "%s %s %s[%s]: %s", stamp, host ? host : "-", identifier ? identifier : "-",
                 pid ? pid : "-", message) < 0) {
        line = NULL;
        return -ENOMEM;
    }
    safe = terminal_safe(line);
    if (!safe)
        return -ENOMEM;
    fprintf(f, "%s\n", safe);
    return 0;
}

int output_entry_print(sd_journal *j, const OutputQuery *q, FILE *f)
{
    _cleanup_free_ char *message = field_text(j, "MESSAGE");
    _cleanup_free_ char *safe = NULL;
    uint64_t usec;
    int r;

    r = sd_journal_get_realtime_usec(j, &usec);
    if (r < 0)
        return r;
    if (!q->json)
        return print_short(j, usec, message ? message : "", f);
    /* JSON takes nothing but UTF-8. */
    if (message && !utf8_is_valid(message, strlen(message))) {
        safe = terminal_safe(message);
        if (!safe)
            return -ENOMEM;
    }
    return print_json(j, q, usec, safe ? safe : message ? message : "", f);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <systemd/sd-journal.h>

#include "fuzz.h"
#include "systemd/journal_format.h"
#include "systemd/journal_stream_entry.h"
#include "json/reader.h"

/*
 * An entry of the journal as a line of an engine's output. Each line of the input is a field,
 * NAME=value; in values the bytes 1 and 2 stand for NUL and newline. The functions of libsystemd
 * that read the entry are those below.
 */

enum { FIELDS_MAX = 16 };

static struct {
    const char *data;
    size_t length;
} fields[FIELDS_MAX];
static size_t fields_count;
static uint64_t realtime;

int sd_journal_get_data(sd_journal *j, const char *field, const void **data, size_t *length)
{
    size_t n = strlen(field);

    for (size_t i = 0; i < fields_count; i++)
        if (fields[i].length > n && memcmp(fields[i].data, field, n) == 0 &&
            fields[i].data[n] == '=') {
            *data = fields[i].data;
            *length = fields[i].length;
            return 0;
        }
    return -ENOENT;
}

int sd_journal_get_realtime_usec(sd_journal *j, uint64_t *ret)
{
    *ret = realtime;
    return 0;
}

static void take_fields(char *text, size_t size)
{
    fields_count = 0;
    realtime = 0;
    for (char *line = text, *end; size > 0 && fields_count < FIELDS_MAX; line = end + 1) {
        end = memchr(line, '\n', size);
        if (!end)
            break;
        for (char *c = line; c < end; c++)
            *c = *c == 1 ? '\0' : *c == 2 ? '\n' : *c;
        fields[fields_count].data = line;
        fields[fields_count++].length = (size_t)(end - line);
        realtime = realtime * 1000003 + (uint64_t)(end - line);
        size -= (size_t)(end + 1 - line);
    }
}

static void require_one_line(const char *line)
{
    const char *newline = strchr(line, '\n');

    REQUIRE(newline && newline[1] == '\0');
    REQUIRE(utf8_is_valid(line, strlen(line)));
    for (const char *c = line; c < newline; c++)
        REQUIRE((unsigned char)*c >= 0x20 && *c != 0x7f);
}

static void read_entry(const JournalQuery *q)
{
    _cleanup_json_ json_object *value = NULL;
    _cleanup_free_ char *line = NULL;
    Text t = {.data = NULL};
    Error error = {0};
    int r;

    /* A handle is never looked into. */
    if (!journal_entry_is_wanted(NULL, q))
        return;
    r = journal_entry_append(NULL, q, &t);
    REQUIRE(r == 0 && text_take(&t, &line) == 0);
    require_one_line(line);
    if (q->json)
        REQUIRE(json_read(line, strlen(line), &value, &error) == 0);
}

/* The same text as a message of our own, with the field that the first line makes. */
static void write_entry(char *text)
{
    const LogField field = {.name = "POOL_ID", .value = text};
    const LogEntry entry = {.priority = 3,
                            .message = text,
                            .message_id = text,
                            .real_usec = realtime,
                            .fields = &field,
                            .n_fields = 1};
    _cleanup_free_ char *json = NULL, *plain = NULL;
    _cleanup_json_ json_object *value = NULL;
    Text a = {.data = NULL}, b = {.data = NULL};
    Error error = {0};

    log_entry_append_json(&a, &entry);
    log_entry_append_text(&b, &entry);
    REQUIRE(text_take(&a, &json) == 0 && text_take(&b, &plain) == 0);
    require_one_line(json);
    require_one_line(plain);
    REQUIRE(json_read(json, strlen(json), &value, &error) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_text(data, size), *bytes = fuzz_bytes(data, size);

    for (int i = 0; i < 4; i++) {
        const JournalQuery q = {.pool_id = "p", .json = i & 1, .bare = i & 2, .user_mode = false};

        memcpy(bytes, data, size);
        take_fields(bytes, size);
        read_entry(&q);
    }
    write_entry(text);
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <getopt.h>

#include "base/strv.h"
#include "ctl/event_text.h"
#include "ctl/options.h"
#include "ctl/progress_text.h"
#include "ctl/update_words.h"
#include "fuzz.h"
#include "json/reader.h"

/*
 * What poolctl is given. The first byte says what the lines behind it are: words of the command
 * line ('o'), KEY=value words ('u', 'r'), an event with its type and the status before ('e'), how a
 * pool's loading and its operation are ('p').
 */

enum { LINES_MAX = 64 };

static json_object *read_value(const char *text)
{
    json_object *value = NULL;

    return text && json_read(text, strlen(text), &value, NULL) == 0 ? value : NULL;
}

static void read_options(size_t count, char **lines)
{
    char **arguments = NULL; /* within `lines` */
    Options options = {.help = false};
    Error error = {0};

    optind = 0; /* getopt forgets what it read before */
    if (fuzz_accepted(options_parse((int)count, lines, &options, &arguments, &error), &error))
        REQUIRE(strv_length(arguments) < count);
}

static void read_words(UpdateKind kind, char **lines)
{
    _cleanup_json_ json_object *update = NULL;
    Error error = {0};

    if (fuzz_accepted(update_words_parse(kind, lines, &update, &error), &error))
        REQUIRE(json_object_is_type(update, json_type_object));
}

static void read_event(size_t count, char **lines)
{
    _cleanup_json_ json_object *before = count > 1 ? read_value(lines[1]) : NULL;
    _cleanup_json_ json_object *data = count > 2 ? read_value(lines[2]) : NULL;
    Text text = {.data = NULL};

    event_text(count > 0 ? lines[0] : "pool", before, data, &text);
    REQUIRE(!text.failed);
    text_done(&text);
}

static void read_progress(size_t count, char **lines)
{
    _cleanup_json_ json_object *view = count > 1 ? read_value(lines[1]) : NULL;
    Text text = {.data = NULL};
    PoolProgress p;

    pool_progress_init(&p, "p1");
    pool_progress_set_load(&p, count > 0 ? lines[0] : "");
    pool_progress_set_operation(&p, view);
    progress_text(&p, 1, 1500, &text);
    REQUIRE(!text.failed);
    text_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char which = (char)fuzz_take(&data, &size);
    _cleanup_free_ char *text = fuzz_text(data, size);
    char *lines[LINES_MAX + 1], *rest = text;
    size_t count = 0;

    while (rest && count < LINES_MAX)
        lines[count++] = strsep(&rest, "\n");
    lines[count] = NULL;
    if (which == 'o')
        read_options(count, lines);
    else if (which == 'u')
        read_words(UPDATE_REGISTRY, lines);
    else if (which == 'r')
        read_words(UPDATE_RESOURCES, lines);
    else if (which == 'e')
        read_event(count, lines);
    else if (which == 'p')
        read_progress(count, lines);
    return 0;
}

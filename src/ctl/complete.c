/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/complete.h"

#include <stdio.h>

#include "base/strv.h"
#include "ctl/client.h"
#include "ctl/update_words.h"
#include "ctl/verbs.h"

/* The command line up to the word that is being typed. */
typedef struct Line {
    const Verb *verb; /* NULL: there is none yet */
    bool help;        /* the verb is "help", which is none of the table */
    bool user;
    bool literal;              /* behind "--" */
    size_t n_words;            /* behind the verb, options left out */
    const OptionInfo *pending; /* the option whose value is being typed; NULL: none */
    char *const *seen;         /* all the words */
    const char *typed;
} Line;

static void offer(const Line *line, const char *word, const char *meaning)
{
    if (startswith(word, line->typed))
        printf("%s\t%s\n", word, meaning);
}

static const OptionInfo *find_option(const char *word)
{
    const OptionInfo *info;
    size_t length = startswith(word, "--") ? strcspn(word + 2, "=") : 0;

    for (size_t i = 0; (info = option_at(i)); i++) {
        if (length > 0 && strlen(info->name) == length &&
            strncmp(word + 2, info->name, length) == 0)
            return info;
        if (length == 0 && info->letter && word[1] == info->letter && !word[2])
            return info;
    }
    return NULL;
}

static void read_option(Line *line, const char *word)
{
    const OptionInfo *info = find_option(word);

    if (!info)
        return;
    if (streq(info->name, "user"))
        line->user = true;
    if (streq(info->name, "system"))
        line->user = false;
    if (info->argument && !info->optional && !strchr(word, '='))
        line->pending = info;
}

static void read_word(Line *line, const char *word)
{
    if (line->pending) {
        line->pending = NULL;
    } else if (!line->literal && streq(word, "--")) {
        line->literal = true;
    } else if (!line->literal && word[0] == '-' && word[1]) {
        read_option(line, word);
    } else if (line->verb || line->help) {
        line->n_words++;
    } else {
        line->verb = verb_find(word);
        line->help = streq(word, "help");
    }
}

static void offer_values(const Line *line, const OptionInfo *info, const char *prefix)
{
    _cleanup_free_ char *values = NULL;
    char word[128], *rest, *value;

    if (!info->values)
        return;
    if (streq(info->values, "FILE")) {
        puts(":file");
        return;
    }
    values = strdup(info->values);
    rest = values;
    while (rest && (value = strsep(&rest, " "))) {
        (void)snprintf(word, sizeof(word), "%s%s", prefix, value);
        offer(line, word, "");
    }
}

static void offer_options(const Line *line)
{
    const OptionInfo *info;
    char word[64];

    for (size_t i = 0; (info = option_at(i)); i++) {
        if (info->verbs != 0 && !(line->verb && (line->verb->options & info->verbs)))
            continue;
        (void)snprintf(word, sizeof(word), "--%s%s", info->name,
                       info->argument && !info->optional ? "=" : "");
        offer(line, word, info->help);
    }
}

/* "--json=sh": the name is complete, the value is being typed. */
static void offer_option(const Line *line)
{
    const char *equals = strchr(line->typed, '=');
    const OptionInfo *info = equals ? find_option(line->typed) : NULL;
    char prefix[64];

    if (!equals) {
        offer_options(line);
    } else if (info && info->argument) {
        (void)snprintf(prefix, sizeof(prefix), "--%s=", info->name);
        offer_values(line, info, prefix);
    }
}

static void offer_verbs(const Line *line, bool with_help)
{
    const Verb *verb;

    for (size_t i = 0; (verb = verb_at(i)); i++)
        offer(line, verb->name, verb->summary);
    if (with_help)
        offer(line, "help", "More about a verb");
}

/* Not those that stand on the line already, where several may. */
static void offer_pools(const Line *line)
{
    Options options = {.user = line->user};
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_json_ json_object *pools = NULL;

    if (client_connect(&options, &bus, NULL) < 0 ||
        client_describe_pools(&options, bus, &pools, NULL) < 0)
        return;
    for (size_t i = 0; i < json_object_array_length(pools); i++) {
        json_object *pool = json_object_array_get_idx(pools, i);
        const char *pool_id = status_string(pool, "pool_id");

        if (!strv_contains(line->seen, pool_id) || streq(pool_id, line->typed))
            offer(line, pool_id, status_string(pool, "state"));
    }
}

static void offer_keys(const Line *line, UpdateKind kind)
{
    bool complete_key = strchr(line->typed, '=') != NULL;
    const char *key;
    char word[64];

    for (size_t i = 0; !complete_key && (key = update_key_at(kind, i)); i++) {
        (void)snprintf(word, sizeof(word), "%s=", key);
        offer(line, word, "");
    }
}

static void offer_word(const Line *line)
{
    if (line->help) {
        if (line->n_words == 0)
            offer_verbs(line, false);
        return;
    }
    if (!line->verb) {
        offer_verbs(line, true);
        return;
    }
    if (line->n_words >= line->verb->max_words)
        return;
    switch (line->n_words == 0 ? line->verb->first : line->verb->rest) {
    case WORD_POOL:
        offer_pools(line);
        break;
    case WORD_POOL_OR_FILE:
        offer_pools(line);
        puts(":file");
        break;
    case WORD_FILE:
        puts(":file");
        break;
    case WORD_UPDATE:
        offer_keys(line, UPDATE_REGISTRY);
        break;
    case WORD_RESOURCE:
        offer_keys(line, UPDATE_RESOURCES);
        break;
    case WORD_COMMAND:
        puts(line->n_words == 1 || line->literal ? ":command" : ":file");
        break;
    case WORD_OTHER:
        break;
    }
}

int complete(char *const *words)
{
    Line line = {.seen = words, .typed = ""};
    size_t count = strv_length(words);

    for (size_t i = 0; i + 1 < count; i++)
        read_word(&line, words[i]);
    if (count > 0)
        line.typed = words[count - 1];
    if (line.pending)
        offer_values(&line, line.pending, "");
    else if (!line.literal && line.typed[0] == '-')
        offer_option(&line);
    else
        offer_word(&line);
    return 0;
}

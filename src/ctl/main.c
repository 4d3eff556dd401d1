/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <stdio.h>

#include "base/nearest.h"
#include "base/strv.h"
#include "ctl/report.h"
#include "ctl/verbs.h"

typedef struct Verb {
    const char *name;
    size_t min_arguments;
    size_t max_arguments;
    unsigned options; /* of VerbOption: what it takes beside what all take */
    int (*run)(const Options *options, char **arguments);
    const char *help;
} Verb;

static const Verb verbs[] = {
        {"list", 0, 0, VERB_OPTION_LEGEND, verb_list,
         "poolctl list\n"
         "\n"
         "Shows all pools, one a line.\n"
         "\n"
         "  --no-legend          Without headers and count\n"},
        {"status", 0, SIZE_MAX, 0, verb_status,
         "poolctl status [POOL...]\n"
         "\n"
         "Shows how the pools are, all of them when none is named, each with the last lines that "
         "its\n"
         "engine wrote. With --json: an object when one pool is named, else an array.\n"},
        {"preload", 1, 2, VERB_OPTION_WAIT, verb_preload,
         "poolctl preload [POOL] FILE|-\n"
         "\n"
         "Starts the engine that the JSON in FILE (- is standard input) describes, and waits until "
         "it is\n"
         "ready. POOL may be left out when the JSON has a pool_id. Interrupting the command does "
         "not\n"
         "interrupt the preload.\n"
         "\n"
         "  --no-wait            Return as soon as the operation is under way\n"},
        {"stop", 1, SIZE_MAX, VERB_OPTION_WAIT, verb_stop,
         "poolctl stop POOL...\n"
         "\n"
         "Stops the engines of the pools, all at the same time, and waits until they are gone.\n"
         "\n"
         "  --no-wait            Return as soon as the operations are under way\n"},
        {"logs", 1, 1, VERB_OPTION_FOLLOW | VERB_OPTION_LINES | VERB_OPTION_GENERATION, verb_logs,
         "poolctl logs POOL\n"
         "\n"
         "Shows what the engines of the pool wrote, from the journal.\n"
         "\n"
         "  -f --follow          Go on with what is written from now on\n"
         "  -n --lines=LINES     The last LINES lines, or \"all\"; 100 when not given, with -f 10\n"
         "     --generation=N    Only of the pool's Nth start\n"},
};

static const char help_text[] =
        "poolctl [OPTIONS...] VERB ...\n"
        "\n"
        "Shows and controls the pools of LLM engines that pool-managerd runs on this host.\n"
        "\n"
        "Verbs:\n"
        "  list                 All pools, one a line\n"
        "  status [POOL...]     How pools are, in full\n"
        "  preload [POOL] FILE  Start an engine and wait until it is ready\n"
        "  stop POOL...         Stop engines and wait until they are gone\n"
        "  logs POOL            What the engines of a pool wrote\n"
        "  help [VERB]          This, or more about a verb\n"
        "\n"
        "Options:\n"
        "  -h --help            This, or after a verb more about it\n"
        "     --version         The version of this program\n"
        "     --user            The daemon of your user\n"
        "     --system          The daemon of the host (the default)\n"
        "     --json[=MODE]     JSON: short or pretty; without MODE pretty on a terminal\n"
        "     --no-pager        Accepted; there is none\n"
        "\n"
        "Exit status: 0 done, 1 failed inside, 2 wrong request, 3 not permitted, 4 not found,\n"
        "5 in the way of something else, 6 the engine failed, 7 the daemon cannot be reached or "
        "is\n"
        "busy.\n";

static const Verb *find_verb(const char *name)
{
    for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
        if (streq(verbs[i].name, name))
            return &verbs[i];
    return NULL;
}

static const char *nearest_verb(const char *name)
{
    const char *names[ELEMENTSOF(verbs)];

    for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
        names[i] = verbs[i].name;
    return nearest_name(name, names, ELEMENTSOF(names));
}

static int unknown_verb(const Options *options, const char *name)
{
    const char *nearest = nearest_verb(name);
    Error error = {0};

    if (nearest)
        error_set(&error, PM_ERROR_BAD_REQUEST, NULL, "there is no verb %s; did you mean %s?", name,
                  nearest);
    else
        error_set(&error, PM_ERROR_BAD_REQUEST, NULL, "there is no verb %s; see: poolctl --help",
                  name);
    return report_error(options, &error, NULL);
}

static int check_usage(const Verb *verb, const Options *options, char **arguments, Error *error)
{
    unsigned foreign = options->given & ~verb->options;
    size_t count = strv_length(arguments);

    if (foreign)
        return error_set(error, PM_ERROR_BAD_REQUEST, NULL,
                         "%s means nothing to the verb %s; see: poolctl %s --help",
                         verb_option_name(foreign), verb->name, verb->name);
    if (count < verb->min_arguments || count > verb->max_arguments)
        return error_set(error, PM_ERROR_BAD_REQUEST, NULL,
                         "%s: too %s words; see: poolctl %s --help", verb->name,
                         count < verb->min_arguments ? "few" : "many", verb->name);
    return 0;
}

static int show_help(const Options *options, const char *name)
{
    const Verb *verb = name ? find_verb(name) : NULL;

    if (name && !verb)
        return unknown_verb(options, name);
    fputs(verb ? verb->help : help_text, stdout);
    return 0;
}

static int dispatch(const Options *options, char **words)
{
    const Verb *verb;
    Error error = {0};

    if (options->version) {
        printf("poolctl %s\n", PM_VERSION);
        return 0;
    }
    if (words[0] && streq(words[0], "help"))
        return show_help(options, words[1]);
    if (options->help)
        return show_help(options, words[0]);
    if (!words[0]) {
        error_set(&error, PM_ERROR_BAD_REQUEST, NULL, "what should be done? See: poolctl --help");
        return report_error(options, &error, NULL);
    }
    verb = find_verb(words[0]);
    if (!verb)
        return unknown_verb(options, words[0]);
    if (check_usage(verb, options, words + 1, &error) < 0)
        return report_error(options, &error, NULL);
    return verb->run(options, words + 1);
}

int main(int argc, char **argv)
{
    Options options = {0};
    Error error = {0};
    char **words;
    int status;

    (void)setlocale(LC_ALL, "");
    if (options_parse(argc, argv, &options, &words, &error) < 0)
        return report_error(&options, &error, NULL);
    status = dispatch(&options, words);
    /* Somebody who reads the output must not take half of it for all. */
    if (fflush(stdout) != 0 && status == 0) {
        report_note("cannot write: %s", strerror(errno));
        status = pm_error_info(PM_ERROR_INTERNAL)->exit_status;
    }
    return status;
}

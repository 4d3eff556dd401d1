/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <stdio.h>

#include "base/strv.h"
#include "ctl/complete.h"
#include "ctl/help.h"
#include "ctl/report.h"
#include "ctl/verbs.h"

static int unknown_verb(const Options *options, const char *name)
{
    const char *nearest = verb_nearest(name);
    Error error = {0};

    if (nearest)
        error_set(&error, PM_ERROR_BAD_REQUEST, NULL, "there is no verb %s; did you mean %s?", name,
                  nearest);
    else
        error_set(&error, PM_ERROR_BAD_REQUEST, NULL, "there is no verb %s; see: poolctl --help",
                  name);
    return report_error(options, &error, NULL);
}

static int check_usage(const Verb *verb, const Options *options, char **words, Error *error)
{
    unsigned foreign = options->given & ~verb->options;
    size_t count = strv_length(words);

    if (foreign)
        return error_set(error, PM_ERROR_BAD_REQUEST, NULL,
                         "%s means nothing to the verb %s; see: poolctl %s --help",
                         verb_option_name(foreign), verb->name, verb->name);
    if (count < verb->min_words || count > verb->max_words)
        return error_set(error, PM_ERROR_BAD_REQUEST, NULL,
                         "%s: too %s words; see: poolctl %s --help", verb->name,
                         count < verb->min_words ? "few" : "many", verb->name);
    return 0;
}

static int show_help(const Options *options, const char *name)
{
    const Verb *verb = name ? verb_find(name) : NULL;

    if (name && !verb)
        return unknown_verb(options, name);
    if (verb)
        help_print_verb(verb);
    else
        help_print();
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
    verb = verb_find(words[0]);
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
    (void)setlocale(LC_NUMERIC, "C"); /* JSON has points, and what is printed may be read again */
    if (argc > 1 && streq(argv[1], COMPLETE_OPTION))
        return complete(argv + 2);
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

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/help.h"

#include <stdio.h>

#include "ctl/terminal.h"

enum {
    NAME_COLUMNS = 28, /* of the left column of a list */
};

static const char head_text[] =
        "poolctl [OPTIONS...] VERB ...\n"
        "\n"
        "Shows and controls the pools of LLM engines that pool-managerd runs on this\n"
        "host.\n";

static const char exit_text[] =
        "\n"
        "Exit status: 0 done, 1 failed inside, 2 wrong request, 3 not permitted,\n"
        "4 not found, 5 in the way of something else, 6 the engine failed, 7 the daemon\n"
        "cannot be reached or is busy.\n";

static void print_title(const char *title)
{
    printf("\n%s%s:%s\n", terminal_color(stdout, COLOR_BOLD), title,
           terminal_color(stdout, COLOR_NORMAL));
}

static void print_pair(const char *left, const char *right)
{
    if (strlen(left) > NAME_COLUMNS - 2)
        printf("  %s\n  %*s%s\n", left, NAME_COLUMNS, "", right);
    else
        printf("  %-*s%s\n", NAME_COLUMNS, left, right);
}

static void print_option(const OptionInfo *info)
{
    char name[64];

    snprintf(name, sizeof(name), "%c%c --%s%s%s%s", info->letter ? '-' : ' ',
             info->letter ? info->letter : ' ', info->name,
             !info->argument  ? ""
             : info->optional ? "[="
                              : "=",
             info->argument ? info->argument : "", info->optional ? "]" : "");
    print_pair(name, info->help);
}

/* The options that all verbs take (`verbs` 0), or those of a verb. */
static void print_options(unsigned verbs)
{
    const OptionInfo *info;

    for (size_t i = 0; (info = option_at(i)); i++)
        if (verbs == 0 ? info->verbs == 0 : (info->verbs & verbs) != 0)
            print_option(info);
}

void help_print(void)
{
    const Verb *verb;
    char left[128];

    fputs(head_text, stdout);
    print_title("Verbs");
    for (size_t i = 0; (verb = verb_at(i)); i++) {
        snprintf(left, sizeof(left), "%s%s%s", verb->name, verb->synopsis[0] ? " " : "",
                 verb->synopsis);
        print_pair(left, verb->summary);
    }
    print_pair("help [VERB]", "This, or more about a verb");
    print_title("Options");
    print_options(0);
    fputs(exit_text, stdout);
}

void help_print_verb(const Verb *verb)
{
    printf("poolctl %s%s%s%s\n\n%s", verb->name, verb->options ? " [OPTIONS...]" : "",
           verb->synopsis[0] ? " " : "", verb->synopsis, verb->description);
    if (verb->options) {
        print_title("Options");
        print_options(verb->options);
    }
    print_title(strchr(verb->examples, '\n') == strrchr(verb->examples, '\n') ? "Example"
                                                                              : "Examples");
    fputs(verb->examples, stdout);
    printf("\nWhat all verbs take: poolctl --help\n");
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poolmgr/messages.h>
#include <stdio.h>
#include <syslog.h>

#include "daemon/configuration.h"
#include "daemon/daemon.h"
#include "daemon/listen.h"
#include "manager/declared_files.h"
#include "systemd/journal.h"

static void on_warning(const char *text, void *userdata)
{
    journal_say(LOG_WARNING, PM_MESSAGE_CONFIGURATION_DOUBT, "%s", text);
}

static int load(const Options *options, bool has_token, Settings **ret, Error *error)
{
    const ConfigSources sources = {
            .file = options->config_file,
            .overrides = options->overrides,
            .user_mode = options->user_mode,
    };
    _cleanup_(settings_freep) Settings *s = NULL;
    Error reason = {.code = PM_ERROR_NONE};
    int r = settings_load(&sources, on_warning, NULL, &s, error);

    if (r < 0)
        return r;
    if (listen_check(s->listen, has_token, &reason) < 0)
        return error_set(error, PM_ERROR_INVALID_FIELD, "Listen", "%s: Listen=%s: %s",
                         settings_where(s, "Manager", "Listen"), s->listen, reason.text);
    *ret = TAKE_PTR(s);
    return 0;
}

int configuration_load(const Options *options, bool has_token, Settings **ret)
{
    Error error = {.code = PM_ERROR_NONE};
    int r = load(options, has_token, ret, &error);

    if (r < 0)
        journal_say(LOG_ERR, PM_MESSAGE_CONFIGURATION_BAD, "The configuration cannot be used: %s",
                    error_is_set(&error) ? error.text : strerror(-r));
    return r;
}

static int log_priority(const char *level)
{
    static const struct {
        const char *name;
        int priority;
    } levels[] = {
            {"err", LOG_ERR},   {"warning", LOG_WARNING}, {"notice", LOG_NOTICE},
            {"info", LOG_INFO}, {"debug", LOG_DEBUG},
    };

    for (size_t i = 0; i < ELEMENTSOF(levels); i++)
        if (streq(levels[i].name, level))
            return levels[i].priority;
    return LOG_INFO;
}

void configuration_apply_to_log(const Settings *s)
{
    journal_set_format(log_format_from_string(s->log_format));
    journal_set_max_level(log_priority(s->log_level));
    journal_set_rate_limit(s->log_interval_usec, s->log_burst);
}

/* What is wrong with files of pools.d; those that are right stand below the configuration. */
static int print_declared(const Options *options)
{
    DeclaredFiles files = {.count = 0};
    int r = declared_files_read(options->user_mode, &files);
    bool good = true;

    if (r >= 0)
        r = declared_files_check_ports(&files);
    STRV_FOREACH (p, files.problems)
        (void)fprintf(stderr, "%s\n", *p);
    for (size_t i = 0; i < files.count && r >= 0; i++) {
        const DeclaredFile *f = &files.items[i];

        STRV_FOREACH (w, f->warnings)
            (void)fprintf(stderr, "%s\n", *w);
        if (f->problem)
            (void)fprintf(stderr, "%s\n", f->problem);
        else if (!f->masked)
            (void)printf("# %s: pool %s, autostart %s\n", f->path, f->pool_id,
                         f->declaration.autostart ? "on" : "off");
        good = good && !f->problem;
    }
    good = good && !files.incomplete;
    declared_files_done(&files);
    return r < 0 ? r : good ? 0 : -EINVAL;
}

int configuration_print(const Options *options)
{
    _cleanup_(settings_freep) Settings *s = NULL;
    _cleanup_free_ char *text = NULL;
    int r;

    journal_set_format(LOG_FORMAT_TEXT);
    /* Whether the unit gives the daemon a token cannot be seen from here. */
    r = configuration_load(options, true, &s);
    if (r == -EINVAL)
        return EXIT_CONFIG;
    if (r < 0 || settings_text(s, &text) < 0 || fputs(text, stdout) < 0)
        return EXIT_FAILURE;
    r = print_declared(options);
    if (r == -EINVAL)
        return EXIT_CONFIG;
    return r < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

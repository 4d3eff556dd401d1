/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/report.h"

#include <stdarg.h>
#include <stdio.h>

#include "ctl/terminal.h"
#include "json/encode.h"

void report_note(const char *format, ...)
{
    _cleanup_free_ char *text = NULL;
    _cleanup_free_ char *safe = NULL;
    va_list ap;
    int r;

    va_start(ap, format);
    r = vasprintf(&text, format, ap);
    va_end(ap);
    if (r < 0) {
        text = NULL;
        return;
    }
    safe = terminal_safe(text);
    fprintf(stderr, "poolctl: %s\n", safe ? safe : "out of memory");
}

int report_error(const Options *options, const Error *error, const char *pool_id)
{
    if (options->json != JSON_OFF)
        report_json(options, json_error(error, pool_id));
    report_note("%s", error->text);
    return pm_error_info(error->code)->exit_status;
}

int report_errno(const Options *options, int error)
{
    Error e = {0};

    error_set(&e, PM_ERROR_INTERNAL, NULL, "%s", strerror(-error));
    return report_error(options, &e, NULL);
}

void report_warnings(json_object *answer)
{
    json_object *warnings = NULL;

    if (!json_object_object_get_ex(answer, "warnings", &warnings) ||
        !json_object_is_type(warnings, json_type_array))
        return;
    for (size_t i = 0; i < json_object_array_length(warnings); i++)
        report_note("warning: %s", json_object_get_string(json_object_array_get_idx(warnings, i)));
}

int report_json(const Options *options, json_object *object)
{
    _cleanup_free_ char *text = NULL;
    size_t length;

    if (!object || json_text(object, options->json == JSON_PRETTY, &text, &length) < 0) {
        report_note("%s", strerror(ENOMEM));
        return pm_error_info(PM_ERROR_INTERNAL)->exit_status;
    }
    fwrite(text, 1, length, stdout);
    return 0;
}

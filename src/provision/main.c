/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "provision/download.h"
#include "provision/failure.h"
#include "provision/model_file.h"
#include "json/build.h"
#include "json/reader.h"

static int provision(const Options *options, const Reference *reference, Model *ret, Error *error)
{
    Progress progress = {.enabled = options->progress};
    int r;

    if (reference->kind == REFERENCE_WEB)
        return download(options, reference, &progress, ret, error);
    r = model_file_check(reference->path, reference->sha256, &progress, error);
    if (r < 0)
        return r;
    ret->path = strdup(reference->path);
    if (!ret->path)
        return failure_no_memory(error);
    (void)snprintf(ret->sha256, sizeof(ret->sha256), "%s", reference->sha256);
    return 0;
}

static int print(const Model *model, Error *error)
{
    _cleanup_json_ json_object *object = NULL;
    const char *text;
    Builder b;

    builder_init(&b);
    builder_add_string(&b, "model_path", model->path);
    if (model->sha256[0])
        builder_add_string(&b, "sha256", model->sha256);
    object = builder_take(&b);
    text = object ? json_object_to_json_string_ext(object, JSON_TEXT_LINE) : NULL;
    if (!text)
        return failure_no_memory(error);
    (void)printf("%s\n", text);
    if (fflush(stdout) != 0)
        return error_set(error, FAILURE_FINAL, NULL, "the answer cannot be written: %s",
                         strerror(errno));
    return 0;
}

static int run(int argc, char **argv, Error *error)
{
    _cleanup_(options_done) Options options = {0};
    _cleanup_(reference_done) Reference reference = {0};
    Model model = {0};
    int r = options_parse(argc, argv, &options, error);

    if (r > 0)
        r = reference_parse(options.reference, &reference, error);
    else if (r == 0)
        return fflush(stdout) == 0 ? 0
                                   : error_set(error, FAILURE_FINAL, NULL,
                                               "the text cannot be written: %s", strerror(errno));
    if (r >= 0)
        r = provision(&options, &reference, &model, error);
    if (r >= 0)
        r = print(&model, error);
    free(model.path);
    return r;
}

int main(int argc, char **argv)
{
    Error error = {0};

    /* Who stops reading the progress must not end the work. */
    (void)signal(SIGPIPE, SIG_IGN);
    /* Engines run as other users, and have to read what is put into the cache. */
    (void)umask(022);
    if (run(argc, argv, &error) >= 0)
        return 0;
    /* Libraries and servers have a part in the text; it stays one line. */
    for (char *c = error.text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    (void)fprintf(stderr, "%s\n", error.text);
    return failure_exit_status(&error);
}

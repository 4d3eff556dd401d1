/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/reference.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <strings.h>

#include "base/parse.h"
#include "provision/failure.h"
#include "json/check.h"

#define DIGEST_MARK "#sha256="

static bool has_scheme(const char *text, const char *scheme)
{
    return strncasecmp(text, scheme, strlen(scheme)) == 0;
}

/* Cuts "#sha256=…" off `text`. A plain path may hold any '#' but this one. */
static int take_digest(char *text, char ret_sha256[SHA256_HEX + 1], Error *error)
{
    char *mark = strstr(text, DIGEST_MARK);

    ret_sha256[0] = '\0';
    if (mark && sha256_parse(mark + strlen(DIGEST_MARK), ret_sha256) < 0)
        return error_set(error, FAILURE_USAGE, NULL,
                         "what follows %s must be exactly %d hex digits", DIGEST_MARK, SHA256_HEX);
    if (mark)
        *mark = '\0';
    else if (text[0] != '/' && strchr(text, '#'))
        return error_set(error, FAILURE_USAGE, NULL,
                         "only %s<digest> may follow the '#' of an address; write any other '#' as "
                         "%%23",
                         DIGEST_MARK);
    return 0;
}

/* Replaces %XX by its byte. Returns 0, or -EINVAL when something else follows a '%', or %00. */
static int decode(char *text)
{
    char *to = text;

    for (const char *from = text; *from; to++) {
        unsigned value;
        char hex[3] = {0};

        if (*from != '%') {
            *to = *from++;
            continue;
        }
        if (!isxdigit((unsigned char)from[1]) || !isxdigit((unsigned char)from[2]))
            return -EINVAL;
        memcpy(hex, from + 1, 2);
        value = (unsigned)strtoul(hex, NULL, 16);
        if (value == 0)
            return -EINVAL;
        *to = (char)value;
        from += 3;
    }
    *to = '\0';
    return 0;
}

/* The path of what stands behind "file:", decoded. */
static int file_path(char *rest, char **ret, Error *error)
{
    char *path = rest;

    if (startswith(rest, "//")) {
        path = strchr(rest + 2, '/');
        if (!path || (path != rest + 2 && strncasecmp(rest + 2, "localhost/", 10) != 0))
            return error_set(error, FAILURE_USAGE, NULL,
                             "a file: address must name a file of this host; write "
                             "file:///path/model.gguf");
    }
    if (strchr(path, '?'))
        return error_set(error, FAILURE_USAGE, NULL,
                         "a file: address has no query; write a '?' of the path as %%3F");
    if (decode(path) < 0)
        return error_set(
                error, FAILURE_USAGE, NULL,
                "a '%%' of a file: address must be followed by two hex digits, and %%00 is "
                "not allowed; write a '%%' of the path as %%25");
    *ret = path;
    return 0;
}

static int parse_path(const char *path, Reference *reference, Error *error)
{
    const char *wrong = check_path(path);

    if (!utf8_is_valid(path, strlen(path)))
        wrong = "must be UTF-8; rename the file";
    if (wrong)
        return error_set(error, FAILURE_USAGE, NULL, "the path of the model %s", wrong);
    reference->kind = REFERENCE_PATH;
    reference->path = strdup(path);
    return reference->path ? 0 : failure_no_memory(error);
}

static int parse_kind(char *text, Reference *reference, Error *error)
{
    int r;

    if (text[0] == '/')
        return parse_path(text, reference, error);
    if (has_scheme(text, "file:")) {
        char *path = NULL;

        r = file_path(text + strlen("file:"), &path, error);
        return r < 0 ? r : parse_path(path, reference, error);
    }
    if (has_scheme(text, "http://") || has_scheme(text, "https://")) {
        reference->kind = REFERENCE_WEB;
        return web_address_parse(text, &reference->address, error);
    }
    return error_set(error, FAILURE_USAGE, NULL,
                     "a model is named by an absolute path, or by an address that starts with "
                     "file:/, http:// or https://");
}

int reference_parse(const char *text, Reference *ret, Error *error)
{
    _cleanup_free_ char *copy = NULL;
    Reference reference = {.kind = REFERENCE_INVALID};
    int r;

    if (strlen(text) > PM_STRING_MAX)
        return error_set(error, FAILURE_USAGE, NULL, "the name of the model is over %d bytes long",
                         PM_STRING_MAX);
    if (check_printable(text))
        return error_set(error, FAILURE_USAGE, NULL, "the name of the model %s",
                         check_printable(text));
    copy = strdup(text);
    if (!copy)
        return failure_no_memory(error);
    r = take_digest(copy, reference.sha256, error);
    if (r >= 0)
        r = parse_kind(copy, &reference, error);
    if (r < 0) {
        reference_done(&reference);
        return r;
    }
    *ret = reference;
    return 0;
}

void reference_done(Reference *reference)
{
    free(reference->path);
    web_address_done(&reference->address);
    *reference = (Reference){.kind = REFERENCE_INVALID};
}

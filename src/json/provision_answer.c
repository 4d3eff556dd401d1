/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/provision_answer.h"

#include <errno.h>
#include <limits.h>

#include "core/spec.h"
#include "json/fields.h"
#include "json/reader.h"

enum {
    SHA256_DIGITS = 64,
};

static const char *check_sha256(const char *s)
{
    size_t n = strspn(s, "0123456789abcdefABCDEF");

    return n == SHA256_DIGITS && s[n] == '\0' ? NULL : "must be 64 hexadecimal digits";
}

typedef struct Answer {
    char *model_path;
    char *sha256;
} Answer;

static const Field answer_fields[] = {
        {"model_path", FIELD_STRING, .required = true, .offset = offsetof(Answer, model_path),
         .max = PATH_MAX - 1, .check = check_path},
        {"sha256", FIELD_STRING, .offset = offsetof(Answer, sha256), .max = SHA256_DIGITS,
         .check = check_sha256},
};
static const FieldTable answer_table = {answer_fields, ELEMENTSOF(answer_fields)};

typedef struct ProgressLine {
    uint64_t percent;
} ProgressLine;

static const Field progress_fields[] = {
        {"percent", FIELD_U64, .offset = offsetof(ProgressLine, percent), .max = 100},
};
static const FieldTable progress_table = {progress_fields, ELEMENTSOF(progress_fields)};

static int read_object(const FieldTable *table, const char *text, size_t length, void *base,
                       Error *error)
{
    _cleanup_json_ json_object *object = NULL;
    int r = json_read(text, length, &object, error);

    if (r < 0)
        return r;
    if (!json_object_is_type(object, json_type_object))
        return error_set(error, PM_ERROR_INVALID_FIELD, NULL, "must be an object");
    return fields_read(table, object, "", base, NULL, error);
}

int provision_answer_parse(const char *text, size_t length, char **ret_model_path, Error *error)
{
    Answer answer = {0};
    int r = read_object(&answer_table, text, length, &answer, error);

    if (r >= 0)
        *ret_model_path = TAKE_PTR(answer.model_path);
    free(answer.model_path);
    free(answer.sha256);
    return r;
}

int provision_progress_parse(const char *text, size_t length, uint64_t *ret_percent)
{
    ProgressLine line = {.percent = SPEC_UNSET};
    int r = read_object(&progress_table, text, length, &line, NULL);

    if (r < 0)
        return r;
    if (line.percent == SPEC_UNSET)
        return -EINVAL;
    *ret_percent = line.percent;
    return 0;
}

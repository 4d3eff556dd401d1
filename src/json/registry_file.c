/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/registry_file.h"

#include "json/fields.h"
#include "json/reader.h"

enum {
    FORMAT = 1 /* a reader of another number must not guess */
};

typedef struct File {
    uint64_t format;
    RegistryNumbers numbers;
} File;

#define NUMBER(member) FIELD_U64, .required = true, .offset = offsetof(File, member)

static const Field file_fields[] = {
        {"format", NUMBER(format), .min = FORMAT, .max = FORMAT},
        {"generation_floor", NUMBER(numbers.generation_floor), .max = INT64_MAX},
        {"operation_floor", NUMBER(numbers.operation_floor), .max = INT64_MAX},
};
static const FieldTable file_table = {file_fields, ELEMENTSOF(file_fields)};

json_object *json_registry_file(const RegistryNumbers *numbers)
{
    const File file = {.format = FORMAT, .numbers = *numbers};
    Builder b;

    builder_init(&b);
    fields_write(&file_table, &file, &b);
    return builder_take(&b);
}

int registry_file_parse(const char *text, size_t length, RegistryNumbers *ret, Error *error)
{
    _cleanup_json_ json_object *object = NULL;
    File file;
    int r = json_read(text, length, &object, error);

    if (r < 0)
        return r;
    if (!json_object_is_type(object, json_type_object))
        return error_set(error, PM_ERROR_INVALID_FIELD, NULL, "must be an object");
    r = fields_read(&file_table, object, "", &file, NULL, error);
    if (r >= 0)
        *ret = file.numbers;
    return r;
}

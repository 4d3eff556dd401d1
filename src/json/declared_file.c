/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/declared_file.h"

#include <stdio.h>

#include "json/fields.h"
#include "json/reader.h"
#include "json/refuse.h"
#include "json/spec_fields.h"

enum {
    FORMAT = 1 /* a reader of another number must not guess */
};

typedef struct Header {
    uint64_t format;
    DeclaredRecord record;
} Header;

#define IN(member) .required = true, .offset = offsetof(Header, member)

static const Field header_fields[] = {
        {"format", FIELD_U64, .min = FORMAT, .max = FORMAT, IN(format)},
        {"file", FIELD_STRING, .max = PM_STRING_MAX, IN(record.file)},
        {"boot_id", FIELD_BUFFER, .max = BOOT_ID_LENGTH, IN(record.boot_id)},
        {"autostart", FIELD_BOOL, IN(record.applied.autostart)},
        {"owned", FIELD_BOOL, IN(record.owned)},
        {"reached", FIELD_BOOL, IN(record.reached)},
        {"leaving", FIELD_BOOL, IN(record.leaving)},
};
static const FieldTable header_table = {header_fields, ELEMENTSOF(header_fields)};

DeclaredRecord *declared_record_free(DeclaredRecord *record)
{
    if (!record)
        return NULL;
    declaration_done(&record->applied);
    free(record->file);
    free(record);
    return NULL;
}

json_object *json_declared_record(const DeclaredRecord *record)
{
    const Header header = {.format = FORMAT, .record = *record};
    Builder b;

    builder_init(&b);
    fields_write(&header_table, &header, &b);
    builder_add_value(&b, "spec", spec_write(record->applied.spec));
    return builder_take(&b);
}

static int read_spec(json_object *file, const char *pool_id, DeclaredRecord *record, Error *error)
{
    json_object *object = NULL;
    int r;

    if (!json_object_object_get_ex(file, "spec", &object) ||
        !json_object_is_type(object, json_type_object))
        return field_refuse(error, "spec", "must be an object");
    r = spec_read(object, "spec.", &record->applied.spec, NULL, error);
    if (r >= 0 && !streq(record->applied.spec->pool_id, pool_id))
        r = field_refuse(error, "spec.pool_id", "must be \"%s\"", pool_id);
    return r;
}

int declared_record_parse(const char *text, size_t length, const char *pool_id,
                          DeclaredRecord **ret, Error *error)
{
    _cleanup_(declared_record_freep) DeclaredRecord *record = calloc(1, sizeof(DeclaredRecord));
    _cleanup_json_ json_object *file = NULL;
    Header header = {.format = 0};
    int r;

    if (!record)
        return refuse_no_memory(error);
    r = json_read(text, length, &file, error);
    if (r < 0)
        return r;
    r = json_object_is_type(file, json_type_object)
                ? fields_read(&header_table, file, "", &header, NULL, error)
                : error_set(error, PM_ERROR_INVALID_FIELD, NULL, "must be an object");
    *record = header.record;
    if (r >= 0)
        r = read_spec(file, pool_id, record, error);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(record);
    return 0;
}

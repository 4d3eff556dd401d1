/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/pool_memory.h"

#include <stdio.h>

#include "json/fields.h"
#include "json/reader.h"
#include "json/refuse.h"
#include "json/spec_fields.h"
#include "json/supervision_file.h"

enum {
    FORMAT = 1 /* a reader of another number must not guess */
};

typedef struct Header {
    uint64_t format, generation;
    char pool_id[PM_ID_MAX + 1];
    char boot_id[BOOT_ID_LENGTH + 1];
} Header;

#define HEADER(member) .required = true, .offset = offsetof(Header, member)

static const Field header_fields[] = {
        {"format", FIELD_U64, .min = FORMAT, .max = FORMAT, HEADER(format)},
        {"pool_id", FIELD_BUFFER, .max = PM_ID_MAX, HEADER(pool_id)},
        {"boot_id", FIELD_BUFFER, .max = BOOT_ID_LENGTH, HEADER(boot_id)},
        {"generation", FIELD_U64, .max = INT64_MAX, HEADER(generation)},
};
static const FieldTable header_table = {header_fields, ELEMENTSOF(header_fields)};

PoolMemory *pool_memory_free(PoolMemory *memory)
{
    if (!memory)
        return NULL;
    engine_spec_free(memory->spec);
    supervision_done(&memory->supervision);
    free(memory);
    return NULL;
}

json_object *json_pool_memory(const PoolMemory *memory)
{
    Header header = {.format = FORMAT, .generation = memory->generation};
    Builder b;

    (void)snprintf(header.pool_id, sizeof(header.pool_id), "%s", memory->spec->pool_id);
    memcpy(header.boot_id, memory->boot_id, sizeof(header.boot_id));
    builder_init(&b);
    fields_write(&header_table, &header, &b);
    builder_add_value(&b, "supervision", supervision_write(&memory->supervision));
    builder_add_value(&b, "spec", spec_write(memory->spec));
    return builder_take(&b);
}

static int read_object(json_object *file, const char *name, json_object **ret, Error *error)
{
    if (json_object_object_get_ex(file, name, ret) && json_object_is_type(*ret, json_type_object))
        return 0;
    return field_refuse(error, name, "must be an object");
}

static int read_spec(json_object *file, const char *pool_id, PoolMemory *memory, Error *error)
{
    json_object *object = NULL;
    int r = read_object(file, "spec", &object, error);

    if (r >= 0)
        r = spec_read(object, "spec.", &memory->spec, NULL, error);
    if (r >= 0 && !streq(memory->spec->pool_id, pool_id))
        r = field_refuse(error, "spec.pool_id", "must be \"%s\"", pool_id);
    return r;
}

static int read_header(json_object *file, const char *pool_id, PoolMemory *memory, Error *error)
{
    Header header = {.format = 0};
    int r = json_object_is_type(file, json_type_object)
                    ? fields_read(&header_table, file, "", &header, NULL, error)
                    : error_set(error, PM_ERROR_INVALID_FIELD, NULL, "must be an object");

    if (r < 0)
        return r;
    if (!streq(header.pool_id, pool_id))
        return field_refuse(error, "pool_id", "must be \"%s\"", pool_id);
    memory->generation = header.generation;
    memcpy(memory->boot_id, header.boot_id, sizeof(memory->boot_id));
    return 0;
}

static int read_memory(json_object *file, const char *pool_id, PoolMemory *memory, Error *error)
{
    json_object *object = NULL;
    int r = read_header(file, pool_id, memory, error);

    if (r >= 0)
        r = read_object(file, "supervision", &object, error);
    if (r >= 0)
        r = supervision_read(object, "supervision.", &memory->supervision, error);
    if (r >= 0)
        r = read_spec(file, pool_id, memory, error);
    return r;
}

int pool_memory_parse(const char *text, size_t length, const char *pool_id, PoolMemory **ret,
                      Error *error)
{
    _cleanup_(pool_memory_freep) PoolMemory *memory = calloc(1, sizeof(PoolMemory));
    _cleanup_json_ json_object *file = NULL;
    int r;

    if (!memory)
        return refuse_no_memory(error);
    r = json_read(text, length, &file, error);
    if (r >= 0)
        r = read_memory(file, pool_id, memory, error);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(memory);
    return 0;
}

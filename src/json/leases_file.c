/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/leases_file.h"

#include <stdio.h>

#include "json/fields.h"
#include "json/reader.h"
#include "json/refuse.h"

#define BESIDE "beside"

enum {
    FORMAT = 1 /* a reader of another number must not guess */
};

#define LEASE(member) .offset = offsetof(Lease, member)

static const Field lease_fields[] = {
        {"number", FIELD_U64, .required = true, .min = 1, .max = INT64_MAX, LEASE(number)},
        {"owner", FIELD_STRING, .max = PM_LEASE_OWNER_MAX, LEASE(owner), .check = check_printable},
        {"holder", FIELD_STRING, .max = PM_STRING_MAX, LEASE(holder), .check = check_printable},
        {"expires_mono_usec", FIELD_U64, .max = INT64_MAX, LEASE(expires)},
};
static const FieldTable lease_table = {lease_fields, ELEMENTSOF(lease_fields)};

typedef struct Header {
    uint64_t format, generation, last_number;
    char pool_id[PM_ID_MAX + 1];
} Header;

#define HEADER(member) .required = true, .offset = offsetof(Header, member)

static const Field header_fields[] = {
        {"format", FIELD_U64, .min = FORMAT, .max = FORMAT, HEADER(format)},
        {"pool_id", FIELD_BUFFER, .max = PM_ID_MAX, HEADER(pool_id)},
        {"generation", FIELD_U64, .max = INT64_MAX, HEADER(generation)},
        {"last_number", FIELD_U64, .max = INT64_MAX, HEADER(last_number)},
};
static const FieldTable header_table = {header_fields, ELEMENTSOF(header_fields)};

static int add_lease(json_object *array, const Lease *lease)
{
    json_object *object;
    Builder b;

    builder_init(&b);
    fields_write(&lease_table, lease, &b);
    object = builder_take(&b);
    if (object && json_object_array_add(array, object) >= 0)
        return 0;
    json_object_put(object);
    return -ENOMEM;
}

static json_object *leases_array(const Pool *pool)
{
    json_object *array = json_object_new_array();

    for (const Lease *lease = pool->leases.first; lease && array; lease = lease->next) {
        if (add_lease(array, lease) < 0) {
            json_object_put(array);
            array = NULL;
        }
    }
    return array;
}

/* Those of one engine. */
static json_object *write_leases(const Pool *engine, const Pool *beside)
{
    Header header = {
            .format = FORMAT,
            .generation = engine->generation,
            .last_number = engine->leases.last_number,
    };
    Builder b;

    memcpy(header.pool_id, engine->id, sizeof(header.pool_id));
    builder_init(&b);
    fields_write(&header_table, &header, &b);
    builder_add_value(&b, "leases", leases_array(engine));
    if (beside)
        builder_add_value(&b, BESIDE, write_leases(beside, NULL));
    return builder_take(&b);
}

json_object *json_leases_file(const Pool *pool)
{
    return write_leases(pool, pool->beside);
}

static int read_lease(json_object *object, size_t index, Pool *pool, Error *error)
{
    Lease *lease = calloc(1, sizeof(Lease));
    char name[32], prefix[33];
    int r;

    if (!lease)
        return refuse_no_memory(error);
    lease->expires = USEC_INFINITY;
    (void)snprintf(name, sizeof(name), "leases[%zu]", index);
    (void)snprintf(prefix, sizeof(prefix), "%s.", name);
    r = json_object_is_type(object, json_type_object)
                ? fields_read(&lease_table, object, prefix, lease, NULL, error)
                : field_refuse(error, name, "must be an object");
    if (r >= 0 && pool->leases.last && lease->number <= pool->leases.last->number)
        r = field_refuse(error, name, "the numbers must rise");
    /* Put into the list in any case: what is in the list is freed with it. */
    lease_append(pool, lease);
    return r;
}

static int read_leases(json_object *file, const Header *header, Pool *pool, Error *error)
{
    json_object *array = NULL;
    int r = 0;

    if (!json_object_object_get_ex(file, "leases", &array) ||
        !json_object_is_type(array, json_type_array))
        return field_refuse(error, "leases", "must be an array");
    if (json_object_array_length(array) > PM_LEASES_MAX)
        return field_refuse(error, "leases", "must have at most %d items", (int)PM_LEASES_MAX);
    for (size_t i = 0; i < json_object_array_length(array) && r >= 0; i++)
        r = read_lease(json_object_array_get_idx(array, i), i, pool, error);
    if (r >= 0 && pool->leases.last_number > header->last_number)
        r = field_refuse(error, "last_number", "must not be less than that of a lease");
    return r;
}

/* Each part says of which engine it is: what changed places since is found again all the same. */
static int read_part(json_object *part, const char *prefix, Pool *pool, Error *error)
{
    Header header = {.format = 0};
    Pool *engine;
    int r = fields_read(&header_table, part, prefix, &header, NULL, error);

    if (r < 0)
        return r;
    if (!streq(header.pool_id, pool->id))
        return field_refuse(error, "pool_id", "must be \"%s\"", pool->id);
    engine = pool_engine(pool, header.generation);
    if (!engine)
        return 0;
    if (engine->leases.last_number > 0)
        return field_refuse(error, BESIDE ".generation", "must not be that of the other engine");
    r = read_leases(part, &header, engine, error);
    if (r >= 0)
        engine->leases.last_number = header.last_number;
    return r;
}

static int read_parts(json_object *file, Pool *pool, Error *error)
{
    json_object *beside = NULL;
    int r = read_part(file, "", pool, error);

    if (r < 0 || !json_object_object_get_ex(file, BESIDE, &beside))
        return r;
    if (!json_object_is_type(beside, json_type_object))
        return field_refuse(error, BESIDE, "must be an object");
    return read_part(beside, BESIDE ".", pool, error);
}

int leases_file_parse(const char *text, size_t length, Pool *pool, Error *error)
{
    _cleanup_json_ json_object *file = NULL;
    int r = json_read(text, length, &file, error);

    if (r < 0)
        return r;
    if (!json_object_is_type(file, json_type_object))
        return error_set(error, PM_ERROR_INVALID_FIELD, NULL, "a leases file must be an object");
    r = read_parts(file, pool, error);
    if (r < 0) {
        lease_begin_generation(pool);
        if (pool->beside)
            lease_begin_generation(pool->beside);
    }
    return r;
}

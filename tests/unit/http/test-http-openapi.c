/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-fixture.h"

#include <json.h>
#include <stdio.h>

#include "http/openapi.h"
#include "http/route.h"
#include "http/schema.h"
#include "json/prepared_engine.h"
#include "json/requests.h"
#include "json/spec_fields.h"

static json_object *describe(bool has_token)
{
    _cleanup_free_ char *text = NULL;
    json_object *document;
    size_t length = 0;

    assert_int_equal(openapi_describe(has_token, &text, &length), 0);
    assert_int_equal(strlen(text), length);
    document = json_tokener_parse(text);
    assert_non_null(document);
    return document;
}

/* The value at a path of keys up to NULL. */
static json_object *get(json_object *value, ...)
{
    const char *key;
    va_list ap;

    va_start(ap, value);
    while ((key = va_arg(ap, const char *)))
        if (!json_object_object_get_ex(value, key, &value))
            fail_msg("there is no %s", key);
    va_end(ap);
    return value;
}

static const char *method_key(const char *method)
{
    static char key[16];
    size_t n = strlen(method);

    for (size_t i = 0; i <= n; i++)
        key[i] = (char)(method[i] >= 'A' && method[i] <= 'Z' ? method[i] - 'A' + 'a' : method[i]);
    return key;
}

static void test_every_route_is_there(void **state)
{
    json_object *document = describe(false);
    const Route *route;

    for (size_t i = 0; (route = route_at(i)); i++) {
        json_object *operation =
                get(document, "paths", route->pattern, method_key(route->method), NULL);

        assert_string_equal(json_object_get_string(get(operation, "operationId", NULL)),
                            route->name);
        (void)get(operation, "responses", "default", NULL);
    }
    json_object_put(document);
}

/* Every name that the route table and the schemas refer to is one of the schema table. */
static void check_refs(json_object *value, json_object *schemas)
{
    static const char prefix[] = "#/components/schemas/";

    if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            check_refs(json_object_array_get_idx(value, i), schemas);
        return;
    }
    if (!json_object_is_type(value, json_type_object))
        return;
    json_object_object_foreach(value, key, member)
    {
        const char *ref = streq(key, "$ref") ? json_object_get_string(member) : NULL;

        if (ref) {
            assert_true(startswith(ref, prefix));
            (void)get(schemas, ref + strlen(prefix), NULL);
        }
        check_refs(member, schemas);
    }
}

static void test_references(void **state)
{
    json_object *document = describe(true);

    check_refs(document, get(document, "components", "schemas", NULL));
    json_object_put(document);
}

static void test_security(void **state)
{
    json_object *open = describe(false), *closed = describe(true), *health, *found;

    assert_false(json_object_object_get_ex(open, "security", &found));
    assert_int_equal(json_object_array_length(get(closed, "security", NULL)), 1);
    health = get(closed, "paths", "/health", "get", NULL);
    assert_int_equal(json_object_array_length(get(health, "security", NULL)), 0);
    assert_false(json_object_object_get_ex(get(health, "responses", NULL), "401", &found));
    (void)get(closed, "paths", "/pools", "get", "responses", "401", NULL);
    assert_false(json_object_object_get_ex(get(open, "paths", "/pools", "get", "responses", NULL),
                                           "401", &found));
    json_object_put(open);
    json_object_put(closed);
}

static const Schema *find_schema(const char *name)
{
    const Schema *schema;

    for (size_t i = 0; (schema = schema_at(i)); i++)
        if (streq(schema->name, name))
            return schema;
    fail_msg("there is no schema %s", name);
    return NULL;
}

/* A value that the field takes. */
static json_object *sample(const SchemaField *field)
{
    json_object *value = NULL;

    if (field->type == SCHEMA_NUMBER)
        return json_object_new_uint64(field->min > 0 ? field->min : 1);
    if (field->type == SCHEMA_BOOL)
        return json_object_new_boolean(true);
    if (streq(field->name, "engine"))
        return json_object_new_string("llamacpp"); /* which alone can be told of a split */
    if (field->value_at)
        return json_object_new_string(field->value_at(0));
    if (field->type == SCHEMA_STRING && streq(field->name, "url"))
        return json_object_new_string("http://127.0.0.1:8080");
    if (field->type == SCHEMA_STRING && streq(field->name, "host"))
        return json_object_new_string("localhost");
    if (field->type == SCHEMA_STRING && streq(field->name, "user"))
        return json_object_new_string("alice");
    if (field->type == SCHEMA_STRING && streq(field->name, "root_image"))
        return NULL; /* root_directory is there */
    if (streq(field->name, "container"))
        return json_object_new_object(); /* so it has none */
    if (field->type == SCHEMA_STRING && streq(field->name, "restart"))
        return json_object_new_string("no");
    if (field->type == SCHEMA_STRING && field->pattern && !streq(field->pattern, schema_id_pattern))
        return json_object_new_string("/sample");
    if (field->type == SCHEMA_STRING)
        return json_object_new_string("1");
    if (field->type == SCHEMA_STRINGS)
        return json_object_new_array();
    value = json_object_new_object();
    if (field->schema) {
        const Schema *schema = find_schema(field->schema);

        for (size_t i = 0; i < schema->n_fields; i++)
            json_object_object_add(value, schema->fields[i].name, sample(&schema->fields[i]));
    }
    return value;
}

/* An object with every field of the schema but one, which may be null or left out. */
static char *sample_text(const Schema *schema, const char *without, bool as_null)
{
    json_object *object = json_object_new_object();
    char *text;

    for (size_t i = 0; i < schema->n_fields; i++) {
        const SchemaField *field = &schema->fields[i];

        if (!without || !streq(field->name, without))
            json_object_object_add(object, field->name, sample(field));
        else if (as_null)
            json_object_object_add(object, field->name, NULL);
    }
    text = strdup(json_object_to_json_string(object));
    assert_non_null(text);
    json_object_put(object);
    return text;
}

typedef int (*ReadFunc)(const char *text, char ***ret_warnings, Error *error);

static int read_prepared(const char *text, char ***ret_warnings, Error *error)
{
    EngineSpec *spec = NULL;
    int r = prepared_engine_parse(text, strlen(text), "1", &spec, ret_warnings, error);

    engine_spec_free(spec);
    return r;
}

static int read_update(const char *text, char ***ret_warnings, Error *error)
{
    PoolUpdate update;
    int r = pool_update_parse(text, strlen(text), &update, ret_warnings, error);

    if (r >= 0)
        pool_meta_done(&update.meta);
    return r;
}

static int read_handoff(const char *text, char ***ret_warnings, Error *error)
{
    Handoff *handoff = NULL;
    int r = handoff_parse(text, strlen(text), "1", &handoff, ret_warnings, error);

    handoff_free(handoff);
    return r;
}

static int read_lease(const char *text, char ***ret_warnings, Error *error)
{
    LeaseBody body;
    int r = lease_body_parse(text, strlen(text), &body, ret_warnings, error);

    if (r >= 0)
        lease_body_done(&body);
    return r;
}

static int read_heartbeat(const char *text, char ***ret_warnings, Error *error)
{
    uint64_t ms;

    return heartbeat_parse(text, strlen(text), &ms, ret_warnings, error);
}

static int read_drain(const char *text, char ***ret_warnings, Error *error)
{
    uint64_t ms;

    return drain_parse(text, strlen(text), &ms, ret_warnings, error);
}

static int read_reload(const char *text, char ***ret_warnings, Error *error)
{
    ReloadRequest *request = NULL;
    uint64_t ms;
    int r = reload_parse(text, strlen(text), "1", &request, &ms, ret_warnings, error);

    reload_request_free(request);
    return r;
}

static void check_read(ReadFunc f, const char *text, bool good)
{
    _cleanup_strv_free_ char **warnings = NULL;
    Error error = {.code = PM_ERROR_NONE};
    int r = f(text, &warnings, &error);

    if ((r >= 0) != good)
        fail_msg("%s: %s", text, good ? error.text : "was taken");
    STRV_FOREACH (warning, warnings)
        if (strstr(*warning, "unknown"))
            fail_msg("%s: %s", text, *warning);
}

/* What is described is what is read: the same fields, required or not, null or not. */
static void test_requests_are_read_as_described(void **state)
{
    static const struct {
        const char *schema;
        ReadFunc read;
    } cases[] = {
            {"PreparedEngine", read_prepared},
            {"PoolUpdate", read_update},
            {"Handoff", read_handoff},
            {"LeaseRequest", read_lease},
            {"HeartbeatRequest", read_heartbeat},
            {"DrainRequest", read_drain},
            {"ReloadRequest", read_reload},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        const Schema *schema = find_schema(cases[i].schema);
        _cleanup_free_ char *all = sample_text(schema, NULL, false);

        check_read(cases[i].read, all, true);
        for (size_t j = 0; j < schema->n_fields; j++) {
            const SchemaField *field = &schema->fields[j];
            _cleanup_free_ char *without = sample_text(schema, field->name, false);
            _cleanup_free_ char *null = sample_text(schema, field->name, true);

            check_read(cases[i].read, without, !field->required);
            check_read(cases[i].read, null, field->nullable);
        }
    }
}

/* And nothing is read that is not described. */
static void test_all_of_a_spec_is_described(void **state)
{
    const Schema *schema = find_schema("PreparedEngine");
    _cleanup_free_ char *all = sample_text(schema, NULL, false);
    _cleanup_spec_ EngineSpec *spec = NULL;
    Error error = {.code = PM_ERROR_NONE};
    json_object *written;

    assert_int_equal(prepared_engine_parse(all, strlen(all), "1", &spec, NULL, &error), 0);
    written = spec_write(spec);
    assert_non_null(written);
    json_object_object_foreach(written, key, value)
    {
        bool found = false;

        (void)value;
        for (size_t i = 0; i < schema->n_fields; i++)
            found = found || streq(schema->fields[i].name, key);
        if (!found)
            fail_msg("%s is not described", key);
    }
    json_object_put(written);
}

/* A name of several may be null where the field may be. */
static void test_null_among_names(void **state)
{
    json_object *document = describe(false);
    json_object *names = get(document, "components", "schemas", "ReloadRequest", "properties",
                             "strategy", "enum", NULL);

    assert_string_equal(json_object_to_json_string_ext(names, JSON_C_TO_STRING_PLAIN),
                        "[\"drain\",\"blue-green\",null]");
    json_object_put(document);
}

/* Only what a reload came to is told with its errors. */
static void test_errors_of_a_reload(void **state)
{
    json_object *document = describe(false), *all;

    all = get(document, "paths", "/pools/{id}/reload", "post", "responses", "500", "content",
              "application/json", "schema", "allOf", NULL);
    assert_string_equal(
            json_object_get_string(get(json_object_array_get_idx(all, 0), "$ref", NULL)),
            "#/components/schemas/ReloadError");
    all = get(document, "paths", "/pools/{id}/drain", "post", "responses", "500", "content",
              "application/json", "schema", "allOf", NULL);
    assert_string_equal(
            json_object_get_string(get(json_object_array_get_idx(all, 0), "$ref", NULL)),
            "#/components/schemas/Error");
    json_object_put(document);
}

static void test_is_served(void **state)
{
    Fixture *f = *state;
    Client *c = client_new(f);

    for (int i = 0; i < 2; i++) {
        Answer a;
        json_object *document;

        client_send(c, "GET /openapi.json HTTP/1.1\r\nHost: h\r\n\r\n");
        client_receive(c, true, &a);
        assert_int_equal(a.status, 200);
        assert_string_equal(answer_header(&a, "Content-Type"), "application/json");
        document = json_tokener_parse(a.body);
        assert_string_equal(json_object_get_string(get(document, "openapi", NULL)), "3.1.0");
        json_object_put(document);
        answer_clear(&a);
    }
    client_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_every_route_is_there),
            cmocka_unit_test(test_references),
            cmocka_unit_test(test_security),
            cmocka_unit_test(test_requests_are_read_as_described),
            cmocka_unit_test(test_all_of_a_spec_is_described),
            cmocka_unit_test(test_null_among_names),
            cmocka_unit_test(test_errors_of_a_reload),
            cmocka_unit_test_setup_teardown(test_is_served, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

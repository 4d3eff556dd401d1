/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/strv.h"
#include "systemd/unit_client.h"
#include "systemd/unit_message.h"

/* For sequences of sd-bus calls: the first error ends the function. */
#define TRY(call)        \
    do {                 \
        int _r = (call); \
        if (_r < 0)      \
            return _r;   \
    } while (0)

const char *bus_error_text(const sd_bus_error *error)
{
    return error->message ? error->message : error->name;
}

int manager_message_new(sd_bus *bus, sd_bus_message **ret, const char *method, const char *types,
                        ...)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
    va_list ap;
    int r;

    TRY(sd_bus_message_new_method_call(bus, &m, SYSTEMD_NAME, SYSTEMD_PATH,
                                       SYSTEMD_MANAGER_INTERFACE, method));
    va_start(ap, types);
    r = sd_bus_message_appendv(m, types, ap);
    va_end(ap);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(m);
    return 0;
}

static int properties_message_new(sd_bus *bus, const char *unit, const char *method,
                                  sd_bus_message **ret)
{
    _cleanup_free_ char *path = NULL;

    TRY(sd_bus_path_encode(SYSTEMD_UNIT_PATH, unit, &path));
    return sd_bus_message_new_method_call(bus, ret, SYSTEMD_NAME, path, BUS_PROPERTIES_INTERFACE,
                                          method);
}

int read_one_message_new(sd_bus *bus, const char *unit, const char *interface, const char *property,
                         sd_bus_message **ret)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
    char name[64];

    (void)snprintf(name, sizeof(name), SYSTEMD_NAME ".%s", interface);
    TRY(properties_message_new(bus, unit, "Get", &m));
    TRY(sd_bus_message_append(m, "ss", name, property));
    *ret = TAKE_PTR(m);
    return 0;
}

int read_message_new(sd_bus *bus, const char *unit, sd_bus_message **ret)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

    TRY(properties_message_new(bus, unit, "GetAll", &m));
    /* No interface is all interfaces: those of the unit and of the service in one answer. */
    TRY(sd_bus_message_append(m, "s", ""));
    *ret = TAKE_PTR(m);
    return 0;
}

int message_new_again(sd_bus *bus, sd_bus_message *sent, sd_bus_message **ret)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

    TRY(sd_bus_message_new_method_call(
            bus, &m, sd_bus_message_get_destination(sent), sd_bus_message_get_path(sent),
            sd_bus_message_get_interface(sent), sd_bus_message_get_member(sent)));
    TRY(sd_bus_message_rewind(sent, true));
    TRY(sd_bus_message_copy(m, sent, true));
    *ret = TAKE_PTR(m);
    return 0;
}

static int append_exec(sd_bus_message *m, char **argv)
{
    if (strv_length(argv) == 0)
        return -EINVAL;
    TRY(sd_bus_message_open_container(m, 'a', "(sasb)"));
    TRY(sd_bus_message_open_container(m, 'r', "sasb"));
    TRY(sd_bus_message_append(m, "s", argv[0]));
    TRY(sd_bus_message_append_strv(m, argv));
    TRY(sd_bus_message_append(m, "b", false));
    TRY(sd_bus_message_close_container(m));
    return sd_bus_message_close_container(m);
}

/* An array of structures, each filled from two strings of `v`. */
static int append_pairs(sd_bus_message *m, UnitPropertyType type, char *const *v)
{
    bool bind = type == UNIT_PROPERTY_BIND_PATHS;
    size_t n = strv_length(v);

    if (n % 2 != 0)
        return -EINVAL;
    TRY(sd_bus_message_open_container(m, 'a', bind ? "(ssbt)" : "(ss)"));
    for (size_t i = 0; i < n; i += 2) {
        bool may_miss = bind && v[i][0] == '-';

        if (bind) /* what is mounted below the source comes along, as in unit files */
            TRY(sd_bus_message_append(m, "(ssbt)", v[i] + may_miss, v[i + 1], may_miss,
                                      (uint64_t)MS_REC));
        else
            TRY(sd_bus_message_append(m, "(ss)", v[i], v[i + 1]));
    }
    return sd_bus_message_close_container(m);
}

static int append_bytes(sd_bus_message *m, char *const *v)
{
    TRY(sd_bus_message_open_container(m, 'a', "ay"));
    for (; v && *v; v++)
        TRY(sd_bus_message_append_array(m, 'y', *v, strlen(*v)));
    return sd_bus_message_close_container(m);
}

static int append_addresses(sd_bus_message *m, char *const *v)
{
    AddressRange ranges[ADDRESS_RANGES_MAX];

    TRY(sd_bus_message_open_container(m, 'a', "(iayu)"));
    for (; v && *v; v++) {
        int n = address_ranges_parse(*v, ranges);

        if (n < 0)
            return n;
        for (int i = 0; i < n; i++) {
            TRY(sd_bus_message_open_container(m, 'r', "iayu"));
            TRY(sd_bus_message_append(m, "i", (int32_t)ranges[i].family));
            TRY(sd_bus_message_append_array(m, 'y', ranges[i].address,
                                            ranges[i].family == AF_INET ? 4 : 16));
            TRY(sd_bus_message_append(m, "u", ranges[i].prefix));
            TRY(sd_bus_message_close_container(m));
        }
    }
    return sd_bus_message_close_container(m);
}

static bool is_taken_off(const char *s)
{
    return s[0] == '~';
}

/* Those at the beginning of `v` that are allowed, or that are taken off again. Returns how many. */
static int append_run(sd_bus_message *m, char *const *v)
{
    bool taken_off = is_taken_off(v[0]);
    int n = 0;

    TRY(sd_bus_message_open_container(m, 'r', "bas"));
    TRY(sd_bus_message_append(m, "b", !taken_off));
    TRY(sd_bus_message_open_container(m, 'a', "s"));
    for (; v[n] && is_taken_off(v[n]) == taken_off; n++)
        TRY(sd_bus_message_append(m, "s", v[n] + taken_off));
    TRY(sd_bus_message_close_container(m));
    TRY(sd_bus_message_close_container(m));
    return n;
}

static int append_value(sd_bus_message *m, const UnitProperty *p)
{
    switch (p->type) {
    case UNIT_PROPERTY_STRING:
        return sd_bus_message_append(m, "s", p->string);
    case UNIT_PROPERTY_BOOL:
        return sd_bus_message_append(m, "b", p->boolean);
    case UNIT_PROPERTY_U32:
        return sd_bus_message_append(m, "u", (uint32_t)p->number);
    case UNIT_PROPERTY_U64:
        return sd_bus_message_append(m, "t", p->number);
    case UNIT_PROPERTY_STRV:
        return sd_bus_message_append_strv(m, p->strv);
    case UNIT_PROPERTY_EXEC:
        return append_exec(m, p->strv);
    case UNIT_PROPERTY_STRING_PAIRS:
    case UNIT_PROPERTY_BIND_PATHS:
        return append_pairs(m, p->type, p->strv);
    case UNIT_PROPERTY_BYTES_ARRAY:
        return append_bytes(m, p->strv);
    case UNIT_PROPERTY_INT:
        return sd_bus_message_append(m, "i", (int32_t)p->number);
    case UNIT_PROPERTY_ADDRESSES:
        return append_addresses(m, p->strv);
    case UNIT_PROPERTY_ALLOW_LIST:
        break;
    }
    return -EINVAL;
}

static const char *const signatures[] = {
        [UNIT_PROPERTY_STRING] = "s",
        [UNIT_PROPERTY_BOOL] = "b",
        [UNIT_PROPERTY_U32] = "u",
        [UNIT_PROPERTY_U64] = "t",
        [UNIT_PROPERTY_STRV] = "as",
        [UNIT_PROPERTY_EXEC] = "a(sasb)",
        [UNIT_PROPERTY_STRING_PAIRS] = "a(ss)",
        [UNIT_PROPERTY_BIND_PATHS] = "a(ssbt)",
        [UNIT_PROPERTY_BYTES_ARRAY] = "aay",
        [UNIT_PROPERTY_ALLOW_LIST] = "(bas)",
        [UNIT_PROPERTY_INT] = "i",
        [UNIT_PROPERTY_ADDRESSES] = "a(iayu)",
};

/* A setting for each change between what is allowed and what is not: later ones add to earlier
 * ones. */
static int append_allow_list(sd_bus_message *m, const UnitProperty *p)
{
    for (char *const *v = p->strv; v && *v;) {
        int n;

        TRY(sd_bus_message_open_container(m, 'r', "sv"));
        TRY(sd_bus_message_append(m, "s", p->name));
        TRY(sd_bus_message_open_container(m, 'v', signatures[p->type]));
        n = append_run(m, v);
        if (n < 0)
            return n;
        TRY(sd_bus_message_close_container(m));
        TRY(sd_bus_message_close_container(m));
        v += n;
    }
    return 0;
}

static int append_property(sd_bus_message *m, const UnitProperty *p)
{
    if (p->type == UNIT_PROPERTY_ALLOW_LIST)
        return append_allow_list(m, p);
    TRY(sd_bus_message_open_container(m, 'r', "sv"));
    TRY(sd_bus_message_append(m, "s", p->name));
    TRY(sd_bus_message_open_container(m, 'v', signatures[p->type]));
    TRY(append_value(m, p));
    TRY(sd_bus_message_close_container(m));
    return sd_bus_message_close_container(m);
}

/* Opens the call up to the properties. */
static int start_message_open(sd_bus *bus, const char *unit, sd_bus_message **ret)
{
    /* "fail" refuses rather than turn around what an operator has asked of pools.slice. */
    TRY(manager_message_new(bus, ret, "StartTransientUnit", "ss", unit, "fail"));
    return sd_bus_message_open_container(*ret, 'a', "(sv)");
}

static int start_message_close(sd_bus_message *m)
{
    TRY(sd_bus_message_close_container(m));
    return sd_bus_message_append(m, "a(sa(sv))", 0);
}

int start_message_new(sd_bus *bus, const UnitPlan *plan, char *const *without, sd_bus_message **ret)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

    TRY(start_message_open(bus, plan->name, &m));
    for (size_t i = 0; i < plan->count; i++)
        if (!strv_contains(without, plan->properties[i].name))
            TRY(append_property(m, &plan->properties[i]));
    TRY(start_message_close(m));
    *ret = TAKE_PTR(m);
    return 0;
}

int set_message_new(sd_bus *bus, const char *unit, const UnitNumber *numbers, size_t n,
                    sd_bus_message **ret)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

    TRY(manager_message_new(bus, &m, "SetUnitProperties", "sb", unit, true));
    TRY(sd_bus_message_open_container(m, 'a', "(sv)"));
    for (size_t i = 0; i < n; i++)
        TRY(sd_bus_message_append(m, "(sv)", numbers[i].name, "t", numbers[i].value));
    TRY(sd_bus_message_close_container(m));
    *ret = TAKE_PTR(m);
    return 0;
}

/* Copies the (sv) that comes next in `from`, unless `without` has it. Returns 1, or 0 at the end of
 * the array. */
static int copy_property(sd_bus_message *from, sd_bus_message *to, char *const *without)
{
    const char *name;
    int r = sd_bus_message_enter_container(from, 'r', "sv");

    if (r <= 0)
        return r;
    TRY(sd_bus_message_read(from, "s", &name));
    if (strv_contains(without, name)) {
        TRY(sd_bus_message_skip(from, "v"));
    } else {
        TRY(sd_bus_message_open_container(to, 'r', "sv"));
        TRY(sd_bus_message_append(to, "s", name));
        TRY(sd_bus_message_copy(to, from, false));
        TRY(sd_bus_message_close_container(to));
    }
    TRY(sd_bus_message_exit_container(from));
    return 1;
}

int start_message_new_without(sd_bus *bus, sd_bus_message *sent, char *const *without,
                              sd_bus_message **ret)
{
    _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
    const char *unit;
    int r;

    TRY(sd_bus_message_rewind(sent, true));
    TRY(sd_bus_message_read(sent, "ss", &unit, NULL));
    TRY(sd_bus_message_enter_container(sent, 'a', "(sv)"));
    TRY(start_message_open(bus, unit, &m));
    do {
        r = copy_property(sent, m, without);
        if (r < 0)
            return r;
    } while (r > 0);
    TRY(start_message_close(m));
    *ret = TAKE_PTR(m);
    return 0;
}

int unit_list_next(sd_bus_message *m, ListedUnit *ret)
{
    int r = sd_bus_message_enter_container(m, 'r', "ssssssouso");

    if (r <= 0)
        return r;
    r = sd_bus_message_read(m, "ssss", &ret->name, NULL, &ret->load, &ret->active);
    if (r >= 0)
        r = sd_bus_message_skip(m, "sso");
    if (r >= 0)
        r = sd_bus_message_read(m, "u", &ret->job);
    if (r >= 0)
        r = sd_bus_message_skip(m, "so");
    if (r >= 0)
        r = sd_bus_message_exit_container(m);
    return r < 0 ? r : 1;
}

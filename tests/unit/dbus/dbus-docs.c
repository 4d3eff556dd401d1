/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus-fixture.h"

#include <poolmgr/names.h>
#include <stdio.h>

#include "dbus/methods.h"

/*
 * Prints what the D-Bus interface is, for docs/dbus/generate: the XML by which the live objects
 * introduce themselves, the table of methods, the polkit actions.
 */

#define GENERATED "Made by docs/dbus/generate out of the program: change that, not this."

static void print_interface(const BusFixture *f, const char *path, const char *interface)
{
    sd_bus_message *reply;
    char start[128];
    const char *xml, *begin, *end;

    reply = bus_fixture_call(
            f,
            bus_fixture_new_call_at(f, path, "org.freedesktop.DBus.Introspectable", "Introspect"));
    assert_true(sd_bus_message_read(reply, "s", &xml) >= 0);
    (void)snprintf(start, sizeof(start), " <interface name=\"%s\">", interface);
    begin = strstr(xml, start);
    assert_non_null(begin);
    end = strstr(begin, " </interface>\n");
    assert_non_null(end);
    printf("<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
           "          \"https://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"
           "<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n<!-- " GENERATED " -->\n"
           "<node>\n%.*s </interface>\n</node>\n",
           (int)(end - begin), begin);
    sd_bus_message_unref(reply);
}

/* The length of the first complete type of a signature. */
static size_t type_length(const char *s)
{
    size_t n = 0, depth = 0;

    while (s[n] == 'a')
        n++;
    do {
        depth += s[n] == '(';
        depth -= s[n] == ')';
        n++;
    } while (depth > 0);
    return n;
}

/* "`s` pool_id, `t` lines"; returns where the names go on. */
static const char *print_arguments(const char *signature, const char *names)
{
    for (const char *separator = ""; *signature; separator = ", ") {
        size_t n = type_length(signature);

        printf("%s`%.*s` %s", separator, (int)n, signature, names);
        signature += n;
        names += strlen(names) + 1;
    }
    return names;
}

static void print_methods(void)
{
    printf("<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n<!-- " GENERATED " -->\n"
           "# Methods\n\n"
           "| method | arguments | results | polkit action | |\n|---|---|---|---|---|\n");
    for (const Method *m = methods; m->name; m++) {
        const char *names;

        printf("| `%s` | ", m->name);
        names = print_arguments(m->in, m->names);
        printf(" | ");
        (void)print_arguments(m->out, names);
        printf(" | %s%s%s | %s%s%s%s |\n", m->verb ? "`" : "", m->verb ? m->verb : "",
               m->verb ? "`" : "", m->summary, m->pool_name ? "" : " (manager only)",
               m->pool_name && strcmp(m->pool_name, m->name) != 0 ? "; of a pool: " : "",
               m->pool_name && strcmp(m->pool_name, m->name) != 0 ? m->pool_name : "");
    }
}

static void print_actions(void)
{
    for (const Method *m = methods; m->name; m++)
        if (m->verb)
            printf(METHOD_ACTION_PREFIX "%s\n", m->verb);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    void *state;
    BusFixture *f;

    (void)bus_fixture_setup(&state);
    f = state;
    fake_manager_add_pool(f->manager, "chat");
    if (streq(what, "manager"))
        print_interface(f, PM_OBJECT_PATH, PM_MANAGER_INTERFACE);
    else if (streq(what, "pool"))
        print_interface(f, PM_POOL_OBJECT_PATH "/chat", PM_POOL_INTERFACE);
    else if (streq(what, "methods"))
        print_methods();
    else if (streq(what, "actions"))
        print_actions();
    else
        fprintf(stderr, "usage: dbus-docs manager | pool | methods | actions\n");
    return bus_fixture_teardown(&state);
}

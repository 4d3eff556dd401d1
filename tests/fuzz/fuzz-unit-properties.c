/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <systemd/sd-bus.h>

#include "core/classify.h"
#include "fuzz.h"
#include "systemd/unit_properties.h"

/*
 * A message of the service manager: a dictionary of properties and the names of those that changed.
 * The input is lines "NAME TYPE VALUE": a property with a value of that type, or with a type that
 * none has; "! NAME" is a name in the second list.
 */

static sd_bus *bus;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    /* It is connected to nobody: messages are only made and read. */
    REQUIRE(sd_bus_new(&bus) >= 0);
    REQUIRE(sd_bus_set_address(bus, "unix:path=/nonexistent") >= 0);
    REQUIRE(sd_bus_start(bus) < 0 || true);
    return 0;
}

static int append_bytes(sd_bus_message *m, const char *value)
{
    size_t n = strlen(value);

    return sd_bus_message_append_array(m, 'y', value, n);
}

static int append_value(sd_bus_message *m, char type, const char *value)
{
    uint64_t number = strtoull(value, NULL, 10);

    switch (type) {
    case 's':
    case 'o':
    case 'g':
        return sd_bus_message_append(m, (char[]){type, 0}, value);
    case 'u':
        return sd_bus_message_append(m, "u", (uint32_t)number);
    case 'i':
        return sd_bus_message_append(m, "i", (int32_t)(uint32_t)number);
    case 't':
        return sd_bus_message_append(m, "t", number);
    case 'b':
        return sd_bus_message_append(m, "b", (int)(number & 1));
    case 'y':
        return append_bytes(m, value);
    case 'j':
        return sd_bus_message_append(m, "(uo)", (uint32_t)number, "/x");
    case 'v':
        return sd_bus_message_append(m, "v", "v", "s", value);
    default:
        return sd_bus_message_append(m, "a{sas}", 1, value, 2, value, "");
    }
}

static const char *signature_of(char type)
{
    static char one[2];

    if (type == 'y')
        return "ay";
    if (type == 'j')
        return "(uo)";
    if (type == 'v')
        return "v";
    if (!strchr("sogutib", type) || type == '\0')
        return "a{sas}";
    one[0] = type;
    return one;
}

/* Whether sd-bus took it: it refuses what is no UTF-8, no path, no signature. */
static bool append_property(sd_bus_message *m, char *line)
{
    char *type = strchr(line, ' '), *value;

    if (!type)
        return true;
    *type++ = '\0';
    value = type[0] && type[1] ? type + 2 : type;
    return sd_bus_message_open_container(m, 'e', "sv") >= 0 &&
           sd_bus_message_append(m, "s", line) >= 0 &&
           sd_bus_message_open_container(m, 'v', signature_of(*type)) >= 0 &&
           append_value(m, *type, value) >= 0 && sd_bus_message_close_container(m) >= 0 &&
           sd_bus_message_close_container(m) >= 0;
}

static bool append_lists(sd_bus_message *m, char *text, char *names)
{
    char *line;

    if (sd_bus_message_open_container(m, 'a', "{sv}") < 0)
        return false;
    while ((line = strsep(&text, "\n")))
        if (line[0] != '!' && !append_property(m, line))
            return false;
    if (sd_bus_message_close_container(m) < 0 || sd_bus_message_open_container(m, 'a', "s") < 0)
        return false;
    while ((line = strsep(&names, "\n")))
        if (line[0] == '!' && line[1] == ' ' && sd_bus_message_append(m, "s", line + 2) < 0)
            return false;
    return sd_bus_message_close_container(m) >= 0;
}

static void read_message(sd_bus_message *m)
{
    UnitObservation seen = {.fields = 0}, all = unit_observation_gone();
    char text[256];
    UnitEnd end;

    if (unit_properties_read(m, &seen) < 0)
        return;
    REQUIRE(seen.main_pid >= 0 && seen.exec_main_pid >= 0);
    REQUIRE(strspn(seen.invocation_id, "0123456789abcdef") == strlen(seen.invocation_id));
    (void)unit_observation_merge(&all, &seen);
    REQUIRE(!unit_observation_merge(&all, &seen));
    (void)unit_observation_verdict(&all);
    (void)unit_observation_is_doubtful(&all);
    end = unit_end_classify(&all);
    unit_end_describe(&end, text, sizeof(text));
    REQUIRE(text[0]);
    REQUIRE(unit_properties_read_invalidated(m) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_text(data, size), *names = fuzz_text(data, size);
    sd_bus_message *m = NULL;

    REQUIRE(sd_bus_message_new_signal(bus, &m, "/x", "x.x", "X") >= 0);
    if (append_lists(m, text, names) && sd_bus_message_seal(m, 1, 0) >= 0 &&
        sd_bus_message_rewind(m, true) >= 0)
        read_message(m);
    sd_bus_message_unref(m);
    return 0;
}

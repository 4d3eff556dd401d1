/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>

#include "base/macros.h"
#include "systemd/unit_properties.h"

enum { INVOCATION_ID_SIZE = 16 };

typedef struct Word {
    const char *word;
    int value;
} Word;

static const Word active_words[] = {
        {"inactive", UNIT_ACTIVE_INACTIVE},
        {"activating", UNIT_ACTIVE_ACTIVATING},
        {"active", UNIT_ACTIVE_ACTIVE},
        {"reloading", UNIT_ACTIVE_ACTIVE},
        {"refreshing", UNIT_ACTIVE_ACTIVE},
        {"maintenance", UNIT_ACTIVE_ACTIVE},
        {"deactivating", UNIT_ACTIVE_DEACTIVATING},
        {"failed", UNIT_ACTIVE_FAILED},
};

static const Word result_words[] = {
        {"success", UNIT_RESULT_SUCCESS},     {"exit-code", UNIT_RESULT_EXIT_CODE},
        {"signal", UNIT_RESULT_SIGNAL},       {"core-dump", UNIT_RESULT_CORE_DUMP},
        {"timeout", UNIT_RESULT_TIMEOUT},     {"oom-kill", UNIT_RESULT_OOM_KILL},
        {"resources", UNIT_RESULT_RESOURCES},
};

static int word_value(const Word *words, size_t n, const char *s, int otherwise)
{
    for (size_t i = 0; i < n; i++)
        if (streq(words[i].word, s))
            return words[i].value;
    return otherwise;
}

/* The readers: each takes one value of its type. Positive: the value is worth something. */

static int read_load(sd_bus_message *m, UnitObservation *u)
{
    const char *s;
    int r = sd_bus_message_read(m, "s", &s);

    if (r > 0)
        u->load = streq(s, "loaded") ? UNIT_LOAD_LOADED : UNIT_LOAD_NOT_FOUND;
    return r;
}

static int read_active(sd_bus_message *m, UnitObservation *u)
{
    const char *s;
    int r = sd_bus_message_read(m, "s", &s);

    if (r <= 0)
        return r;
    u->active =
            (UnitActive)word_value(active_words, ELEMENTSOF(active_words), s, UNIT_ACTIVE_UNKNOWN);
    return u->active != UNIT_ACTIVE_UNKNOWN;
}

static int read_result(sd_bus_message *m, UnitObservation *u)
{
    const char *s;
    int r = sd_bus_message_read(m, "s", &s);

    if (r > 0)
        u->result = (UnitResult)word_value(result_words, ELEMENTSOF(result_words), s,
                                           UNIT_RESULT_OTHER);
    return r;
}

static int read_job(sd_bus_message *m, UnitObservation *u)
{
    return sd_bus_message_read(m, "(uo)", &u->job, NULL);
}

static int read_pid(sd_bus_message *m, pid_t *ret)
{
    uint32_t pid;
    int r = sd_bus_message_read(m, "u", &pid);

    if (r <= 0)
        return r;
    if (pid > INT_MAX)
        return 0;
    *ret = (pid_t)pid;
    return 1;
}

static int read_main_pid(sd_bus_message *m, UnitObservation *u)
{
    return read_pid(m, &u->main_pid);
}

static int read_exec_main_pid(sd_bus_message *m, UnitObservation *u)
{
    return read_pid(m, &u->exec_main_pid);
}

static int read_exec_main_code(sd_bus_message *m, UnitObservation *u)
{
    return sd_bus_message_read(m, "i", &u->exec_main_code);
}

static int read_exec_main_status(sd_bus_message *m, UnitObservation *u)
{
    return sd_bus_message_read(m, "i", &u->exec_main_status);
}

static int read_active_enter(sd_bus_message *m, UnitObservation *u)
{
    return sd_bus_message_read(m, "t", &u->active_enter_real_usec);
}

/* Empty before the first start. */
static int read_invocation_id(sd_bus_message *m, UnitObservation *u)
{
    const void *bytes;
    size_t n;
    int r = sd_bus_message_read_array(m, 'y', &bytes, &n);

    if (r < 0 || (n != 0 && n != INVOCATION_ID_SIZE))
        return r < 0 ? r : 0;
    for (size_t i = 0; i < n; i++)
        (void)snprintf(u->invocation_id + 2 * i, 3, "%02x", ((const unsigned char *)bytes)[i]);
    return 1;
}

static const struct {
    const char *name;
    const char *signature;
    UnitField field;
    int (*read)(sd_bus_message *m, UnitObservation *u);
} properties[] = {
        {"LoadState", "s", UNIT_FIELD_LOAD, read_load},
        {"ActiveState", "s", UNIT_FIELD_ACTIVE, read_active},
        {"Job", "(uo)", UNIT_FIELD_JOB, read_job},
        {"Result", "s", UNIT_FIELD_RESULT, read_result},
        {"MainPID", "u", UNIT_FIELD_MAIN_PID, read_main_pid},
        {"ExecMainPID", "u", UNIT_FIELD_EXEC_MAIN_PID, read_exec_main_pid},
        {"ExecMainCode", "i", UNIT_FIELD_EXEC_MAIN_CODE, read_exec_main_code},
        {"ExecMainStatus", "i", UNIT_FIELD_EXEC_MAIN_STATUS, read_exec_main_status},
        {"InvocationID", "ay", UNIT_FIELD_INVOCATION_ID, read_invocation_id},
        {"ActiveEnterTimestamp", "t", UNIT_FIELD_ACTIVE_ENTER, read_active_enter},
};

/* The place in the table, or ELEMENTSOF(properties). */
static size_t property_find(const char *name)
{
    size_t i = 0;

    while (i < ELEMENTSOF(properties) && !streq(properties[i].name, name))
        i++;
    return i;
}

static int read_value(sd_bus_message *m, const char *name, UnitObservation *u)
{
    size_t i = property_find(name);
    const char *signature;
    char type;
    int r;

    if (i == ELEMENTSOF(properties))
        return sd_bus_message_skip(m, "v");
    r = sd_bus_message_peek_type(m, &type, &signature);
    if (r < 0)
        return r;
    if (type != SD_BUS_TYPE_VARIANT || !streq(signature, properties[i].signature))
        return sd_bus_message_skip(m, "v");
    r = sd_bus_message_enter_container(m, 'v', signature);
    if (r < 0)
        return r;
    r = properties[i].read(m, u);
    if (r < 0)
        return r;
    if (r > 0)
        u->fields |= properties[i].field;
    return sd_bus_message_exit_container(m);
}

int unit_property_read(sd_bus_message *m, const char *name, UnitObservation *ret)
{
    UnitObservation u = {0};
    int r = read_value(m, name, &u);

    if (r >= 0)
        *ret = u;
    return r < 0 ? r : 0;
}

int unit_properties_read(sd_bus_message *m, UnitObservation *ret)
{
    UnitObservation u = {0};
    int r = sd_bus_message_enter_container(m, 'a', "{sv}");

    if (r <= 0)
        return r < 0 ? r : -EBADMSG;
    while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
        const char *name;

        r = sd_bus_message_read(m, "s", &name);
        if (r >= 0)
            r = read_value(m, name, &u);
        if (r >= 0)
            r = sd_bus_message_exit_container(m);
        if (r < 0)
            return r;
    }
    if (r >= 0)
        r = sd_bus_message_exit_container(m);
    if (r < 0)
        return r;
    *ret = u;
    return 0;
}

int unit_properties_read_invalidated(sd_bus_message *m)
{
    bool used = false;
    const char *name;
    int r = sd_bus_message_enter_container(m, 'a', "s");

    if (r < 0)
        return r;
    while ((r = sd_bus_message_read(m, "s", &name)) > 0)
        used = used || property_find(name) < ELEMENTSOF(properties);
    return r < 0 ? r : used;
}

UnitObservation unit_observation_gone(void)
{
    return (UnitObservation){
            .fields = UNIT_FIELD_LOAD | UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB,
            .load = UNIT_LOAD_NOT_FOUND,
            .active = UNIT_ACTIVE_INACTIVE,
    };
}

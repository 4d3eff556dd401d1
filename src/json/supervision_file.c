/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/supervision_file.h"

#include <inttypes.h>
#include <stdio.h>

#include "json/fields.h"
#include "json/refuse.h"

#define NUMBER(member) FIELD_U64, .max = INT64_MAX, .offset = offsetof(Supervision, member)
#define FLAG(member)   FIELD_BOOL, .offset = offsetof(Supervision, member)
/* Of one breaker. */
#define BREAKER(kind, name)                                                         \
    {name "_failures", NUMBER(breakers[kind].failures)},                            \
            {name "_open", FLAG(breakers[kind].open)},                              \
            {name "_open_until_mono_usec", NUMBER(breakers[kind].open_until.mono)}, \
            {name "_open_until_real_usec", NUMBER(breakers[kind].open_until.real)}, \
    {                                                                               \
        name "_open_usec", NUMBER(breakers[kind].open_usec)                         \
    }

static const Field fields[] = {
        {"restart_count", NUMBER(restart_count)},
        {"backoff_count", NUMBER(backoff_count)},
        {"pending", FLAG(pending)},
        {"due_mono_usec", NUMBER(due.mono)},
        {"due_real_usec", NUMBER(due.real)},
        {"delay_usec", NUMBER(delay_usec)},
        BREAKER(BREAKER_GENERAL, "general"),
        BREAKER(BREAKER_CUDA, "cuda"),
        {"trial", FLAG(trial)},
        {"allowed_once", FLAG(allowed_once)},
        {"storm_warned", FLAG(storm_warned)},
        {"oom_storm_warned", FLAG(oom_storm_warned)},
};
static const FieldTable table = {fields, ELEMENTSOF(fields)};

static const struct {
    const char *name;
    size_t offset;
} windows[] = {
        {"restarts_mono_usec", offsetof(Supervision, restarts)},
        {"ooms_mono_usec", offsetof(Supervision, ooms)},
};

static json_object *write_window(const TimeWindow *w)
{
    json_object *array = json_object_new_array();

    for (uint64_t i = 0; array && i < w->count; i++) {
        json_object *number = json_object_new_uint64(w->times[i]);

        if (!number || json_object_array_add(array, number) < 0) {
            json_object_put(number);
            json_object_put(array);
            array = NULL;
        }
    }
    return array;
}

json_object *supervision_write(const Supervision *s)
{
    Builder b;

    builder_init(&b);
    fields_write(&table, s, &b);
    for (size_t i = 0; i < ELEMENTSOF(windows); i++)
        builder_add_value(&b, windows[i].name,
                          write_window((const TimeWindow *)(const void *)((const char *)s +
                                                                          windows[i].offset)));
    return builder_take(&b);
}

static int read_window(json_object *object, const char *prefix, const char *name, TimeWindow *w,
                       Error *error)
{
    char field[PM_ERROR_FIELD_MAX + 1];
    json_object *array = NULL;

    field_name(prefix, name, field);
    if (!json_object_object_get_ex(object, name, &array))
        return 0;
    if (!json_object_is_type(array, json_type_array) ||
        json_object_array_length(array) > TIME_WINDOW_MAX)
        return field_refuse(error, field, "must be an array of at most %d numbers",
                            (int)TIME_WINDOW_MAX);
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        json_object *number = json_object_array_get_idx(array, i);

        if (!json_object_is_type(number, json_type_int) || json_object_get_int64(number) < 0 ||
            json_object_get_uint64(number) > INT64_MAX)
            return field_refuse(error, field, "must be an array of numbers from 0 to %" PRId64,
                                INT64_MAX);
        if (time_window_add(w, (usec_t)json_object_get_int64(number)) < 0)
            return refuse_no_memory(error);
    }
    return 0;
}

int supervision_read(json_object *object, const char *prefix, Supervision *ret, Error *error)
{
    int r = fields_read(&table, object, prefix, ret, NULL, error);

    for (size_t i = 0; i < ELEMENTSOF(windows) && r >= 0; i++)
        r = read_window(object, prefix, windows[i].name,
                        (TimeWindow *)(void *)((char *)ret + windows[i].offset), error);
    return r;
}

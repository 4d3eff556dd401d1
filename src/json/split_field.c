/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/split_field.h"

#include <stdio.h>

#include "json/refuse.h"

#define AUTO "auto"

/* Of a ratio; as a share of the largest, that of the smallest is still more than nothing. */
static const double RATIO_MAX = SPLIT_WHOLE;

static int refuse_ratio(const Target *t, size_t i, json_object *value)
{
    char name[PM_ERROR_FIELD_MAX + 1], index[24];
    const Target item = {t->field, name, t->place, t->error};

    (void)snprintf(index, sizeof(index), "[%zu]", i);
    field_name(t->name, index, name);
    return refuse_value(&item, "a number from 0 to 1000000", value);
}

/* The numbers as they are given. */
static int read_ratios(const Target *t, json_object *list, double ratios[static SPLIT_DEVICES_MAX],
                       double *ret_largest)
{
    *ret_largest = 0;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *value = json_object_array_get_idx(list, i);
        json_type type = json_object_get_type(value);

        if (type != json_type_int && type != json_type_double)
            return refuse_ratio(t, i, value);
        ratios[i] = json_object_get_double(value);
        if (!(ratios[i] >= 0 && ratios[i] <= RATIO_MAX)) /* NaN is neither */
            return refuse_ratio(t, i, value);
        if (ratios[i] > *ret_largest)
            *ret_largest = ratios[i];
    }
    return 0;
}

/* So that who gives 3:1 means the same as who gives 0.75:0.25, and what we write is read as it was.
 */
static uint64_t normal(double ratio, double largest)
{
    uint64_t part = (uint64_t)(ratio * SPLIT_WHOLE / largest + 0.5);

    return part == 0 && ratio > 0 ? 1 : part;
}

static int store_ratios(const Target *t, json_object *list)
{
    double ratios[SPLIT_DEVICES_MAX] = {0}, largest;
    size_t count = json_object_array_length(list);
    SpecSplit *split = t->place;
    int r;

    if (count < 1 || count > SPLIT_DEVICES_MAX)
        return field_refuse(t->error, t->name, "must have 1 to %d ratios, got %zu",
                            SPLIT_DEVICES_MAX, count);
    r = read_ratios(t, list, ratios, &largest);
    if (r < 0)
        return r;
    if (largest <= 0)
        return field_refuse(t->error, t->name, "one of the ratios must be more than 0");
    split->ratios = calloc(count, sizeof(split->ratios[0]));
    if (!split->ratios)
        return refuse_no_memory(t->error);
    split->mode = SPLIT_RATIOS;
    split->count = count;
    for (size_t i = 0; i < count; i++)
        split->ratios[i] = normal(ratios[i], largest);
    return 0;
}

int store_split(const Target *t, json_object *value)
{
    SpecSplit *split = t->place;

    if (json_object_get_type(value) == json_type_array)
        return store_ratios(t, value);
    if (json_object_get_type(value) != json_type_string ||
        !streq(json_object_get_string(value), AUTO))
        return refuse_value(t, "\"" AUTO "\" or an array of ratios", value);
    split->mode = SPLIT_AUTO;
    return 0;
}

/* NULL when out of memory. */
static json_object *list_ratios(const SpecSplit *split)
{
    json_object *list = json_object_new_array();

    for (size_t i = 0; list && i < split->count; i++) {
        json_object *ratio = json_object_new_int64((int64_t)split->ratios[i]);

        if (!ratio || json_object_array_add(list, ratio) < 0) {
            json_object_put(ratio);
            json_object_put(list);
            return NULL;
        }
    }
    return list;
}

void write_split(Builder *b, const char *name, const SpecSplit *split)
{
    if (split->mode == SPLIT_AUTO)
        builder_add_string(b, name, AUTO);
    else if (split->mode == SPLIT_RATIOS)
        builder_add_value(b, name, list_ratios(split));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "manager/declared.h"
#include "json/build.h"

/* The declared pools, as they are shown. */

static const char *state_of(const DeclaredPool *d)
{
    if (!d->file.path)
        return "removing";
    if (d->file.problem)
        return "invalid";
    return d->due || d->waiter ? "waiting" : "applied";
}

static json_object *describe(const DeclaredPool *d)
{
    const Declaration *known = d->file.declaration.spec ? &d->file.declaration : NULL;
    Builder b;

    if (!known && d->record)
        known = &d->record->applied;
    builder_init(&b);
    builder_add_string(&b, "pool_id", d->id);
    builder_add_string(&b, "file", d->file.path ? d->file.path : d->record->file);
    if (known)
        builder_add_bool(&b, "autostart", known->autostart);
    else
        builder_add_null(&b, "autostart");
    builder_add_string(&b, "state", state_of(d));
    builder_add_string(&b, "problem", d->file.problem);
    builder_add_value(&b, "warnings", json_string_array(d->file.warnings));
    return builder_take(&b);
}

static json_object *describe_all(const struct DeclaredPools *all)
{
    json_object *array = json_object_new_array_ext((int)all->count + 1);

    for (size_t i = 0; array && i < all->count; i++) {
        json_object *pool = NULL;

        /* What is known from before the first reading only is shown after it. */
        if (!all->items[i]->file.path && !all->items[i]->record)
            continue;
        pool = describe(all->items[i]);
        if (pool && json_object_array_add(array, pool) == 0)
            continue;
        json_object_put(pool);
        json_object_put(array);
        return NULL;
    }
    return array;
}

int declared_describe(const Manager *m, json_object *object)
{
    json_object *pools = describe_all(m->declared),
                *problems = json_string_array(m->declared->problems);

    if (pools && json_object_object_add(object, "declared", pools) == 0)
        pools = NULL;
    if (problems && json_object_object_add(object, "declared_problems", problems) == 0)
        problems = NULL;
    if (!pools && !problems && json_object_object_get_ex(object, "declared", NULL) &&
        json_object_object_get_ex(object, "declared_problems", NULL))
        return 0;
    json_object_put(pools);
    json_object_put(problems);
    return -ENOMEM;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/storable.h"

#include <stdio.h>

#include "json/build.h"
#include "json/reader.h"
#include "json/refuse.h"
#include "json/write.h"

enum {
    STATE_RESERVE = 192 * 1024, /* bytes of a state file beside its spec, at most */
};

int check_storable(const char *name, json_object *member, Error *error)
{
    _cleanup_json_ json_object *file = NULL, *again = NULL;
    char prefix[PM_ERROR_FIELD_MAX + 1];
    _cleanup_free_ char *text = NULL;
    size_t length;
    Builder b;
    int r;

    builder_init(&b);
    builder_add_value(&b, name, member);
    file = builder_take(&b);
    if (!file || json_write_text(file, true, &text, &length) < 0)
        return refuse_no_memory(error);
    if (length > PM_BODY_MAX - STATE_RESERVE)
        return error_set(error, PM_ERROR_BODY_TOO_LARGE, NULL,
                         "the %s has %zu bytes written out, at most %d are allowed", name, length,
                         PM_BODY_MAX - STATE_RESERVE);
    r = json_read(text, length, &again, error);
    field_name(name, ".", prefix);
    error_strip_field(error, prefix);
    return r;
}

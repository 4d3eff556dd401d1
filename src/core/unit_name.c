/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poolmgr/names.h>

#include "base/parse.h"
#include "base/text.h"
#include "core/unit_name.h"

void unit_name_format(const char *pool_id, const char *replica_id, uint64_t generation,
                      char buffer[static PM_UNIT_NAME_MAX + 1])
{
    Text t = text_in(buffer, PM_UNIT_NAME_MAX + 1);

    text_append(&t, PM_UNIT_PREFIX);
    text_append(&t, pool_id);
    text_append(&t, ":");
    text_append(&t, replica_id);
    text_append(&t, ":g");
    text_append_number(&t, generation);
    text_append(&t, PM_UNIT_SUFFIX);
}

/* Copies what lies between `from` and `to` when it is an id. */
static int take_id(const char *from, const char *to, char id[static PM_ID_MAX + 1])
{
    size_t n = (size_t)(to - from);

    if (n > PM_ID_MAX)
        return -EINVAL;
    memcpy(id, from, n);
    id[n] = '\0';
    return id_is_valid(id) ? 0 : -EINVAL;
}

int unit_name_parse(const char *name, UnitName *ret)
{
    const char *pool, *replica, *generation, *end;
    char digits[24];
    UnitName n;

    if (!startswith(name, PM_UNIT_PREFIX) || strlen(name) > PM_UNIT_NAME_MAX)
        return -EINVAL;
    pool = name + strlen(PM_UNIT_PREFIX);
    replica = strchr(pool, ':');
    generation = replica ? strchr(replica + 1, ':') : NULL;
    if (!generation || generation[1] != 'g')
        return -EINVAL;
    if (take_id(pool, replica, n.pool_id) < 0 || take_id(replica + 1, generation, n.replica_id) < 0)
        return -EINVAL;
    generation += 2;
    end = strstr(generation, PM_UNIT_SUFFIX);
    if (!end || !streq(end, PM_UNIT_SUFFIX) || (size_t)(end - generation) >= sizeof(digits))
        return -EINVAL;
    memcpy(digits, generation, (size_t)(end - generation));
    digits[end - generation] = '\0';
    if (parse_u64(digits, 1, UINT64_MAX, &n.generation) < 0)
        return -EINVAL;
    *ret = n;
    return 0;
}

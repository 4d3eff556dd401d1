/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/runtime_dir_internal.h"

static int file_name(const char *pool_id, ProvisionFile file, FileName *ret)
{
    static const char *const suffixes[PROVISION_FILE_MAX] = {
            [PROVISION_OUTPUT] = ".out",
            [PROVISION_ERRORS] = ".err",
    };

    return runtime_dir_pool_name(pool_id, suffixes[file], ret);
}

int runtime_dir_provision_path(const RuntimeDir *r, const char *pool_id, ProvisionFile file,
                               char **ret)
{
    FileName name;
    int q = file_name(pool_id, file, &name);

    return q < 0 ? q : runtime_dir_join(r, "/provision/", &name, ret);
}

int runtime_dir_remove_provision(RuntimeDir *r, const char *pool_id)
{
    int result = 0;

    for (ProvisionFile file = 0; file < PROVISION_FILE_MAX; file++) {
        FileName name;
        int q = file_name(pool_id, file, &name);

        if (q >= 0)
            q = runtime_dir_remove_file(r->provision_fd, name.text);
        if (q < 0)
            result = q;
    }
    return result;
}

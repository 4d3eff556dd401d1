/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "manager/manager_internal.h"
#include "systemd/journal_stream.h"

int manager_open_logs(Manager *m, const char *pool_id, const LogQuery *query, int *ret_fd,
                      Error *error)
{
    _cleanup_free_ char *file = NULL;
    const JournalQuery q = {
            .pool_id = pool_id,
            .generation = query->generation,
            .lines = query->lines,
            .follow = query->follow,
            .json = query->json,
            .user_mode = m->user_mode,
    };
    Pool *pool;
    int r = manager_find_pool(m, pool_id, &pool, error);

    if (r < 0)
        return r;
    if (m->policy.engine_log == ENGINE_LOG_FILE) {
        if (runtime_dir_log_path(m->runtime, pool_id, &file) < 0)
            return error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory");
        return error_set(error, PM_ERROR_LOG_IN_FILE, NULL,
                         "the output of engines goes to files (EngineLog=file), not to the "
                         "journal: read %s",
                         file);
    }
    r = journal_stream_open(&q, ret_fd);
    if (r == -EBUSY)
        return error_set(error, PM_ERROR_UNAVAILABLE, NULL,
                         "%d logs are being read already: try again when one has ended",
                         (int)JOURNAL_STREAMS_MAX);
    if (r < 0)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "the journal cannot be read: %s",
                         strerror(-r));
    return 0;
}

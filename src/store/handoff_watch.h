/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "base/macros.h"
#include "store/runtime_dir.h"

/*
 * Watches engines/ in the runtime directory (contract: files in R) for handoffs that somebody else
 * put there: files whose names end in ".json" and do not start with '.'. What runtime_dir_*() wrote
 * there itself since `dir` was opened is never told, nor is a symbolic link engine.json; handoffs
 * that an earlier run of the daemon left are told like everybody's.
 *
 * A file is seen when it is closed after writing, renamed or linked into the folder; one that is
 * still being written is not (but a scan sees what is there by then, and its end later). A file
 * made with O_TMPFILE and linked is seen at the next scan only.
 */
typedef struct HandoffWatch HandoffWatch;

enum {
    HANDOFF_FILES_MAX = 4096, /* files of others that are kept track of */
};

/*
 * Called from the loop and from handoff_watch_scan(). Names are those within the folder and may
 * hold any byte but '/'; all strings are valid during the call. Of the watch none may call more
 * than handoff_watch_postpone() and _resume(); runtime_dir_*() may be called. All are required.
 *
 * Each version of a file (device, inode, size, time of change, contents) is told once: whoever
 * rejects a text in `changed` is not asked again until the file changes. What was told about a name
 * before holds no longer when something new is told.
 */
typedef struct HandoffWatchCallbacks {
    /* There is a file, with these `length` bytes (at most PM_BODY_MAX; a NUL follows). */
    void (*changed)(const char *name, const char *text, size_t length, void *userdata);
    /* A file that was told by `changed` or `bad` is gone, or one of ours has replaced it. */
    void (*gone)(const char *name, void *userdata);
    /* There is something that cannot be a handoff; `reason` goes on after its name: "is a symbolic
     * link". */
    void (*bad)(const char *name, const char *reason, void *userdata);
    /*
     * Something is wrong with the folder, as a sentence that says what follows: it cannot be read
     * (it is tried again every second), it holds more than HANDOFF_FILES_MAX files (those above are
     * left alone until others go). Told once each time that it begins.
     */
    void (*trouble)(const char *reason, void *userdata);
    /* A folder of the runtime directory was deleted or moved: all files are gone, and nothing is
     * told any more. Once runtime_dir_renew() has made them again, a new watch is needed. */
    void (*lost)(void *userdata);
} HandoffWatchCallbacks;

/*
 * Begins to watch. Nothing is told before the loop runs or a scan. `callbacks` is copied, `dir` and
 * what `userdata` points to must outlive *ret. Returns 0 or negative errno: -ENOSPC, -EMFILE: the
 * host's limits on inotify watches and instances (fs.inotify.max_user_watches, _instances).
 */
int handoff_watch_new(sd_event *event, const RuntimeDir *dir,
                      const HandoffWatchCallbacks *callbacks, void *userdata, HandoffWatch **ret);
/* Must not be called from a callback. Returns NULL. */
HandoffWatch *handoff_watch_free(HandoffWatch *w);

/*
 * Compares the folder with what was told and tells what differs, sorted by name: first all that is
 * gone, then what is new or changed. Call it once after handoff_watch_new() for what is there
 * already; when the kernel has lost events the watch does it by itself.
 */
void handoff_watch_scan(HandoffWatch *w);

/*
 * For a file that cannot be taken for a reason that lies not in it, such as a pool that runs: from
 * `changed`, with its name. Resuming tells all files that were postponed once more, soon, from the
 * loop; call it when such a reason ends. A file that changes or goes is not postponed any more.
 */
void handoff_watch_postpone(HandoffWatch *w, const char *name);
void handoff_watch_resume(HandoffWatch *w);

DEFINE_CLEANUP(HandoffWatch *, handoff_watch_free)

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/handoff_watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poolmgr/limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/shortage.h"
#include "base/usec.h"
#include "store/plain_file.h"
#include "store/runtime_dir_internal.h"

/*
 * Events only say which names to look at; what is told follows from how a file is when it is looked
 * at, compared with what was told about it. So it does not matter how events and our own writes
 * interleave, nor whether two events come for one change.
 */

#define FOLDER_NAME "engines"
#define FOLDER_EVENTS                                                                   \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ATTRIB | \
     IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
/* A deleted folder that is still open tells its parent only. */
#define PARENT_EVENTS (IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

#define RETRY_USEC     USEC_PER_SEC
#define ROOM_MADE_USEC (50 * USEC_PER_MSEC) /* so that many that go cause one scan, not many */

struct HandoffWatch {
    const RuntimeDir *dir;
    HandoffWatchCallbacks callbacks;
    void *userdata;
    sd_event_source *folder, *parent;
    sd_event_source *timer; /* the next scan that we ask of ourselves */
    FileTable files;        /* of others, that were told */
    uint64_t scans;
    bool left_out, told_left_out; /* files for want of room, in the current or last scan */
    bool failed, told_failed;     /* the same for being unable to read */
    bool lost;
    char *buffer;
};

/* A file as it is now. */
typedef struct View {
    FileVersion version;
    uint64_t content;
    size_t length;
    mode_t mode;
    int error;
} View;

static bool name_is_of_handoff(const char *name)
{
    size_t n = strlen(name), suffix = strlen(".json");

    return name[0] != '.' && n > suffix && streq(name + n - suffix, ".json");
}

static void schedule_scan(HandoffWatch *w, usec_t delay_usec)
{
    int enabled = SD_EVENT_OFF;

    /* One that is due already is not put off. */
    if (sd_event_source_get_enabled(w->timer, &enabled) > 0)
        return;
    (void)sd_event_source_set_time_relative(w->timer, delay_usec);
    (void)sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT);
}

static void tell_trouble(HandoffWatch *w, const char *what)
{
    char reason[PATH_MAX + 256];

    (void)snprintf(reason, sizeof(reason), "%s/" FOLDER_NAME " %s", w->dir->path, what);
    w->callbacks.trouble(reason, w->userdata);
}

static void fail(HandoffWatch *w, int error)
{
    char what[192];

    w->failed = true;
    if (!w->told_failed) {
        w->told_failed = true;
        (void)snprintf(what, sizeof(what),
                       "cannot be read: %s; it is tried again every second until it can be",
                       strerror(-error));
        tell_trouble(w, what);
    }
    schedule_scan(w, RETRY_USEC);
}

static void leave_out(HandoffWatch *w)
{
    char what[192];

    w->left_out = true;
    if (w->told_left_out)
        return;
    w->told_left_out = true;
    (void)snprintf(what, sizeof(what),
                   "holds more than %d handoffs of others; those above are left alone until some "
                   "are removed",
                   HANDOFF_FILES_MAX);
    tell_trouble(w, what);
}

static void tell_bad(HandoffWatch *w, const char *name, const View *view)
{
    char reason[128];

    if (view->error == -EISDIR)
        (void)snprintf(reason, sizeof(reason), "is a folder");
    else if (view->error == -ELOOP)
        (void)snprintf(reason, sizeof(reason), "is a symbolic link");
    else if (view->error == -EFBIG)
        (void)snprintf(reason, sizeof(reason), "is larger than %d bytes", PM_BODY_MAX);
    else if (!S_ISREG(view->mode))
        (void)snprintf(reason, sizeof(reason), "is not a regular file");
    else
        (void)snprintf(reason, sizeof(reason), "cannot be read: %s", strerror(-view->error));
    w->callbacks.bad(name, reason, w->userdata);
}

/* The file is gone or ours. */
static void forget(HandoffWatch *w, FileRecord *record)
{
    if (!record)
        return;
    w->callbacks.gone(record->name, w->userdata);
    file_table_remove(&w->files, record->name);
    if (w->left_out)
        schedule_scan(w, ROOM_MADE_USEC);
}

/* FNV-1a. Tells rewritten files apart whose times are too coarse to show it. */
static uint64_t hash_text(const char *text, size_t length)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Reads the file into the buffer. Returns 0, whatever is wrong with the file then stands in `view`;
 * or -ENOENT, or a shortage. */
static int read_view(HandoffWatch *w, const char *name, struct stat *st, View *ret)
{
    View view = {0};
    int r;

    r = plain_file_check_kind(st);
    if (r >= 0)
        r = plain_file_read(w->dir->engines_fd, name, w->buffer, &view.length, st);
    if (r == -ENOENT || errno_is_shortage(r))
        return r;
    view.version = file_version(st);
    view.mode = st->st_mode;
    view.error = r;
    if (r >= 0)
        view.content = hash_text(w->buffer, view.length);
    if (r == -EISDIR) { /* What happens within does not make it another. */
        view.version.size = 0;
        view.version.changed = (struct timespec){0};
    }
    *ret = view;
    return 0;
}

static bool was_told(const FileRecord *record, const View *view)
{
    return record->error == view->error && record->content == view->content &&
           file_version_equal(&record->version, &view->version);
}

static int tell(HandoffWatch *w, const char *name, const View *view)
{
    FileRecord *record;
    int r;

    r = file_table_ensure(&w->files, name, &record);
    if (r < 0)
        return r;
    if (r == 0 && was_told(record, view))
        return 0;
    record->version = view->version;
    record->content = view->content;
    record->error = view->error;
    record->scan = w->scans;
    record->postponed = false;
    if (view->error < 0)
        tell_bad(w, record->name, view);
    else
        w->callbacks.changed(record->name, w->buffer, view->length, w->userdata);
    return 0;
}

/* Tells what is new about `name`. */
static void look_at(HandoffWatch *w, const char *name)
{
    FileRecord *record = file_table_get(&w->files, name);
    struct stat st;
    View view = {0};
    int r;

    r = fstatat(w->dir->engines_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
    if (r >= 0 && ((S_ISLNK(st.st_mode) && streq(name, HANDOFF_SYMLINK)) ||
                   runtime_dir_owns_handoff(w->dir, name, &st))) {
        forget(w, record);
        return;
    }
    if (r >= 0 && !record && w->files.count >= HANDOFF_FILES_MAX) {
        leave_out(w);
        return;
    }
    if (r >= 0)
        r = read_view(w, name, &st, &view);
    if (r >= 0)
        r = tell(w, name, &view);
    if (r == -ENOENT)
        forget(w, record);
    else if (r < 0)
        fail(w, r);
}

static void unref_sources(HandoffWatch *w)
{
    w->folder = sd_event_source_disable_unref(w->folder);
    w->parent = sd_event_source_disable_unref(w->parent);
    w->timer = sd_event_source_disable_unref(w->timer);
}

static void lose(HandoffWatch *w)
{
    w->lost = true;
    w->left_out = false;
    while (w->files.count > 0)
        forget(w, w->files.records[0]);
    unref_sources(w);
    w->callbacks.lost(w->userdata);
}

static int is_handoff(const struct dirent *entry)
{
    return name_is_of_handoff(entry->d_name);
}

/* By bytes, the same in every locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Looks at those that were told and not found by this scan. */
static void look_for_gone(HandoffWatch *w)
{
    for (size_t i = 0, count; i < w->files.count; i += count == w->files.count) {
        FileRecord *record = w->files.records[i];

        count = w->files.count;
        if (record->scan != w->scans)
            look_at(w, record->name);
    }
}

void handoff_watch_scan(HandoffWatch *w)
{
    struct dirent **entries;
    int n;

    if (w->lost)
        return;
    w->failed = w->left_out = false;
    n = scandirat(w->dir->engines_fd, ".", &entries, is_handoff, compare_names);
    if (n < 0) {
        fail(w, -errno);
        return;
    }
    w->scans++;
    for (int i = 0; i < n; i++) {
        FileRecord *record = file_table_get(&w->files, entries[i]->d_name);

        if (record)
            record->scan = w->scans;
    }
    look_for_gone(w);
    for (int i = 0; i < n; i++) {
        look_at(w, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    w->told_failed = w->failed;
    w->told_left_out = w->left_out;
}

void handoff_watch_postpone(HandoffWatch *w, const char *name)
{
    FileRecord *record = file_table_get(&w->files, name);

    if (record)
        record->postponed = true;
}

void handoff_watch_resume(HandoffWatch *w)
{
    bool any = false;

    for (size_t i = 0; i < w->files.count; i++) {
        FileRecord *record = w->files.records[i];

        if (record->postponed) {
            record->version = (FileVersion){0}; /* no file's, so that it looks changed */
            any = true;
        }
    }
    if (any && !w->lost)
        schedule_scan(w, 0);
}

/* Whether a file that was created just now is whole: it is unless it is being written. */
static bool is_created_whole(const HandoffWatch *w, const char *name)
{
    struct stat st;

    return fstatat(w->dir->engines_fd, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 &&
           (!S_ISREG(st.st_mode) || st.st_nlink > 1);
}

/* Whether a file that could not be read may be readable now. */
static bool may_be_allowed(const HandoffWatch *w, const char *name)
{
    const FileRecord *record = file_table_get(&w->files, name);

    return record && record->error < 0;
}

static int on_folder(sd_event_source *source, const struct inotify_event *e, void *userdata)
{
    HandoffWatch *w = userdata;

    if (e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) {
        if (!w->lost)
            lose(w);
        return 0;
    }
    if (e->mask & IN_Q_OVERFLOW) {
        handoff_watch_scan(w);
        return 0;
    }
    if (e->len == 0 || !name_is_of_handoff(e->name) ||
        (e->mask & IN_CREATE && !is_created_whole(w, e->name)) ||
        (e->mask & IN_ATTRIB && !may_be_allowed(w, e->name)))
        return 0;
    look_at(w, e->name);
    return 0;
}

static int on_parent(sd_event_source *source, const struct inotify_event *e, void *userdata)
{
    HandoffWatch *w = userdata;

    /* Most events are about other files in there. */
    if ((e->len == 0 || e->mask & IN_ISDIR) && !w->lost && !runtime_dir_is_there(w->dir))
        lose(w);
    return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    handoff_watch_scan(userdata);
    return 0;
}

static int set_up(HandoffWatch *w, sd_event *event)
{
    int r;

    r = sd_event_add_time(event, &w->timer, CLOCK_MONOTONIC, USEC_INFINITY, 1, on_timer, w);
    if (r >= 0)
        r = sd_event_source_set_enabled(w->timer, SD_EVENT_OFF);
    if (r >= 0)
        r = sd_event_add_inotify_fd(event, &w->parent, w->dir->root_fd, PARENT_EVENTS, on_parent,
                                    w);
    if (r >= 0)
        r = sd_event_add_inotify_fd(event, &w->folder, w->dir->engines_fd, FOLDER_EVENTS, on_folder,
                                    w);
    return r;
}

int handoff_watch_new(sd_event *event, const RuntimeDir *dir,
                      const HandoffWatchCallbacks *callbacks, void *userdata, HandoffWatch **ret)
{
    _cleanup_(handoff_watch_freep) HandoffWatch *w = NULL;
    int r;

    w = malloc(sizeof(*w));
    if (!w)
        return -ENOMEM;
    *w = (HandoffWatch){.dir = dir, .callbacks = *callbacks, .userdata = userdata};
    w->buffer = malloc(PM_BODY_MAX + 2);
    if (!w->buffer)
        return -ENOMEM;
    r = set_up(w, event);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(w);
    return 0;
}

HandoffWatch *handoff_watch_free(HandoffWatch *w)
{
    if (!w)
        return NULL;
    unref_sources(w);
    file_table_done(&w->files);
    free(w->buffer);
    free(w);
    return NULL;
}

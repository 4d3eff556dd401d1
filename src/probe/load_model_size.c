/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/load_model_size.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "probe/load_model_files.h"
#include "thread/thread.h"

enum {
    STACK_BYTES = 256 * 1024,
};

/* Each of them is a thread, which can hang for as long as the file system does. */
static atomic_uint lookups_running;

/* What the loop and the thread share; the last of them frees it. */
typedef struct Lookup {
    atomic_uint references;
    int done_fd; /* an eventfd that wakes the loop up */
    char *path;
    atomic_bool done; /* the thread has written what stands below */
    int error;
    uint64_t bytes;
} Lookup;

struct ModelSize {
    Lookup *lookup;
    sd_event_source *source;
    ModelSizeFunc f;
    void *userdata;
};

static Lookup *lookup_unref(Lookup *l)
{
    if (!l || atomic_fetch_sub(&l->references, 1) > 1)
        return NULL;
    closep(&l->done_fd);
    free(l->path);
    free(l);
    return NULL;
}

static Lookup *lookup_ref(Lookup *l)
{
    atomic_fetch_add(&l->references, 1);
    return l;
}

DEFINE_CLEANUP(Lookup *, lookup_unref)

static int lookup_new(const char *path, Lookup **ret)
{
    _cleanup_(lookup_unrefp) Lookup *l = calloc(1, sizeof(*l));

    if (!l)
        return -ENOMEM;
    l->references = 1;
    l->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->done_fd < 0)
        return -errno;
    l->path = strdup(path);
    if (!l->path)
        return -ENOMEM;
    *ret = TAKE_PTR(l);
    return 0;
}

static void *lookup_thread(void *userdata)
{
    Lookup *l = userdata;

    l->error = model_files_sum(l->path, &l->bytes);
    /* Before the loop learns of the end, so that it can start another one. */
    atomic_fetch_sub(&lookups_running, 1);
    atomic_store(&l->done, true);
    (void)eventfd_write(l->done_fd, 1);
    lookup_unref(l);
    return NULL;
}

static int lookup_start(Lookup *l)
{
    int r;

    if (atomic_fetch_add(&lookups_running, 1) >= MODEL_SIZE_LOOKUPS_MAX) {
        atomic_fetch_sub(&lookups_running, 1);
        return -EBUSY;
    }
    r = thread_start(STACK_BYTES, lookup_thread, lookup_ref(l), NULL);
    if (r < 0) {
        lookup_unref(l);
        atomic_fetch_sub(&lookups_running, 1);
    }
    return r;
}

static int on_done(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    ModelSize *s = userdata;
    const ModelSizeFunc f = s->f;
    void *const f_userdata = s->userdata;
    uint64_t bytes;
    int error;

    if (!atomic_load(&s->lookup->done))
        return 0;
    error = s->lookup->error;
    bytes = error < 0 ? 0 : s->lookup->bytes;
    model_size_free(s);
    f(error, bytes, f_userdata);
    return 0;
}

int model_size_start(sd_event *event, const char *path, ModelSizeFunc f, void *userdata,
                     ModelSize **ret)
{
    _cleanup_(model_size_freep) ModelSize *s = NULL;
    int r;

    if (path[0] != '/')
        return -EINVAL;
    s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->f = f;
    s->userdata = userdata;
    r = lookup_new(path, &s->lookup);
    if (!s->lookup)
        return r;
    r = sd_event_add_io(event, &s->source, s->lookup->done_fd, EPOLLIN, on_done, s);
    if (r >= 0)
        r = lookup_start(s->lookup);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(s);
    return 0;
}

ModelSize *model_size_free(ModelSize *s)
{
    if (!s)
        return NULL;
    sd_event_source_disable_unref(s->source);
    lookup_unref(s->lookup);
    free(s);
    return NULL;
}

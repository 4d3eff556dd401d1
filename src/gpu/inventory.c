/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/inventory.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>

#include "gpu/amdgpu.h"
#include "gpu/cuda_tools.h"
#include "gpu/nvidia_devices.h"
#include "gpu/nvidia_smi.h"
#include "gpu/nvml.h"
#include "thread/thread.h"

enum {
    ACCURACY_USEC = 10 * 1000,
    STACK_BYTES = 512 * 1024, /* NVIDIA's library says nothing of what it needs */
};
static const usec_t FAREWELL_USEC = 500 * USEC_PER_MSEC;

struct Inventory {
    InventoryFunc f;
    void *userdata;
    sd_event_source *source;
    sd_event_source *limit;
    bool busy;
    bool overdue;

    /* The thread's, as long as there is one. */
    Nvml *nvml;
    char *nvml_library;
    char *path; /* NULL: none */
    char *amdgpu_root;

    pthread_t thread;
    bool has_thread;
    int event_fd;          /* there is a result */
    pthread_mutex_t mutex; /* for all that follows; never held while a driver is asked */
    pthread_cond_t changed;
    GpuInventory *wanted; /* empty, to be filled */
    GpuInventory *result;
    bool reading;
    bool stopping;
    bool orphaned; /* the thread frees it */
};

static void destroy(Inventory *i)
{
    (void)pthread_mutex_destroy(&i->mutex);
    (void)pthread_cond_destroy(&i->changed);
    closep(&i->event_fd);
    nvml_free(i->nvml);
    free(i->nvml_library);
    free(i->path);
    free(i->amdgpu_root);
    free(i->wanted);
    free(i->result);
    free(i);
}

/* A host without NVIDIA's software has nothing to complain of. */
static bool is_expected(const Inventory *i)
{
    return i->nvml_library[0] == '/' || access(NVIDIA_PROC "/version", F_OK) == 0;
}

static void read_nvidia(Inventory *i, GpuInventory *ret)
{
    char program[PATH_MAX];
    int r = nvml_read(i->nvml, ret);

    if (r != -ENOENT)
        return;
    if (!program_find(i->path, "nvidia-smi", program)) {
        if (!is_expected(i))
            ret->problem[0] = '\0';
        return;
    }
    ret->problem[0] = '\0';
    (void)nvidia_smi_read(program, ret);
}

static void read_all(Inventory *i, GpuInventory *ret)
{
    read_nvidia(i, ret);
    (void)amdgpu_read(i->amdgpu_root, ret);
}

static void do_wanted(Inventory *i)
{
    GpuInventory *inventory = TAKE_PTR(i->wanted);

    i->reading = true;
    (void)pthread_mutex_unlock(&i->mutex);
    read_all(i, inventory);
    (void)pthread_mutex_lock(&i->mutex);
    i->reading = false;
    free(i->result);
    i->result = inventory;
    (void)eventfd_write(i->event_fd, 1);
    (void)pthread_cond_broadcast(&i->changed);
}

static void *work(void *userdata)
{
    Inventory *i = userdata;
    bool orphaned;

    (void)pthread_mutex_lock(&i->mutex);
    while (!i->stopping) {
        if (i->wanted)
            do_wanted(i);
        else
            (void)pthread_cond_wait(&i->changed, &i->mutex);
    }
    orphaned = i->orphaned;
    (void)pthread_mutex_unlock(&i->mutex);
    if (orphaned)
        destroy(i);
    return NULL;
}

static int on_result(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    Inventory *i = userdata;
    GpuInventory *found;
    eventfd_t value;

    (void)eventfd_read(fd, &value);
    (void)pthread_mutex_lock(&i->mutex);
    found = TAKE_PTR(i->result);
    (void)pthread_mutex_unlock(&i->mutex);
    if (!found)
        return 0;
    i->busy = i->overdue = false;
    (void)sd_event_source_set_enabled(i->limit, SD_EVENT_OFF);
    i->f(found, i->userdata);
    return 0;
}

static int on_limit(sd_event_source *source, uint64_t usec, void *userdata)
{
    Inventory *i = userdata;

    i->overdue = true;
    i->f(NULL, i->userdata);
    return 0;
}

static int set_sources(Inventory *i, const InventorySources *sources)
{
    i->nvml = nvml_new(sources->nvml_library);
    i->nvml_library = strdup(sources->nvml_library);
    i->amdgpu_root = strdup(sources->amdgpu_root);
    if (sources->path)
        i->path = strdup(sources->path);
    return i->nvml && i->nvml_library && i->amdgpu_root && (i->path || !sources->path) ? 0
                                                                                       : -ENOMEM;
}

int inventory_new(sd_event *event, const InventorySources *sources, InventoryFunc f, void *userdata,
                  Inventory **ret)
{
    _cleanup_(inventory_freep) Inventory *i = calloc(1, sizeof(*i));
    int r;

    if (!i)
        return -ENOMEM;
    i->f = f;
    i->userdata = userdata;
    (void)pthread_mutex_init(&i->mutex, NULL);
    thread_condition_init(&i->changed);
    i->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (i->event_fd < 0)
        return -errno;
    r = set_sources(i, sources);
    if (r >= 0)
        r = sd_event_add_io(event, &i->source, i->event_fd, EPOLLIN, on_result, i);
    if (r >= 0)
        r = sd_event_add_time(event, &i->limit, CLOCK_MONOTONIC, USEC_INFINITY, ACCURACY_USEC,
                              on_limit, i);
    if (r >= 0)
        r = sd_event_source_set_enabled(i->limit, SD_EVENT_OFF);
    if (r >= 0)
        r = thread_start(STACK_BYTES, work, i, &i->thread);
    if (r < 0)
        return r;
    i->has_thread = true;
    *ret = TAKE_PTR(i);
    return 0;
}

/* The library is not to be torn down under the thread, if that can be helped. */
static void await_reader(Inventory *i)
{
    struct timespec until = {0};
    usec_t deadline;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    deadline = (usec_t)until.tv_sec * USEC_PER_SEC + (usec_t)until.tv_nsec / 1000 + FAREWELL_USEC;
    until.tv_sec = (time_t)(deadline / USEC_PER_SEC);
    until.tv_nsec = (long)(deadline % USEC_PER_SEC * 1000);
    while (i->reading && pthread_cond_timedwait(&i->changed, &i->mutex, &until) != ETIMEDOUT)
        ;
}

Inventory *inventory_free(Inventory *i)
{
    bool orphaned;

    if (!i)
        return NULL;
    i->source = sd_event_source_disable_unref(i->source);
    i->limit = sd_event_source_disable_unref(i->limit);
    if (!i->has_thread) {
        destroy(i);
        return NULL;
    }
    (void)pthread_mutex_lock(&i->mutex);
    i->stopping = true;
    (void)pthread_cond_broadcast(&i->changed);
    await_reader(i);
    orphaned = i->orphaned = i->reading;
    if (orphaned)
        (void)pthread_detach(i->thread);
    (void)pthread_mutex_unlock(&i->mutex);
    if (orphaned)
        return NULL;
    (void)pthread_join(i->thread, NULL);
    destroy(i);
    return NULL;
}

int inventory_refresh(Inventory *i, usec_t within)
{
    GpuInventory *empty;

    if (i->busy)
        return 0;
    empty = calloc(1, sizeof(*empty));
    if (!empty)
        return -ENOMEM;
    i->busy = true;
    (void)pthread_mutex_lock(&i->mutex);
    i->wanted = empty;
    (void)pthread_cond_broadcast(&i->changed);
    (void)pthread_mutex_unlock(&i->mutex);
    (void)sd_event_source_set_time_relative(i->limit, within);
    (void)sd_event_source_set_enabled(i->limit, SD_EVENT_ONESHOT);
    return 0;
}

bool inventory_is_busy(const Inventory *i)
{
    return i->busy;
}

bool inventory_is_overdue(const Inventory *i)
{
    return i->overdue;
}

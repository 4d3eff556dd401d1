/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/output_class.h"

#include <stdio.h>

#include "base/macros.h"
#include "base/parse.h"

/* One way to say it: `first`, and behind it, where there is one, `then`. In lower case. */
typedef struct Phrase {
    FailureClass failure;
    const char *first;
    const char *then;
} Phrase;

/* The first that fits counts: what tells more stands before what tells less. */
static const Phrase phrases[] = {
        /* The driver, or the device below it. */
        {FAILURE_DRIVER_RESET, "fallen off the bus", NULL},
        {FAILURE_DRIVER_RESET, "gpu is lost", NULL},
        {FAILURE_DRIVER_RESET, "gpu requires reset", NULL},
        {FAILURE_DRIVER_RESET, "unable to determine the device handle", NULL},
        {FAILURE_DRIVER_RESET, "driver/library version mismatch", NULL},
        {FAILURE_DRIVER_RESET, "unsupported display driver / cuda driver combination", NULL},
        {FAILURE_DRIVER_RESET, "couldn't communicate with the nvidia driver", NULL},
        {FAILURE_DRIVER_RESET, "errordevicelost", NULL},
        {FAILURE_DRIVER_RESET, "vk_error_device_lost", NULL},
        {FAILURE_DRIVER_RESET, "reason :gpu hang", NULL},

        /* Pinned memory is the host's, whatever it is called. */
        {FAILURE_OUT_OF_MEMORY, "unable to allocate cuda_host buffer", NULL},
        {FAILURE_OUT_OF_MEMORY, "failed to allocate cuda_host buffer", NULL},

        /* The memory of a GPU. */
        {FAILURE_VRAM_OOM, "cuda out of memory", NULL},
        {FAILURE_VRAM_OOM, "hip out of memory", NULL},
        {FAILURE_VRAM_OOM, "xpu out of memory", NULL},
        {FAILURE_VRAM_OOM, "cuda error: out of memory", NULL},
        {FAILURE_VRAM_OOM, "rocm error: out of memory", NULL},
        {FAILURE_VRAM_OOM, "hip error: out of memory", NULL},
        {FAILURE_VRAM_OOM, "cuda error", ": out of memory"},
        {FAILURE_VRAM_OOM, "cudamalloc failed: out of memory", NULL},
        {FAILURE_VRAM_OOM, "hipmalloc failed: out of memory", NULL},
        {FAILURE_VRAM_OOM, "torch.outofmemoryerror", NULL},
        {FAILURE_VRAM_OOM, "torch.cuda.outofmemoryerror", NULL},
        {FAILURE_VRAM_OOM, "cuda_error_out_of_memory", NULL},
        {FAILURE_VRAM_OOM, "cudaerrormemoryallocation", NULL},
        {FAILURE_VRAM_OOM, "hiperroroutofmemory", NULL},
        {FAILURE_VRAM_OOM, "cublas_status_alloc_failed", NULL},
        {FAILURE_VRAM_OOM, "erroroutofdevicememory", NULL},
        {FAILURE_VRAM_OOM, "vk_error_out_of_device_memory", NULL},
        {FAILURE_VRAM_OOM, "device memory allocation of size ", " failed"},
        {FAILURE_VRAM_OOM, "unable to allocate cuda", " buffer"},
        {FAILURE_VRAM_OOM, "failed to allocate cuda", " buffer"},
        {FAILURE_VRAM_OOM, "unable to allocate rocm", " buffer"},
        {FAILURE_VRAM_OOM, "failed to allocate rocm", " buffer"},
        {FAILURE_VRAM_OOM, "unable to allocate vulkan", " buffer"},
        {FAILURE_VRAM_OOM, "failed to allocate vulkan", " buffer"},
        {FAILURE_VRAM_OOM, "unable to allocate sycl", " buffer"},
        {FAILURE_VRAM_OOM, "failed to allocate sycl", " buffer"},
        {FAILURE_VRAM_OOM, "no available memory for the cache blocks", NULL},
        {FAILURE_VRAM_OOM, "free memory on device", "less than desired gpu memory utilization"},
        {FAILURE_VRAM_OOM, "larger than the available kv cache memory", NULL},
        {FAILURE_VRAM_OOM,
         "larger than the maximum number of tokens that can be stored in kv cache", NULL},

        /* A kernel or a call on the device. */
        {FAILURE_CUDA, "cuda error: ", NULL},
        {FAILURE_CUDA, "rocm error: ", NULL},
        {FAILURE_CUDA, "hip error: ", NULL},
        {FAILURE_CUDA, "cuda error ", " at "},
        {FAILURE_CUDA, "cuda driver error: ", NULL},
        {FAILURE_CUDA, "triton error [cuda]", NULL},
        {FAILURE_CUDA, "ggml_cuda_compute_forward: ", " failed"},
        {FAILURE_CUDA, "an illegal memory access was encountered", NULL},
        {FAILURE_CUDA, "an illegal instruction was encountered", NULL},
        {FAILURE_CUDA, "uncorrectable ecc error encountered", NULL},
        {FAILURE_CUDA, "device-side assert triggered", NULL},
        {FAILURE_CUDA, "unspecified launch failure", NULL},
        {FAILURE_CUDA, "memory access fault by gpu node", NULL},
        {FAILURE_CUDA, "hsa_status_error", NULL},
        {FAILURE_CUDA, "nccl error", NULL},
        {FAILURE_CUDA, "ncclunhandledcudaerror", NULL},
        {FAILURE_CUDA, "cudnn error: ", NULL},
        {FAILURE_CUDA, "cublas_status_", NULL},
        {FAILURE_CUDA, "cudnn_status_", NULL},
        {FAILURE_CUDA, "cuda_error_illegal_", NULL},
        {FAILURE_CUDA, "cuda_error_launch_", NULL},
        {FAILURE_CUDA, "cuda_error_misaligned_", NULL},
        {FAILURE_CUDA, "cuda_error_assert", NULL},
        {FAILURE_CUDA, "cuda_error_ecc_", NULL},
        {FAILURE_CUDA, "no cuda gpus are available", NULL},
        {FAILURE_CUDA, "nvidia driver on your system is too old", NULL},

        /* The memory of the host. Where a GPU had none left, a line before these says so. */
        {FAILURE_OUT_OF_MEMORY, "std::bad_alloc", NULL},
        {FAILURE_OUT_OF_MEMORY, "cannot allocate memory", NULL},
        {FAILURE_OUT_OF_MEMORY, "can't allocate memory", NULL},
        {FAILURE_OUT_OF_MEMORY, "memoryerror", NULL},
        {FAILURE_OUT_OF_MEMORY, "[errno 12]", NULL},
        {FAILURE_OUT_OF_MEMORY, "enomem", NULL},
        {FAILURE_OUT_OF_MEMORY, "runtime: out of memory", NULL},
        {FAILURE_OUT_OF_MEMORY, "memory allocation of ", " bytes failed"},
        {FAILURE_OUT_OF_MEMORY, "defaultcpuallocator: not enough memory", NULL},
        {FAILURE_OUT_OF_MEMORY, "ggml_aligned_malloc: insufficient memory", NULL},
        {FAILURE_OUT_OF_MEMORY, "failed to allocate buffer", NULL},
        {FAILURE_OUT_OF_MEMORY, "failed to allocate cpu", NULL},
        {FAILURE_OUT_OF_MEMORY, "unable to allocate cpu", NULL},
        {FAILURE_OUT_OF_MEMORY, "unable to allocate backend buffer", NULL},
        {FAILURE_OUT_OF_MEMORY, "failed to allocate compute buffers", NULL},
};

/* Lines with the words of a failure that are none: of what is done without, of success, and of what
 * clients have written. */
static const Phrase harmless[] = {
        {FAILURE_NONE, "mlock", NULL},
        {FAILURE_NONE, "pinned memory", NULL},
        {FAILURE_NONE, "_status_success", NULL},
        {FAILURE_NONE, "cuda error: no error", NULL},
        {FAILURE_NONE, "received request", NULL},
        {FAILURE_NONE, "prompt: ", NULL},
};

/* The engine is up, or has found another way. */
static const Phrase goes_on[] = {
        {FAILURE_NONE, "server is listening", NULL},
        {FAILURE_NONE, "http server listening", NULL},
        {FAILURE_NONE, "application startup complete", NULL},
        {FAILURE_NONE, "all slots are idle", NULL},
        {FAILURE_NONE, "retrying without", NULL},
};

static const Phrase errors[] = {
        {FAILURE_NONE, "error", NULL},  {FAILURE_NONE, "fatal", NULL},
        {FAILURE_NONE, "failed", NULL}, {FAILURE_NONE, "exception", NULL},
        {FAILURE_NONE, "abort", NULL},  {FAILURE_NONE, "assert", NULL},
        {FAILURE_NONE, "panic", NULL},  {FAILURE_NONE, "terminate called", NULL},
        {FAILURE_NONE, "cannot", NULL}, {FAILURE_NONE, "invalid", NULL},
};

/* Of ASCII, whatever the locale. */
static char lower(char c)
{
    static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    const char *found = c ? strchr(upper, c) : NULL;

    if (found)
        c = letters[found - upper];
    return c;
}

static void to_lower(const char *s, char buffer[static OUTPUT_LOOKED_AT + 1])
{
    size_t n = 0;

    for (; s[n] && n < OUTPUT_LOOKED_AT; n++)
        buffer[n] = lower(s[n]);
    buffer[n] = '\0';
}

/* The first phrase that the line, in lower case, has; NULL: none. */
static const Phrase *find(const char *lower, const Phrase *among, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *at = strstr(lower, among[i].first);

        if (at && (!among[i].then || strstr(at + strlen(among[i].first), among[i].then)))
            return &among[i];
    }
    return NULL;
}

static FailureClass classify(const char *lower)
{
    const Phrase *phrase;

    if (find(lower, harmless, ELEMENTSOF(harmless)))
        return FAILURE_NONE;
    phrase = find(lower, phrases, ELEMENTSOF(phrases));
    return phrase ? phrase->failure : FAILURE_NONE;
}

FailureClass output_line_classify(const char *line)
{
    char lower[OUTPUT_LOOKED_AT + 1];

    to_lower(line, lower);
    return classify(lower);
}

/* A GPU that is lost makes its memory fail, and that makes kernels fail; what the host lacks may be
 * said by each of them. */
static unsigned rank(FailureClass failure)
{
    switch (failure) {
    case FAILURE_DRIVER_RESET:
        return 4;
    case FAILURE_VRAM_OOM:
        return 3;
    case FAILURE_CUDA:
        return 2;
    case FAILURE_OUT_OF_MEMORY:
        return 1;
    default:
        return 0;
    }
}

static void copy_line(char to[static OUTPUT_LINE_MAX + 1], const char *line)
{
    (void)snprintf(to, OUTPUT_LINE_MAX + 1, "%s", line);
    utf8_repair(to);
}

void output_tail_add(OutputTail *tail, const char *line)
{
    char lower[OUTPUT_LOOKED_AT + 1];
    FailureClass failure;
    bool is_error, went_on;

    if (line[strspn(line, " \t\r")] == '\0')
        return;
    copy_line(tail->lines[tail->count++ % OUTPUT_LINES_MAX], line);
    to_lower(line, lower);
    went_on = find(lower, goes_on, ELEMENTSOF(goes_on));
    if (went_on) {
        tail->failure = FAILURE_NONE;
        tail->is_error = tail->traceback = false;
    }
    failure = went_on ? FAILURE_NONE : classify(lower);
    is_error = failure != FAILURE_NONE || (!went_on && find(lower, errors, ELEMENTSOF(errors)));
    if (strstr(lower, "traceback (most recent call last)"))
        tail->traceback = true;
    if (rank(failure) > rank(tail->failure) ||
        (tail->failure == FAILURE_NONE && (!tail->is_error || (is_error && tail->traceback)))) {
        tail->failure = failure;
        tail->is_error = is_error;
        copy_line(tail->line, line);
    }
}

/* The oldest of the newest lines that fit into `size` bytes, newlines and NUL included. */
static size_t first_that_fits(const OutputTail *tail, size_t size)
{
    size_t first = tail->count;
    size_t oldest = tail->count > OUTPUT_LINES_MAX ? tail->count - OUTPUT_LINES_MAX : 0;

    while (first > oldest) {
        size_t n = strlen(tail->lines[(first - 1) % OUTPUT_LINES_MAX]) + 1;

        if (n > size)
            break;
        size -= n;
        first--;
    }
    return first;
}

static bool has_line(const OutputTail *tail, size_t first)
{
    for (size_t i = first; i < tail->count; i++)
        if (streq(tail->lines[i % OUTPUT_LINES_MAX], tail->line))
            return true;
    return false;
}

void output_tail_text(const OutputTail *tail, char buffer[static OUTPUT_TEXT_MAX])
{
    size_t first = first_that_fits(tail, OUTPUT_TEXT_MAX);
    size_t length = 0;

    buffer[0] = '\0';
    if (!has_line(tail, first)) {
        first = first_that_fits(tail, OUTPUT_TEXT_MAX - strlen(tail->line) - 1);
        length = (size_t)snprintf(buffer, OUTPUT_TEXT_MAX, "%s", tail->line);
    }
    for (size_t i = first; i < tail->count; i++)
        length += (size_t)snprintf(buffer + length, OUTPUT_TEXT_MAX - length, "%s%s",
                                   length > 0 ? "\n" : "", tail->lines[i % OUTPUT_LINES_MAX]);
}

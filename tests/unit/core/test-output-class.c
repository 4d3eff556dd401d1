/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/output_class.h"

#include <inttypes.h>
#include <stdio.h>

#include "../base/cmocka-all.h"
#include "base/parse.h"

/* B-SUPER-003: what engines really print. */
static const struct {
    FailureClass failure;
    const char *line;
} told[] = {
        /* llama.cpp */
        {FAILURE_VRAM_OOM,
         "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 144817.04 MiB on "
         "device 0: cudaMalloc failed: out of memory"},
        {FAILURE_VRAM_OOM, "1.06.520.077 E ggml_backend_cuda_buffer_type_alloc_buffer: allocating "
                           "51748.72 MiB on device 1: cudaMalloc failed: out of memory"},
        {FAILURE_VRAM_OOM,
         "alloc_tensor_range: failed to allocate CUDA0 buffer of size 151851674624"},
        {FAILURE_VRAM_OOM,
         "ggml_gallocr_reserve_n: failed to allocate CUDA1 buffer of size 103452531"},
        {FAILURE_VRAM_OOM,
         "llama_model_load: error loading model: unable to allocate CUDA0 buffer"},
        {FAILURE_VRAM_OOM, "ggml_gallocr_reserve_n: failed to allocate ROCm0 buffer of size 1"},
        {FAILURE_VRAM_OOM, "ggml_vulkan: Device memory allocation of size 2147483648 failed."},
        {FAILURE_VRAM_OOM, "ggml_vulkan: vk::Device::allocateMemory: ErrorOutOfDeviceMemory"},
        {FAILURE_VRAM_OOM, "/src/ggml/src/ggml-cuda/ggml-cuda.cu:75: CUDA error: out of memory"},
        {FAILURE_VRAM_OOM, "CUDA error 2 at ggml-cuda.cu:5522: out of memory"},
        {FAILURE_VRAM_OOM, "ROCm error: out of memory"},
        {FAILURE_CUDA, "/src/ggml/src/ggml-cuda/ggml-cuda.cu:88: CUDA error"
                       ": an illegal memory access was encountered"},
        {FAILURE_CUDA, "CUDA error: unspecified launch failure"},
        {FAILURE_CUDA, "ROCm error: an illegal memory access was encountered"},
        {FAILURE_CUDA, "CUDA error 700 at ggml-cuda.cu:6951: an illegal memory access"},
        {FAILURE_CUDA, "ggml_cuda_compute_forward: MUL_MAT failed"},
        {FAILURE_CUDA, "Memory access fault by GPU node-1 (Agent handle: 0x5f) on address 0x7f."},
        {FAILURE_DRIVER_RESET, "HW Exception by GPU node-1 (Agent handle: 0x1) reason :GPU Hang"},
        {FAILURE_DRIVER_RESET,
         "terminate called after throwing an instance of 'vk::DeviceLostError'"
         " what(): vk::Queue::submit: ErrorDeviceLost"},
        {FAILURE_OUT_OF_MEMORY, "terminate called after throwing an instance of 'std::bad_alloc'"},
        {FAILURE_OUT_OF_MEMORY,
         "llama_model_load: error loading model: mmap failed: Cannot allocate "
         "memory"},
        {FAILURE_OUT_OF_MEMORY,
         "ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer "
         "of size 17179869184"},
        {FAILURE_OUT_OF_MEMORY,
         "llama_model_load: error loading model: unable to allocate CPU buffer"},
        {FAILURE_OUT_OF_MEMORY,
         "llama_model_load: error loading model: unable to allocate CUDA_Host "
         "buffer"},
        /* vLLM and PyTorch */
        {FAILURE_VRAM_OOM,
         "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.63 "
         "GiB (GPU 0; 44.56 GiB total capacity)"},
        {FAILURE_VRAM_OOM, "ERROR 04-09 05:39:54 [core.py:390] torch.OutOfMemoryError: CUDA out of "
                           "memory. Tried to allocate 350.00 MiB."},
        {FAILURE_VRAM_OOM, "(EngineCore_DP0 pid=77) ValueError: No available memory for the cache "
                           "blocks. Try increasing `gpu_memory_utilization`"},
        {FAILURE_VRAM_OOM,
         "ValueError: Free memory on device (2.1/23.6 GiB) on startup is less than "
         "desired GPU memory utilization (0.9, 21.2 GiB)."},
        {FAILURE_VRAM_OOM,
         "ValueError: To serve at least one request with the model's max seq len "
         "(131072), (16.00 GiB KV cache is needed, which is larger than the available "
         "KV cache memory (7.1 GiB)."},
        {FAILURE_VRAM_OOM, "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling "
                           "`cublasCreate(handle)`"},
        {FAILURE_CUDA, "RuntimeError: CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `x`"},
        {FAILURE_CUDA, "RuntimeError: CUDA error: an illegal memory access was encountered"},
        {FAILURE_CUDA, "torch.AcceleratorError: CUDA error: device-side assert triggered"},
        {FAILURE_CUDA, "RuntimeError: cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"},
        {FAILURE_CUDA,
         "torch.distributed.DistBackendError: NCCL error in: /pytorch/NCCLUtils.hpp:275, "
         "unhandled cuda error"},
        {FAILURE_CUDA, "RuntimeError: Triton Error [CUDA]: misaligned address"},
        {FAILURE_CUDA, "RuntimeError: No CUDA GPUs are available"},
        {FAILURE_CUDA,
         "RuntimeError: The NVIDIA driver on your system is too old (found version 1)."},
        {FAILURE_OUT_OF_MEMORY,
         "RuntimeError: [enforce fail at alloc_cpu.cpp:114] data. "
         "DefaultCPUAllocator: can't allocate memory: you tried to allocate 8"},
        {FAILURE_OUT_OF_MEMORY, "OSError: [Errno 12] Cannot allocate memory"},
        {FAILURE_OUT_OF_MEMORY,
         "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 8. GiB"},
        {FAILURE_OUT_OF_MEMORY, "memory allocation of 68719476736 bytes failed"},
        /* the driver */
        {FAILURE_DRIVER_RESET, "Unable to determine the device handle for GPU0000:01:00.0: GPU is "
                               "lost.  Reboot the system to recover this GPU"},
        {FAILURE_DRIVER_RESET, "Failed to initialize NVML: Driver/library version mismatch"},
        {FAILURE_DRIVER_RESET, "NVRM: GPU 0000:01:00.0: GPU has fallen off the bus."},
        {FAILURE_DRIVER_RESET, "RuntimeError: CUDA error: system has unsupported display driver / "
                               "cuda driver combination"},
};

/* Of runs that are well, and of hints. */
static const char *const ordinary[] = {
        "",
        "   ",
        "ggml_cuda_init: GGML_CUDA_FORCE_MMQ:    no",
        "ggml_cuda_init: found 2 CUDA devices:",
        "  Device 0: NVIDIA GeForce RTX 4060 Ti, compute capability 8.9, VMM: yes",
        "CUDA device 0: NVIDIA H200",
        "no CUDA errors",
        "CUDA errors so far: 0",
        "CUDA error checking is on",
        "cuda_error_count=0",
        "CUDA error: no error",
        "cublasCreate returned CUBLAS_STATUS_SUCCESS",
        "ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device is detected",
        "load_tensors: offloaded 62/62 layers to GPU",
        "load_tensors:        CUDA0 model buffer size = 48928.09 MiB",
        "llama_context:      CUDA0 compute buffer size =  1108.50 MiB",
        "llama_context:  CUDA_Host compute buffer size =    11.01 MiB",
        "warning: failed to mlock 2147483648-byte buffer: Cannot allocate memory",
        "ggml_cuda_host_malloc: failed to allocate 1900.00 MiB of pinned memory: out of memory",
        "srv    load_model: loading model '/models/out of memory.gguf'",
        "--fit on: what would run out of memory is left on the host",
        "llama_params_fit: projected to use 7 MiB of device memory vs. 24000 MiB of free",
        "INFO [model_runner.py:1442] If out-of-memory error occurs during cudagraph capture, ...",
        "INFO 03-27 [worker.py:267] the current vLLM instance can use total_gpu_memory (44.53GiB)",
        "INFO [logger.py:43] Received request cmpl-1: prompt: 'what is CUDA error: out of memory?'",
        "main: server is listening on http://127.0.0.1:8080 - starting the main loop",
};

static void test_told(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(told); i++) {
        if (output_line_classify(told[i].line) != told[i].failure)
            print_error("%s\n", told[i].line);
        assert_int_equal(output_line_classify(told[i].line), told[i].failure);
    }
}

static void test_ordinary(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(ordinary); i++) {
        if (output_line_classify(ordinary[i]) != FAILURE_NONE)
            print_error("%s\n", ordinary[i]);
        assert_int_equal(output_line_classify(ordinary[i]), FAILURE_NONE);
    }
}

/* What stands behind that is not looked at, and nothing is read beyond it. */
static void test_long_line(void **state)
{
    static const char words[] = "CUDA out of memory";
    char line[4 * OUTPUT_LOOKED_AT];

    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\0';
    assert_int_equal(output_line_classify(line), FAILURE_NONE);
    memcpy(line + OUTPUT_LOOKED_AT - strlen(words), words, strlen(words));
    assert_int_equal(output_line_classify(line), FAILURE_VRAM_OOM);
    memset(line, 'x', OUTPUT_LOOKED_AT);
    memcpy(line + OUTPUT_LOOKED_AT - strlen(words) + 1, words, strlen(words));
    assert_int_equal(output_line_classify(line), FAILURE_NONE);
}

static void add_all(OutputTail *t, const char *const *lines, size_t n)
{
    for (size_t i = 0; i < n; i++)
        output_tail_add(t, lines[i]);
}

static void assert_tail(const char *const *lines, size_t n, FailureClass failure, const char *line)
{
    OutputTail t = {0};

    add_all(&t, lines, n);
    assert_int_equal(t.failure, failure);
    assert_string_equal(t.line, line);
}

#define ASSERT_TAIL(failure, line, ...)                           \
    do {                                                          \
        static const char *const lines[] = {__VA_ARGS__};         \
        assert_tail(lines, ELEMENTSOF(lines), (failure), (line)); \
    } while (0)

static void test_which_line(void **state)
{
    OutputTail empty = {0};

    assert_int_equal(empty.failure, FAILURE_NONE);
    ASSERT_TAIL(FAILURE_NONE, "", "", "  ", "\t\r");
    /* the last */
    ASSERT_TAIL(FAILURE_NONE, "two", "one", "two", "", " ");
    /* the first that speaks of an error */
    ASSERT_TAIL(FAILURE_NONE, "llama_model_load: error loading model: bad magic", "one",
                "llama_model_load: error loading model: bad magic",
                "main: exiting due to model loading error", "bye");
    /* after a traceback the last one */
    ASSERT_TAIL(FAILURE_NONE, "ValueError: no such model", "error: the engine core died",
                "Traceback (most recent call last):", "  raise ValueError(\"cannot\")",
                "ValueError: no such model", "bye");
    /* the first of a class */
    ASSERT_TAIL(FAILURE_CUDA, "CUDA error: an illegal memory access was encountered", "error one",
                "CUDA error: an illegal memory access was encountered",
                "ggml_cuda_compute_forward: ADD failed", "error two");
    /* the class that tells most, wherever it stands */
    ASSERT_TAIL(FAILURE_VRAM_OOM, "cudaMalloc failed: out of memory",
                "CUDA error: an illegal memory access was encountered",
                "cudaMalloc failed: out of memory", "std::bad_alloc");
    ASSERT_TAIL(FAILURE_DRIVER_RESET, "GPU is lost", "cudaMalloc failed: out of memory",
                "GPU is lost", "CUDA error: unspecified launch failure");
}

/* What an engine that came up said before that does not explain its end. */
static void test_going_on(void **state)
{
    ASSERT_TAIL(FAILURE_NONE, "slot released", "cudaMalloc failed: out of memory",
                "W sched_reserve: compute buffer allocation failed, retrying without pipeline",
                "slot released");
    ASSERT_TAIL(FAILURE_NONE, "main: server is listening on http://127.0.0.1:8080",
                "llama_kv_cache: failed to allocate compute buffers",
                "main: server is listening on http://127.0.0.1:8080");
    ASSERT_TAIL(FAILURE_CUDA, "CUDA error: unspecified launch failure",
                "cudaMalloc failed: out of memory", "Application startup complete.",
                "CUDA error: unspecified launch failure");
}

/* The log of a llama-server that serves, and is killed then. */
static void test_good_run(void **state)
{
    static const char *const lines[] = {
            "build: 0 (unknown) with cc (Debian 15.2.0) for x86_64-linux-gnu",
            "system info: n_threads = 2, n_threads_batch = 2, total_threads = 2",
            "srv    load_model: loading model '/models/tiny.gguf'",
            "common_init_result: fitting params to device memory, for bugs try -fit off",
            "llama_params_fit_impl: no devices with dedicated memory found",
            "llama_params_fit: successfully fit params to free device memory",
            "llama_model_loader: - kv   0: general.architecture str = llama",
            "print_info: file format = GGUF V3 (latest)",
            "load: control-looking token: 2 was not control-type; probably a bug in the model",
            "common_init_from_params: warming up the model with an empty run - please wait ...",
            "srv          init: init: chat template, thinking = 0",
            "main: model loaded",
            "main: server is listening on http://127.0.0.1:18080 - starting the main loop",
            "srv  update_slots: all slots are idle",
            "srv  log_server_r: done request: GET /health 127.0.0.1 200",
    };

    assert_tail(lines, ELEMENTSOF(lines), FAILURE_NONE, lines[ELEMENTSOF(lines) - 1]);
}

static void test_text(void **state)
{
    char text[OUTPUT_TEXT_MAX], line[32];
    OutputTail t = {0};

    output_tail_text(&t, text);
    assert_string_equal(text, "");
    output_tail_add(&t, "one");
    output_tail_add(&t, "");
    output_tail_add(&t, "two");
    output_tail_text(&t, text);
    assert_string_equal(text, "one\ntwo");
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(line, sizeof(line), "line %u", i);
        output_tail_add(&t, line);
    }
    output_tail_text(&t, text);
    assert_string_equal(text, "line 80\nline 81\nline 82\nline 83\nline 84\nline 85\nline 86\nline "
                              "87\nline 88\nline 89\nline 90\nline 91\nline 92\nline 93\nline 94\n"
                              "line 95\nline 96\nline 97\nline 98\nline 99");
}

/* The line that explains the end is not lost behind the traces. */
static void test_text_keeps_reason(void **state)
{
    char text[OUTPUT_TEXT_MAX];
    OutputTail t = {0};

    output_tail_add(&t, "CUDA error: an illegal memory access was encountered");
    for (unsigned i = 0; i < 30; i++)
        output_tail_add(&t, "  at some place");
    output_tail_text(&t, text);
    assert_memory_equal(text, "CUDA error: an illegal memory access was encountered\n  at some",
                        59);
}

static void test_text_is_bounded(void **state)
{
    char text[OUTPUT_TEXT_MAX], line[2 * OUTPUT_LINE_MAX];
    OutputTail t = {0};

    /* characters of two bytes: a cut one is none */
    for (size_t i = 0; i + 1 < sizeof(line); i++)
        line[i] = i % 2 ? '\xbc' : '\xc3';
    line[sizeof(line) - 2] = '\0';
    for (unsigned i = 0; i < 40; i++) {
        line[0] = 'E';
        line[1] = (char)('A' + i % 26);
        output_tail_add(&t, line);
        assert_true(utf8_is_valid(t.line, strlen(t.line)));
        output_tail_text(&t, text);
        assert_true(utf8_is_valid(text, strlen(text)));
    }
    assert_in_range(strlen(text), OUTPUT_TEXT_MAX - 2 * OUTPUT_LINE_MAX, OUTPUT_TEXT_MAX - 1);
    assert_int_equal(text[strlen(text) - strlen(t.lines[0]) + 1], 'N');
}

/* Whatever it is, the answer is within bounds. */
static void test_garbage(void **state)
{
    uint64_t x = 88172645463325252u;
    char line[3000], text[OUTPUT_TEXT_MAX];
    OutputTail t = {0};

    for (unsigned i = 0; i < 2000; i++) {
        size_t length = i % sizeof(line);

        for (size_t n = 0; n < length; n++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            line[n] = (char)(x % 255 + 1);
        }
        line[length] = '\0';
        output_tail_add(&t, line);
        output_tail_text(&t, text);
        assert_true(strlen(text) < OUTPUT_TEXT_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_told),
            cmocka_unit_test(test_ordinary),
            cmocka_unit_test(test_long_line),
            cmocka_unit_test(test_which_line),
            cmocka_unit_test(test_going_on),
            cmocka_unit_test(test_good_run),
            cmocka_unit_test(test_text),
            cmocka_unit_test(test_text_keeps_reason),
            cmocka_unit_test(test_text_is_bounded),
            cmocka_unit_test(test_garbage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

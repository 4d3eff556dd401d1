/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <poolmgr/errors.h>
#include <poolmgr/limits.h>

#include "base/macros.h"
#include "core/lease.h"
#include "core/operation.h"
#include "core/reload.h"
#include "core/sandbox.h"
#include "core/supervision.h"
#include "core/unit_sandbox.h"
#include "http/schema.h"
#include "json/devices.h"
#include "json/plan.h"
#include "json/requests.h"

const char schema_id_pattern[] = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";

static const char *code_at(size_t i)
{
    PmErrorCode code = (PmErrorCode)(i + PM_ERROR_NONE + 1);

    return code < PM_ERROR_MAX ? pm_error_info(code)->code : NULL;
}

static const char *kind_at(size_t i)
{
    return operation_kind_to_string((OperationKind)(i + OPERATION_NONE + 1));
}

static const char *protect_home_at(size_t i)
{
    return protect_home_to_string((ProtectHome)(i + PROTECT_HOME_UNSET + 1));
}

static const char *protect_system_at(size_t i)
{
    return protect_system_to_string((ProtectSystem)(i + PROTECT_SYSTEM_UNSET + 1));
}

static const char *strategy_at(size_t i)
{
    return reload_strategy_to_string((ReloadStrategy)i);
}

static const char *split_at(size_t i)
{
    return i == 0 ? "auto" : NULL;
}

#define REQUIRED   .required = true
#define NULLABLE   .nullable = true
#define SAYS(text) .summary = (text)
/* A string or a number within bounds. */
#define BOUNDS(low, high) .min = (low), .max = (high)
#define STRING(name, ...)                \
    {                                    \
        name, SCHEMA_STRING, __VA_ARGS__ \
    }
#define NUMBER(name, ...)                \
    {                                    \
        name, SCHEMA_NUMBER, __VA_ARGS__ \
    }
#define BOOL(name, ...)                \
    {                                  \
        name, SCHEMA_BOOL, __VA_ARGS__ \
    }
#define OBJECT(name, ...)                \
    {                                    \
        name, SCHEMA_OBJECT, __VA_ARGS__ \
    }
#define LIST(name, of, ...)                            \
    {                                                  \
        name, SCHEMA_LIST, .schema = (of), __VA_ARGS__ \
    }
#define ID(name, ...) STRING(name, .pattern = schema_id_pattern, __VA_ARGS__)
#define WARNINGS                                                                             \
    {                                                                                        \
        "warnings", SCHEMA_STRINGS, REQUIRED,                                                \
                SAYS("What is not as it should be all the same: fields that are not known, " \
                     "memory "                                                               \
                     "of GPUs that an engine has left, for instance")                        \
    }

#define MASK_TEXT "0,1 or GPU0,GPU1 or whole UUIDs; null: no restriction"

/* Requests. What they describe is checked in src/json; a unit test compares the two. */

static const SchemaField health_fields[] = {
        STRING("path", NULLABLE, .pattern = "^/"),
        NUMBER("interval_ms", NULLABLE, BOUNDS(1, 0)),
        NUMBER("timeout_ms", NULLABLE, BOUNDS(1, 0), SAYS("Until the engine must be ready")),
        NUMBER("failures", NULLABLE, BOUNDS(1, 1000),
               SAYS("Bad checks in a row that end a ready engine")),
};
static const SchemaField resources_fields[] = {
        NUMBER("memory_max", NULLABLE, BOUNDS(1, 0), SAYS("Bytes")),
        NUMBER("memory_high", NULLABLE, BOUNDS(1, 0), SAYS("Bytes")),
        NUMBER("cpu_weight", NULLABLE, BOUNDS(1, 10000)),
        NUMBER("tasks_max", NULLABLE, BOUNDS(1, 0)),
        NUMBER("io_weight", NULLABLE, BOUNDS(1, 10000)),
};
/* Spans of at most a day. */
#define SPAN(name, low) \
    NUMBER(name, NULLABLE, BOUNDS(low, SUPERVISION_SPAN_MAX_USEC / USEC_PER_MSEC))
#define FACTOR(name) NUMBER(name, NULLABLE, BOUNDS(1, SUPERVISION_FACTOR_MAX))
#define COUNT(name)  NUMBER(name, NULLABLE, BOUNDS(1, SUPERVISION_COUNT_MAX))
static const SchemaField policy_fields[] = {
        STRING("restart", NULLABLE, .pattern = "^(on-failure|no)$",
               SAYS("no: an engine that has failed is not started again; default: on-failure")),
        SPAN("backoff_initial_ms", 1),
        SPAN("backoff_max_ms", 1),
        SPAN("backoff_min_ms", 0),
        FACTOR("backoff_factor"),
        NUMBER("backoff_jitter_percent", NULLABLE, BOUNDS(0, 100)),
        FACTOR("backoff_cuda_multiplier"),
        SPAN("backoff_reset_ms", 1),
        SPAN("restart_counter_reset_ms", 1),
        COUNT("restart_limit"),
        SPAN("restart_window_ms", 1),
        NUMBER("breaker_failures", NULLABLE, BOUNDS(1, SUPERVISION_FAILURES_MAX)),
        SPAN("breaker_open_ms", 1),
        SPAN("breaker_stable_ms", 1),
        FACTOR("breaker_factor"),
        SPAN("breaker_max_open_ms", 1),
        BOOL("retry_no_fit", NULLABLE,
             SAYS("Whether a start by hand is tried again later when the engine does not fit")),
        COUNT("storm_warn_restarts"),
        SPAN("storm_warn_window_ms", 1),
        COUNT("storm_breaker_restarts"),
        SPAN("storm_breaker_window_ms", 1),
        COUNT("storm_oom_count"),
        SPAN("storm_oom_window_ms", 1),
};
#undef SPAN
#undef FACTOR
#undef COUNT
static const SchemaField sandbox_fields[] = {
        STRING("user", NULLABLE, BOUNDS(1, UNIT_USER_NAME_MAX),
               SAYS("Of the host, instead of one of its own")),
        {"supplementary_groups", SCHEMA_STRINGS, NULLABLE, .max = 16,
         SAYS("Of the host, such as render")},
        {"capabilities", SCHEMA_STRINGS, NULLABLE, .max = 64, SAYS("CAP_…, that it keeps")},
        STRING("protect_home", NULLABLE, .value_at = protect_home_at,
               SAYS("Default: tmpfs, empty but for what is bound there")),
        STRING("protect_system", NULLABLE, .value_at = protect_system_at,
               SAYS("Default: strict, all of it is read-only")),
        {"read_only_paths", SCHEMA_STRINGS, NULLABLE, .max = 64,
         SAYS("Of the host, that it sees wherever they lie")},
        {"read_write_paths", SCHEMA_STRINGS, NULLABLE, .max = 64,
         SAYS("The same, and it may write there as far as its user may")},
        STRING("root_directory", NULLABLE, .pattern = "^/", SAYS("Its root, a folder of the host")),
        STRING("root_image", NULLABLE, .pattern = "^/", SAYS("Its root, a disk image")),
        {"system_call_filter", SCHEMA_STRINGS, NULLABLE, .max = 128,
         SAYS("System calls and @groups that are allowed besides; @known: all")},
        {"restrict_address_families", SCHEMA_STRINGS, NULLABLE, .max = 128,
         SAYS("AF_…, that are allowed besides")},
        {"ip_address_allow", SCHEMA_STRINGS, NULLABLE, .max = 128,
         SAYS("Addresses and ranges that it may talk to, besides this host; any: all")},
        BOOL("lock_personality", NULLABLE),
        BOOL("memory_deny_write_execute", NULLABLE,
             SAYS("Default: true of llamacpp, false of others, which make code while they run")),
        BOOL("private_devices", NULLABLE, SAYS("Default: false, it would hide GPUs")),
        BOOL("private_tmp", NULLABLE),
        BOOL("protect_clock", NULLABLE),
        BOOL("protect_control_groups", NULLABLE),
        BOOL("protect_hostname", NULLABLE),
        BOOL("protect_kernel_logs", NULLABLE),
        BOOL("protect_kernel_modules", NULLABLE),
        BOOL("protect_kernel_tunables", NULLABLE),
        BOOL("protect_proc", NULLABLE, SAYS("It does not see the processes of others")),
        BOOL("restrict_namespaces", NULLABLE),
        BOOL("restrict_realtime", NULLABLE),
        BOOL("restrict_suid_sgid", NULLABLE),
};
static const SchemaField container_fields[] = {
        STRING("rootfs", NULLABLE, .pattern = "^/", SAYS("A folder with a system of its own")),
};
static const SchemaField prepared_fields[] = {
        ID("pool_id", REQUIRED, SAYS("The one of the path")),
        ID("replica_id", NULLABLE, SAYS("Default: r0")),
        STRING("binary_path", REQUIRED, .pattern = "^/", SAYS("Of the engine, absolute")),
        {"flags", SCHEMA_STRINGS, REQUIRED, .max = PM_FLAGS_MAX, SAYS("argv behind argv[0]")},
        STRING("host", REQUIRED, BOUNDS(1, PM_STRING_MAX), SAYS("Where the engine will listen")),
        NUMBER("port", REQUIRED, BOUNDS(1, UINT16_MAX)),
        STRING("model_path", REQUIRED, BOUNDS(1, PM_STRING_MAX)),
        STRING("engine", NULLABLE, BOUNDS(1, PM_STRING_MAX), SAYS("Default: llamacpp")),
        STRING("engine_version", REQUIRED, BOUNDS(1, PM_STRING_MAX)),
        STRING("engine_digest", NULLABLE, BOUNDS(1, PM_STRING_MAX)),
        STRING("engine_catalog_id", NULLABLE, BOUNDS(1, PM_STRING_MAX)),
        STRING("model_id", NULLABLE, BOUNDS(1, PM_STRING_MAX)),
        STRING("device_mask", NULLABLE, BOUNDS(1, 1024), SAYS(MASK_TEXT)),
        {"env", SCHEMA_MAP, NULLABLE, .max = PM_ENV_MAX,
         SAYS("Environment variables; every local user can read them")},
        {"credentials", SCHEMA_MAP, NULLABLE, .max = PM_CREDENTIALS_MAX,
         SAYS("Name: absolute path of the file with the secret")},
        NUMBER("slots_total", NULLABLE, BOUNDS(1, 0)),
        NUMBER("vram_bytes", NULLABLE,
               SAYS("What the engine will need of its GPUs, which must be free there; 0: it uses "
                    "none. Left out: it is estimated, which only warns")),
        NUMBER("ram_bytes", NULLABLE, SAYS("The same of the host's memory")),
        {"split", SCHEMA_RATIOS, NULLABLE, .max = SPLIT_DEVICES_MAX, .value_at = split_at,
         SAYS("How llama.cpp is to divide the model over the GPUs of the mask: by the memory that "
              "is free there, or by these proportions. Left out: it is not told")},
        OBJECT("health", NULLABLE, .schema = "HealthOverrides"),
        NUMBER("stop_grace_ms", NULLABLE, SAYS("Between SIGTERM and SIGKILL")),
        OBJECT("resources", NULLABLE, .schema = "Resources"),
        OBJECT("sandbox", NULLABLE, .schema = "Sandbox"),
        OBJECT("container", NULLABLE, .schema = "Container",
               SAYS("The engine runs in a container, by rootless podman")),
        OBJECT("policy", NULLABLE, .schema = "PolicyOverrides"),
};
static const SchemaField preload_fields[] = {
        OBJECT("prepared", REQUIRED, .schema = "PreparedEngine"),
};
static const SchemaField update_fields[] = {
        STRING("engine_version", NULLABLE),
        STRING("engine_digest", NULLABLE),
        STRING("engine_catalog_id", NULLABLE),
        STRING("version", NULLABLE, SAYS("Of the entry: whatever the control plane counts")),
        STRING("device_mask", NULLABLE, SAYS(MASK_TEXT "; it takes effect at the next start")),
        OBJECT("perf_hints", NULLABLE),
        NUMBER("slots_total", NULLABLE, BOUNDS(1, 0)),
        NUMBER("slots_free", NULLABLE, SAYS("Cut to what slots_total allows")),
};
static const SchemaField handoff_model_fields[] = {
        STRING("path", NULLABLE),
        STRING("id", NULLABLE),
};
static const SchemaField handoff_fields[] = {
        STRING("url", REQUIRED, .pattern = "^http://", SAYS("Where the engine listens")),
        ID("pool_id", NULLABLE, SAYS("The one of the path")),
        ID("replica_id", NULLABLE, SAYS("Default: r0")),
        STRING("engine", NULLABLE),
        STRING("engine_version", NULLABLE),
        OBJECT("model", NULLABLE, .schema = "HandoffModel"),
        STRING("device_mask", NULLABLE, SAYS(MASK_TEXT)),
        NUMBER("slots_total", NULLABLE, BOUNDS(1, 0)),
        NUMBER("slots_free", NULLABLE),
        STRING("provisioning_mode", NULLABLE, SAYS("Not looked at, as what follows")),
        {"flags", SCHEMA_STRINGS, NULLABLE, .max = PM_FLAGS_MAX},
        NUMBER("pid", NULLABLE),
        NUMBER("generation", NULLABLE),
};
static const SchemaField lease_request_fields[] = {
        STRING("owner", NULLABLE, BOUNDS(1, PM_LEASE_OWNER_MAX),
               SAYS("A name for people; without one the lease is anonymous")),
        NUMBER("ttl_ms", NULLABLE, BOUNDS(1, 0), SAYS("The lease ends by itself after this time")),
};
static const SchemaField heartbeat_request_fields[] = {
        NUMBER("timestamp_ms", NULLABLE, BOUNDS(1, 0), SAYS("Unix milliseconds; default: now")),
};
static const SchemaField drain_request_fields[] = {
        NUMBER("deadline_ms", NULLABLE, BOUNDS(0, DRAIN_MS_MAX),
               SAYS("Left out: as it is configured")),
};
static const SchemaField reload_request_fields[] = {
        STRING("new_model_ref", REQUIRED, BOUNDS(1, PM_STRING_MAX), .pattern = "^[^-]",
               SAYS("The model, as the model provisioner takes it")),
        NUMBER("drain_deadline_ms", NULLABLE, BOUNDS(0, DRAIN_MS_MAX),
               SAYS("How long leases are waited for before it is given up; left out: as it is "
                    "configured")),
        OBJECT("prepared", NULLABLE, .schema = "PreparedEngine",
               SAYS("The new engine; left out: the one that runs, with the new model")),
        STRING("strategy", NULLABLE, .value_at = strategy_at,
               SAYS("Whether the old engine goes before the new one comes, which is the default, "
                    "or after it is ready, where there is room for both")),
};

/* Answers. */

#define ERROR_FIELDS                                                                           \
    STRING("error", REQUIRED, SAYS("What was wrong and what to do, for people")),              \
            STRING("code", REQUIRED, .value_at = code_at),                                     \
            BOOL("retriable", REQUIRED, SAYS("The same request may succeed later")),           \
            NUMBER("retry_after_ms", SAYS("When to try again")),                               \
            STRING("field",                                                                    \
                   SAYS("What is to blame: of the body, the path, the query or the headers")), \
            ID("pool_id")

static const SchemaField error_fields[] = {ERROR_FIELDS};
/* What was refused has nothing but the error. */
static const SchemaField reload_error_fields[] = {
        ERROR_FIELDS,
        BOOL("success"),
        BOOL("rolled_back", SAYS("The engine from before serves the pool again")),
        STRING("new_engine_version", NULLABLE),
        NUMBER("duration_ms"),
        {"warnings", SCHEMA_STRINGS},
};
static const SchemaField daemon_health_fields[] = {
        STRING("status", REQUIRED),
        STRING("version", REQUIRED),
};
static const SchemaField daemon_ready_fields[] = {STRING("status", REQUIRED)};
static const SchemaField pool_answer_fields[] = {WARNINGS};
static const SchemaField pool_health_fields[] = {
        BOOL("live", REQUIRED),      BOOL("ready", REQUIRED),
        BOOL("draining", REQUIRED),  STRING("last_error", REQUIRED, NULLABLE),
        OBJECT("metrics", REQUIRED),
};
static const SchemaField accepted_fields[] = {
        NUMBER("operation", REQUIRED, BOUNDS(1, 0), SAYS("See /operations/{op}")),
        ID("pool_id", REQUIRED),
};
static const SchemaField operation_fields[] = {
        NUMBER("id", REQUIRED, BOUNDS(1, 0)),
        STRING("kind", REQUIRED, .value_at = kind_at),
        ID("pool_id", REQUIRED),
        STRING("phase", REQUIRED),
        NUMBER("percent", REQUIRED, NULLABLE, BOUNDS(0, 100)),
        NUMBER("started_ms", REQUIRED, SAYS("Unix milliseconds")),
        ID("waits_for", SAYS("In the phase waiting: the pool with which it shares a GPU, and whose "
                             "engine has to "
                             "be ready or gone before this one is started")),
        OBJECT("result", SAYS("Once it has ended: what the request would have been answered, or is "
                              "answered")),
};
static const SchemaField preload_answer_fields[] = {
        ID("pool_id", REQUIRED),
        NUMBER("pid", REQUIRED, NULLABLE),
        STRING("handoff_path", REQUIRED),
        NUMBER("generation", REQUIRED, BOUNDS(1, 0), SAYS("Counts the starts of its engines")),
        STRING("unit", REQUIRED),
        WARNINGS,
};
static const SchemaField stop_answer_fields[] = {
        ID("pool_id", REQUIRED),
        BOOL("force_stopped", REQUIRED, SAYS("SIGKILL was needed")),
        NUMBER("duration_ms", REQUIRED),
        WARNINGS,
};
static const SchemaField drain_answer_fields[] = {
        ID("pool_id", REQUIRED),
        BOOL("force_stopped", REQUIRED, SAYS("The deadline was over, and leases were out")),
        NUMBER("duration_ms", REQUIRED),
        NUMBER("final_lease_count", REQUIRED, SAYS("Those that were out when it was stopped")),
        WARNINGS,
};
static const SchemaField reload_answer_fields[] = {
        ID("pool_id", REQUIRED),         BOOL("success", REQUIRED),
        BOOL("rolled_back", REQUIRED),   STRING("new_engine_version", REQUIRED, NULLABLE),
        NUMBER("duration_ms", REQUIRED), WARNINGS,
};
static const SchemaField deregister_answer_fields[] = {
        ID("pool_id", REQUIRED),
        BOOL("deregistered", REQUIRED),
        WARNINGS,
};
static const SchemaField heartbeat_answer_fields[] = {
        ID("pool_id", REQUIRED),
        NUMBER("last_heartbeat_ms", REQUIRED, SAYS("Unix milliseconds")),
        WARNINGS,
};
static const SchemaField lease_fields[] = {
        STRING("lease_id", REQUIRED, BOUNDS(1, LEASE_ID_MAX)),
        NUMBER("active_leases", REQUIRED, BOUNDS(1, 0), SAYS("With this one")),
        NUMBER("generation", REQUIRED),
        WARNINGS,
};
static const SchemaField active_leases_fields[] = {NUMBER("active_leases", REQUIRED)};
static const SchemaField log_line_fields[] = {
        NUMBER("time_ms", REQUIRED, SAYS("Unix milliseconds")),
        NUMBER("generation", REQUIRED, NULLABLE),
        NUMBER("pid", REQUIRED, NULLABLE),
        STRING("message", REQUIRED),
};

#define MEMORY                                        \
    NUMBER("memory_total_bytes", REQUIRED, NULLABLE), \
            NUMBER("memory_free_bytes", REQUIRED, NULLABLE)
static const SchemaField devices_fields[] = {
        BOOL("answers", REQUIRED,
             SAYS("The drivers have answered when they were asked last; false: what follows is as "
                  "old as it says")),
        NUMBER("age_ms", REQUIRED, NULLABLE, SAYS("Of what follows; null: nothing is known yet")),
        STRING("source", REQUIRED, NULLABLE, .value_at = json_devices_source_at,
               SAYS("Of what is known of NVIDIA's GPUs")),
        STRING("driver_version", REQUIRED, NULLABLE, SAYS("Of NVIDIA's driver")),
        STRING("problem", REQUIRED, NULLABLE, SAYS("Why GPUs may be missing")),
        LIST("devices", "Device", REQUIRED),
};
static const SchemaField device_fields[] = {
        STRING("vendor", REQUIRED, .value_at = json_devices_vendor_at),
        NUMBER("index", REQUIRED, SAYS("Among those of the vendor, by PCI address")),
        STRING("uuid", REQUIRED, NULLABLE),
        STRING("pci_id", REQUIRED, NULLABLE),
        STRING("name", REQUIRED, NULLABLE),
        STRING("compute_capability", REQUIRED, NULLABLE),
        MEMORY,
        STRING("mig", REQUIRED, NULLABLE, .value_at = json_devices_mig_at,
               SAYS("Whether it is divided into instances; null: it cannot be")),
        LIST("mig_instances", "DeviceInstance", REQUIRED),
        LIST("processes", "DeviceProcess", REQUIRED, NULLABLE, SAYS("null: not known")),
        OBJECT("fault", REQUIRED, NULLABLE, .schema = "DeviceFault",
               SAYS("That the driver has reported, until the GPU is well again")),
        STRING("problem", REQUIRED, NULLABLE, SAYS("Why it is of no use, or not all is known")),
};
static const SchemaField device_fault_fields[] = {
        NUMBER("xid", REQUIRED, SAYS("Its number in NVIDIA's Xid catalog")),
        NUMBER("time_ms", REQUIRED, SAYS("When, Unix milliseconds")),
        STRING("text", REQUIRED),
};
static const SchemaField device_instance_fields[] = {STRING("uuid", REQUIRED), MEMORY};
static const SchemaField device_process_fields[] = {
        NUMBER("pid", REQUIRED),
        NUMBER("memory_bytes", REQUIRED, NULLABLE, SAYS("That it has of the device")),
        ID("pool_id", REQUIRED, NULLABLE, SAYS("Whose engine it is part of; null: no pool's")),
};

static const SchemaField plan_fields[] = {
        ID("pool_id", REQUIRED),
        BOOL("would_start", REQUIRED, SAYS("The engine would be started as things are")),
        OBJECT("error", REQUIRED, NULLABLE, .schema = "Error", SAYS("Why not")),
        STRING("unit", REQUIRED, NULLABLE, SAYS("Its name; null: there is none, see error")),
        OBJECT("properties", REQUIRED, NULLABLE,
               SAYS("Of the unit, by their names on systemd's bus")),
        LIST("gpus", "PlanGpu", REQUIRED, SAYS("That the engine would use, as in the mask")),
        OBJECT("split", REQUIRED, .schema = "PlanSplit"),
        OBJECT("fit", REQUIRED, .schema = "PlanFit"),
        ID("waits_for", REQUIRED, NULLABLE,
           SAYS("The pool with which it shares a GPU, and whose engine has to be ready or gone "
                "before")),
        WARNINGS,
};
static const SchemaField plan_gpu_fields[] = {
        STRING("device", REQUIRED, SAYS("As masks name it; amd0: of another vendor")),
        STRING("uuid", REQUIRED, NULLABLE),
        STRING("name", REQUIRED, NULLABLE),
        MEMORY,
        NUMBER("usable_bytes", REQUIRED, NULLABLE, SAYS("Of what is free, after headroom")),
        NUMBER("share_bytes", REQUIRED, NULLABLE, SAYS("What of the need would lie there")),
        NUMBER("share_ppm", REQUIRED, NULLABLE, BOUNDS(0, SPLIT_WHOLE),
               SAYS("The same in millionths; they sum to 1000000")),
};
static const SchemaField plan_split_fields[] = {
        STRING("mode", REQUIRED, .value_at = json_plan_mode_at,
               SAYS("none: the whole model on the first GPU, as far as the engine is told")),
        STRING("tensor_split", REQUIRED, NULLABLE,
               SAYS("The value of the engine's flag --tensor-split; null: there is none")),
};
static const SchemaField plan_fit_fields[] = {
        OBJECT("vram", REQUIRED, .schema = "PlanPart", SAYS("Of the GPUs together")),
        OBJECT("ram", REQUIRED, .schema = "PlanPart", SAYS("Of the host")),
        NUMBER("model_bytes", REQUIRED, NULLABLE,
               SAYS("Of the model's files; null: not looked at")),
        NUMBER("headroom_bytes", REQUIRED, SAYS("That stay free of each GPU and of the host")),
        NUMBER("headroom_percent", REQUIRED, SAYS("Beside that, of what is free")),
};
static const SchemaField plan_part_fields[] = {
        NUMBER("need_bytes", REQUIRED, NULLABLE, SAYS("null: not known, or nothing")),
        BOOL("estimated", REQUIRED, SAYS("By the size of the model and the slots")),
        NUMBER("usable_bytes", REQUIRED, NULLABLE, SAYS("After headroom; null: not known")),
        STRING("verdict", REQUIRED, .value_at = json_plan_verdict_at),
};

#define REQUEST(name, summary, fields)                         \
    {                                                          \
        name, summary, true, false, fields, ELEMENTSOF(fields) \
    }
#define ANSWER(name, summary, fields)                           \
    {                                                           \
        name, summary, false, false, fields, ELEMENTSOF(fields) \
    }

static const Schema schemas[] = {
        REQUEST("PreparedEngine", "All that is needed to start an engine", prepared_fields),
        REQUEST("HealthOverrides", "How it is found out whether the engine is well", health_fields),
        REQUEST("Sandbox", "How far the engine is kept apart; each relaxed piece is warned of",
                sandbox_fields),
        REQUEST("Container", "What the container is made of, one of them", container_fields),
        REQUEST("Resources", "Limits, as systemd.resource-control(5) has them", resources_fields),
        REQUEST("PolicyOverrides",
                "When a failed engine is started again, where that is not as configured",
                policy_fields),
        REQUEST("Preload", "The body of a preload; a bare PreparedEngine is taken, too",
                preload_fields),
        REQUEST("PoolUpdate", "What is left out stays, null clears", update_fields),
        REQUEST("Handoff", "An engine that somebody else has started", handoff_fields),
        REQUEST("HandoffModel", "Its model", handoff_model_fields),
        REQUEST("LeaseRequest", "What lease is wanted", lease_request_fields),
        REQUEST("DrainRequest", "How long leases are waited for", drain_request_fields),
        REQUEST("ReloadRequest", "What is to run instead", reload_request_fields),
        REQUEST("HeartbeatRequest", "When the sign of life was given", heartbeat_request_fields),

        ANSWER("Error", "Why not", error_fields),
        ANSWER("ReloadError", "Why not, and, where it was begun, how it ended",
               reload_error_fields),
        ANSWER("DaemonHealth", "The daemon runs", daemon_health_fields),
        ANSWER("DaemonReady", "The daemon is ready", daemon_ready_fields),
        {"PoolStatus", "A pool; what is unset is null", .with_status = true},
        {"PoolAnswer", "A pool, and what is to be said of the request", .with_status = true,
         .fields = pool_answer_fields, .n_fields = ELEMENTSOF(pool_answer_fields)},
        ANSWER("PoolHealth", "How the engine of a pool is", pool_health_fields),
        ANSWER("Accepted", "It goes on without the client", accepted_fields),
        ANSWER("Operation", "A command under way, or one that ended", operation_fields),
        ANSWER("PreloadAnswer", "An engine that is ready", preload_answer_fields),
        ANSWER("StopAnswer", "How an engine was stopped", stop_answer_fields),
        ANSWER("DrainAnswer", "How an engine was drained", drain_answer_fields),
        ANSWER("ReloadAnswer", "How the engines have changed places", reload_answer_fields),
        ANSWER("DeregisterAnswer", "The pool is gone", deregister_answer_fields),
        ANSWER("HeartbeatAnswer", "The sign of life that was noted", heartbeat_answer_fields),
        ANSWER("Lease", "A lease; its id is opaque", lease_fields),
        ANSWER("ActiveLeases", "The leases that are left", active_leases_fields),
        ANSWER("Devices", "The GPUs of the host", devices_fields),
        ANSWER("Device", "A GPU; what is not known is null", device_fields),
        ANSWER("DeviceInstance", "A part of a GPU", device_instance_fields),
        ANSWER("DeviceFault", "What is wrong with a GPU", device_fault_fields),
        ANSWER("DeviceProcess", "A process that uses a GPU", device_process_fields),
        ANSWER("Plan", "What would come of a preload", plan_fields),
        ANSWER("PlanGpu", "A GPU that an engine would use", plan_gpu_fields),
        ANSWER("PlanSplit", "How the model would be divided", plan_split_fields),
        ANSWER("PlanFit", "Whether the engine would fit", plan_fit_fields),
        ANSWER("PlanPart", "What it needs and what there is", plan_part_fields),
        ANSWER("LogLine", "A line that an engine has written", log_line_fields),
};

const Schema *schema_at(size_t i)
{
    return i < ELEMENTSOF(schemas) ? &schemas[i] : NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/reload.h"

#include <poolmgr/names.h>
#include <stdio.h>

#define FILE_SCHEME "file:"

static const char *const strategy_names[RELOAD_STRATEGY_MAX] = {
        [RELOAD_DRAIN] = "drain",
        [RELOAD_BLUE_GREEN] = "blue-green",
};

static const char *const phase_names[RELOAD_PHASE_MAX] = {
        [RELOAD_NONE] = "none",         [RELOAD_DRAINING] = "draining",
        [RELOAD_STAGING] = "staging",   [RELOAD_LEAVING] = "leaving",
        [RELOAD_ARRIVING] = "arriving", [RELOAD_RETURNING] = "returning",
        [RELOAD_BESIDE] = "beside",
};

const char *reload_strategy_to_string(ReloadStrategy strategy)
{
    return strategy >= 0 && strategy < RELOAD_STRATEGY_MAX ? strategy_names[strategy] : NULL;
}

const char *reload_phase_to_string(ReloadPhase phase)
{
    return phase >= 0 && phase < RELOAD_PHASE_MAX ? phase_names[phase] : NULL;
}

ReloadRequest *reload_request_free(ReloadRequest *request)
{
    if (!request)
        return NULL;
    free(request->model_ref);
    engine_spec_free(request->spec);
    free(request);
    return NULL;
}

void reload_done(Reload *reload)
{
    free(reload->model_ref);
    engine_spec_free(reload->next);
    engine_spec_free(reload->previous);
    free(reload->error);
    *reload = (Reload){.phase = RELOAD_NONE};
}

/* Makes *text what `kept` is, unless it is unset or `otherwise`; false: it differs. */
static int keep(char **text, const char *kept, const char *otherwise)
{
    char *copy = NULL;

    if (streq_ptr(*text, kept))
        return 0;
    if (*text && !streq_ptr(*text, otherwise))
        return -EINVAL;
    if (kept) {
        copy = strdup(kept);
        if (!copy)
            return -ENOMEM;
    }
    free(*text);
    *text = copy;
    return 0;
}

static int refuse(Error *error, const char *field, const char *name, const char *kept,
                  const char *got)
{
    return error_set(error, PM_ERROR_INVALID_FIELD, field,
                     "%s: a reload keeps the pool's %s (%s), got \"%s\": leave it out, or stop the "
                     "pool and preload it anew",
                     field, name, kept ? kept : "none", got);
}

int reload_keep(const EngineSpec *current, const char *mask, EngineSpec *spec, Error *error)
{
    int r = keep(&spec->device_mask, mask, NULL);

    if (r == -EINVAL)
        return refuse(error, "prepared.device_mask", "device mask", mask, spec->device_mask);
    if (r >= 0)
        r = keep(&spec->replica_id, current->replica_id, PM_DEFAULT_REPLICA);
    if (r == -EINVAL)
        return refuse(error, "prepared.replica_id", "replica", current->replica_id,
                      spec->replica_id);
    return r < 0 ? error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory") : 0;
}

/* Whether a flag is the model's path, or ends in "=" and it. */
static bool flag_has_model(const char *flag, const char *path)
{
    size_t length = strlen(flag), tail = strlen(path);

    return length >= tail && streq(flag + length - tail, path) &&
           (length == tail || flag[length - tail - 1] == '=');
}

size_t engine_spec_count_model(const EngineSpec *spec)
{
    size_t count = 1;

    STRV_FOREACH (flag, spec->flags)
        count += flag_has_model(*flag, spec->model_path);
    return count;
}

/* `flag` with the model's path replaced: a copy; NULL: it has none, or (*ret_error) out of memory.
 */
static char *flag_with_model(const char *flag, const char *from, const char *to, int *ret_error)
{
    size_t length = strlen(flag), tail = strlen(from);
    char *copy;

    if (!flag_has_model(flag, from))
        return NULL;
    copy = malloc(length - tail + strlen(to) + 1);
    if (!copy) {
        *ret_error = -ENOMEM;
        return NULL;
    }
    memcpy(copy, flag, length - tail);
    memcpy(copy + length - tail, to, strlen(to) + 1);
    return copy;
}

static int flags_with_model(char *const *flags, const char *from, const char *to, char ***ret)
{
    _cleanup_strv_free_ char **copies = NULL;
    int r = 0;

    STRV_FOREACH (flag, flags) {
        _cleanup_free_ char *replaced = flag_with_model(*flag, from, to, &r);

        if (r < 0 || strv_extend(&copies, replaced ? replaced : *flag) < 0)
            return -ENOMEM;
    }
    *ret = TAKE_PTR(copies);
    return 0;
}

/* Whether a reference is more than the model's path: then it is the model's id. */
static bool is_id(const char *model_ref)
{
    return model_ref[0] != '/' && !startswith(model_ref, FILE_SCHEME);
}

int engine_spec_set_model(EngineSpec *spec, const char *model_path, const char *model_ref)
{
    _cleanup_strv_free_ char **flags = NULL;
    _cleanup_free_ char *path = strdup(model_path), *id = NULL;

    if (is_id(model_ref)) {
        id = strdup(model_ref);
        if (!id)
            return -ENOMEM;
    }
    if (!path || flags_with_model(spec->flags, spec->model_path, model_path, &flags) < 0)
        return -ENOMEM;
    strv_free(spec->flags);
    free(spec->model_path);
    free(spec->model_id);
    spec->flags = TAKE_PTR(flags);
    spec->model_path = TAKE_PTR(path);
    spec->model_id = TAKE_PTR(id);
    return 0;
}

#define PORT_FLAG "--port"

/* How much of `flag` comes before the port, when it names that; -1: it does not. */
static ssize_t port_offset(const char *flag, const char *before, const char *port)
{
    size_t length = strlen(flag), tail = strlen(port);

    if (length < tail || !streq(flag + length - tail, port))
        return -1;
    length -= tail;
    if (length == 0)
        return before && streq(before, PORT_FLAG) ? 0 : -1;
    if (flag[length - 1] == ':')
        return (ssize_t)length;
    return length == strlen(PORT_FLAG "=") && startswith(flag, PORT_FLAG "=") ? (ssize_t)length
                                                                              : -1;
}

int engine_spec_set_port(EngineSpec *spec, uint16_t port)
{
    _cleanup_strv_free_ char **flags = NULL;
    const char *before = NULL;
    char from[8], text[PM_STRING_MAX + 8];
    bool found = false;

    (void)snprintf(from, sizeof(from), "%u", (unsigned)spec->port);
    STRV_FOREACH (flag, spec->flags) {
        ssize_t at = port_offset(*flag, before, from);

        if (at >= 0)
            (void)snprintf(text, sizeof(text), "%.*s%u", (int)at, *flag, (unsigned)port);
        if (strv_extend(&flags, at >= 0 ? text : *flag) < 0)
            return -ENOMEM;
        found |= at >= 0;
        before = *flag;
    }
    if (!found)
        return -ENOENT;
    strv_free(spec->flags);
    spec->flags = TAKE_PTR(flags);
    spec->port = port;
    return 0;
}

bool engine_spec_has_model(const EngineSpec *spec, const char *model_ref)
{
    const char *path = model_ref;

    if (startswith(path, FILE_SCHEME))
        path += strlen(FILE_SCHEME);
    if (path != model_ref && startswith(path, "///"))
        path += 2; /* an empty host */
    return streq(path, spec->model_path) || streq_ptr(model_ref, spec->model_id);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/device_mask.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"

#define GPU_PREFIX     "GPU"
#define GPU_UUID       "GPU-"
#define MIG_UUID       "MIG-"
#define MIG_OF_GPU     "MIG-GPU-"
#define GPU_NODE       "/dev/nvidia"
#define FORMS          "0,1 or GPU0,GPU1 or whole UUIDs (GPU-…, MIG-…)"
#define INDEX_MAX      UINT8_MAX /* the driver has no more minor numbers */
#define ITEM_SHOWN_MAX 64
#define PART_NODES     "char-nvidia-caps"

/* What all GPUs share: without them no CUDA program starts. */
static const char *const shared_nodes[] = {"/dev/nvidiactl", "/dev/nvidia-uvm",
                                           "/dev/nvidia-uvm-tools"};

static const char *const form_names[] = {
        [DEVICE_MASK_INDEXES] = "a number",
        [DEVICE_MASK_NAMES] = "a name such as GPU0",
        [DEVICE_MASK_UUIDS] = "a UUID",
};

/* An item as it was given, without the blanks around it. */
typedef struct Given {
    const char *start;
    size_t length;
} Given;

static int refuse(Error *error, const char *field, const Given *item, const char *why)
{
    char shown[ITEM_SHOWN_MAX + 4] = "";
    size_t n = item->length < ITEM_SHOWN_MAX ? item->length : ITEM_SHOWN_MAX;

    for (size_t i = 0; i < n; i++) /* it may be anything */
        shown[i] = (char)(item->start[i] >= ' ' && item->start[i] <= '~' ? item->start[i] : '?');
    if (n < item->length)
        memcpy(shown + n, "...", 4);
    return error_set(error, PM_ERROR_INVALID_FIELD, field, "%s: \"%s\" %s: write " FORMS, field,
                     shown, why);
}

/* The length of 8-4-4-4-12 hexadecimal digits at `s`, or 0. */
static size_t uuid_length(const char *s)
{
    static const size_t groups[] = {8, 4, 4, 4, 12};
    const char *p = s;

    for (size_t i = 0; i < ELEMENTSOF(groups); i++) {
        if (i > 0 && *p++ != '-')
            return 0;
        for (size_t k = 0; k < groups[i]; k++, p++)
            if (hex_digit_value(*p) < 0)
                return 0;
    }
    return (size_t)(p - s);
}

/* "/<number>/<number>" and nothing behind it. */
static bool is_instance(const char *s)
{
    for (int i = 0; i < 2; i++) {
        size_t n = *s == '/' ? strspn(s + 1, "0123456789") : 0;

        if (n < 1 || n > 3)
            return false;
        s += n + 1;
    }
    return *s == '\0';
}

/* Whether what stands behind the prefix is whole. */
static bool is_uuid(const char *item)
{
    size_t n;

    if (strncasecmp(item, MIG_OF_GPU, strlen(MIG_OF_GPU)) == 0) {
        n = uuid_length(item + strlen(MIG_OF_GPU));
        return n > 0 && is_instance(item + strlen(MIG_OF_GPU) + n);
    }
    n = uuid_length(item + strlen(GPU_UUID));
    return n > 0 && item[strlen(GPU_UUID) + n] == '\0';
}

/* The prefix in upper case, the digits in lower case. */
static void copy_uuid(const char *item, char uuid[static DEVICE_UUID_MAX + 1])
{
    bool nested = strncasecmp(item, MIG_OF_GPU, strlen(MIG_OF_GPU)) == 0;
    size_t prefix = strlen(nested ? MIG_OF_GPU : GPU_UUID), i = 0;

    for (; item[i]; i++) {
        char c = item[i];

        if (i < prefix && c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        else if (i >= prefix && c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        uuid[i] = c;
    }
    uuid[i] = '\0';
}

/* Returns NULL, or what is wrong with it. */
static const char *parse_item(const Given *given, DeviceMaskForm *ret_form, DeviceMaskItem *ret)
{
    char item[DEVICE_UUID_MAX + 1];
    const char *digits = item;
    uint64_t index;

    if (given->length == 0)
        return "is an empty item";
    if (given->length > DEVICE_UUID_MAX)
        return "is no device";
    memcpy(item, given->start, given->length);
    item[given->length] = '\0';
    *ret = (DeviceMaskItem){0};
    if (strncasecmp(item, GPU_UUID, strlen(GPU_UUID)) == 0 ||
        strncasecmp(item, MIG_UUID, strlen(MIG_UUID)) == 0) {
        if (!is_uuid(item))
            return "is no whole UUID";
        copy_uuid(item, ret->uuid);
        *ret_form = DEVICE_MASK_UUIDS;
        return NULL;
    }
    *ret_form = DEVICE_MASK_INDEXES;
    if (strncasecmp(item, GPU_PREFIX, strlen(GPU_PREFIX)) == 0) {
        digits += strlen(GPU_PREFIX);
        *ret_form = DEVICE_MASK_NAMES;
    }
    if (parse_u64(digits, 0, INDEX_MAX, &index) < 0)
        return "is no device";
    ret->index = (uint32_t)index;
    return NULL;
}

static bool contains(const DeviceMask *mask, const DeviceMaskItem *item)
{
    for (size_t i = 0; i < mask->count; i++)
        if (mask->items[i].index == item->index && streq(mask->items[i].uuid, item->uuid))
            return true;
    return false;
}

static int add(DeviceMask *mask, const Given *given, const char *field, Error *error)
{
    DeviceMaskForm form;
    DeviceMaskItem item;
    const char *wrong = parse_item(given, &form, &item);

    if (wrong)
        return refuse(error, field, given, wrong);
    if (mask->count == 0)
        mask->form = form;
    if (form != mask->form) {
        char why[96];

        (void)snprintf(why, sizeof(why), "is %s, but the first item is %s", form_names[form],
                       form_names[mask->form]);
        return refuse(error, field, given, why);
    }
    if (contains(mask, &item))
        return refuse(error, field, given, "is there twice");
    if (mask->count == DEVICE_MASK_ITEMS_MAX)
        return refuse(error, field, given, "is more than the 64 items that a mask can have");
    mask->items[mask->count++] = item;
    return 0;
}

int device_mask_parse(const char *text, const char *field, DeviceMask *ret, Error *error)
{
    DeviceMask mask = {.count = 0};
    const char *s = text;

    for (;;) {
        size_t n = strcspn(s, ","), blank = strspn(s, " ");
        Given given = {.start = s + (blank < n ? blank : n)};
        int r;

        given.length = n - (size_t)(given.start - s);
        while (given.length > 0 && given.start[given.length - 1] == ' ')
            given.length--;
        r = add(&mask, &given, field, error);
        if (r < 0)
            return r;
        if (s[n] == '\0')
            break;
        s += n + 1;
    }
    *ret = mask;
    return 0;
}

static int join(const DeviceMask *mask, const char *prefix, char **ret)
{
    Text text = {0};

    for (size_t i = 0; i < mask->count; i++) {
        text_append(&text, i > 0 ? "," : "");
        if (mask->form == DEVICE_MASK_UUIDS)
            text_append(&text, mask->items[i].uuid);
        else
            text_printf(&text, "%s%u", prefix, mask->items[i].index);
    }
    return text_take(&text, ret);
}

const char *device_mask_contradiction(char *const *env)
{
    static const char *const names[] = {DEVICE_MASK_ORDER, DEVICE_MASK_VISIBLE};

    STRV_FOREACH (variable, env)
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
            if (startswith(*variable, names[i]) && (*variable)[strlen(names[i])] == '=')
                return names[i];
    return NULL;
}

int device_mask_visible(const DeviceMask *mask, char **ret)
{
    return join(mask, "", ret);
}

int device_mask_canonicalize(char **text, const char *field, Error *error)
{
    char *canonical;
    DeviceMask mask;
    int r;

    if (!*text)
        return 0;
    r = device_mask_parse(*text, field, &mask, error);
    if (r < 0)
        return r;
    r = join(&mask, mask.form == DEVICE_MASK_NAMES ? GPU_PREFIX : "", &canonical);
    if (r < 0) {
        (void)error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory");
        return r;
    }
    free(*text);
    *text = canonical;
    return 0;
}

/* As the mask has it. */
static void show(const DeviceMask *mask, const DeviceMaskItem *item,
                 char shown[static DEVICE_UUID_MAX + 1])
{
    if (mask->form == DEVICE_MASK_UUIDS)
        memcpy(shown, item->uuid, sizeof(item->uuid));
    else
        (void)snprintf(shown, DEVICE_UUID_MAX + 1, "%s%u",
                       mask->form == DEVICE_MASK_NAMES ? GPU_PREFIX : "", item->index);
}

static const DeviceId *find_uuid(const DeviceId *ids, size_t count, const char *uuid)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(ids[i].uuid, uuid) == 0)
            return &ids[i];
    return NULL;
}

static const DeviceId *find_part(const DeviceMaskItem *item, const DeviceIds *known)
{
    return item->uuid[0] ? find_uuid(known->parts, known->parts_count, item->uuid) : NULL;
}

/* The GPU that the item is, or is a part of; NULL: not known. */
static const DeviceId *find_gpu(const DeviceMaskItem *item, const DeviceIds *known)
{
    const DeviceId *part = find_part(item, known);
    uint32_t index = part ? part->gpu : item->index;

    if (item->uuid[0] && !part)
        return find_uuid(known->gpus, known->count, item->uuid);
    return index < known->count ? &known->gpus[index] : NULL;
}

static bool may_be_there(const DeviceMaskItem *item, const DeviceIds *known)
{
    if (known->count == 0 || find_gpu(item, known))
        return true;
    return startswith(item->uuid, MIG_UUID) && !known->parts_known;
}

int device_mask_check(const DeviceMask *mask, const DeviceIds *known, const char *field,
                      Error *error)
{
    for (size_t i = 0; i < mask->count; i++) {
        char shown[DEVICE_UUID_MAX + 1];

        if (may_be_there(&mask->items[i], known))
            continue;
        show(mask, &mask->items[i], shown);
        return error_set(error, PM_ERROR_INVALID_FIELD, field,
                         "%s: there is no device %s: this host has %zu, and the first of them is "
                         "0 or GPU0",
                         field, shown, known->count);
    }
    return 0;
}

static int add_node(const DeviceMask *mask, size_t i, const DeviceIds *known, const char *field,
                    char ***nodes, Error *error)
{
    const DeviceMaskItem *item = &mask->items[i];
    const DeviceId *gpu = find_gpu(item, known);
    char shown[DEVICE_UUID_MAX + 1], node[sizeof(GPU_NODE) + 10];

    if (gpu ? gpu->minor == DEVICE_MINOR_UNKNOWN : item->uuid[0] || known->count > 0) {
        show(mask, item, shown);
        return error_set(
                error, PM_ERROR_INVALID_FIELD, field,
                "%s: which device node belongs to %s cannot be told on this host: take the "
                "mask away, or see to it that the driver is loaded",
                field, shown);
    }
    (void)snprintf(node, sizeof(node), GPU_NODE "%u", gpu ? gpu->minor : item->index);
    if (!strv_contains(*nodes, node) && strv_extend(nodes, node) < 0)
        return -ENOMEM;
    if (find_part(item, known) && !strv_contains(*nodes, PART_NODES))
        return strv_extend(nodes, PART_NODES);
    return 0;
}

int device_mask_nodes(const DeviceMask *mask, const DeviceIds *known, const char *field,
                      char ***ret, Error *error)
{
    _cleanup_strv_free_ char **nodes = NULL;

    for (size_t i = 0; i < mask->count; i++) {
        int r = add_node(mask, i, known, field, &nodes, error);

        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < ELEMENTSOF(shared_nodes); i++)
        if (strv_extend(&nodes, shared_nodes[i]) < 0)
            return -ENOMEM;
    *ret = TAKE_PTR(nodes);
    return 0;
}

static MaskMatch match_item(const DeviceMaskItem *item, const DeviceIds *known, int index)
{
    const DeviceId *gpu;

    if (!item->uuid[0] && index >= 0)
        return item->index == (uint32_t)index ? MASK_COVERS : MASK_OTHER;
    gpu = item->uuid[0] ? find_gpu(item, known) : NULL;
    if (!gpu)
        return MASK_UNKNOWN;
    return index >= 0 && gpu == &known->gpus[index] ? MASK_COVERS : MASK_OTHER;
}

MaskMatch device_mask_match(const char *text, const DeviceIds *known, int index)
{
    MaskMatch match = MASK_OTHER;
    DeviceMask mask;

    if (!text || !text[0])
        return MASK_COVERS;
    if (device_mask_parse(text, "device_mask", &mask, NULL) < 0)
        return MASK_UNKNOWN;
    for (size_t i = 0; i < mask.count && match != MASK_COVERS; i++) {
        MaskMatch m = match_item(&mask.items[i], known, index);

        if (m != MASK_OTHER)
            match = m;
    }
    return match;
}

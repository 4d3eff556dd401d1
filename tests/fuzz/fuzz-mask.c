/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/strv.h"
#include "core/device_mask.h"
#include "fuzz.h"

/* A device mask, and behind its first newline the UUIDs of the devices that there are, one a line:
 * those that start with '+' are parts of the GPU before them. */

static void read_devices(char *text, DeviceIds *ret)
{
    char *line;

    while ((line = strsep(&text, "\n"))) {
        DeviceId *id;

        if (line[0] == '+' && ret->parts_count < DEVICE_PARTS_MAX) {
            id = &ret->parts[ret->parts_count++];
            id->gpu = ret->count > 0 ? (uint32_t)ret->count - 1 : 0;
            line++;
        } else if (ret->count < DEVICE_MASK_ITEMS_MAX) {
            id = &ret->gpus[ret->count];
            id->minor = line[0] == '?' ? DEVICE_MINOR_UNKNOWN : (uint32_t)ret->count;
            ret->count++;
        } else {
            break;
        }
        (void)snprintf(id->uuid, sizeof(id->uuid), "%s", line);
    }
    ret->parts_known = ret->parts_count > 0;
}

static bool same_mask(const DeviceMask *a, const DeviceMask *b)
{
    bool same = a->form == b->form && a->count == b->count;

    for (size_t i = 0; i < a->count && same; i++)
        same = a->items[i].index == b->items[i].index &&
               strcasecmp(a->items[i].uuid, b->items[i].uuid) == 0;
    return same;
}

/* The canonical form says the same, and is its own. */
static void require_canonical(const char *text, const DeviceMask *mask)
{
    _cleanup_free_ char *once = strdup(text), *twice = NULL;
    DeviceMask again;
    Error error = {0};

    REQUIRE(once && device_mask_canonicalize(&once, "m", &error) == 0);
    REQUIRE(device_mask_parse(once, "m", &again, &error) == 0);
    REQUIRE(same_mask(mask, &again));
    twice = strdup(once);
    REQUIRE(twice && device_mask_canonicalize(&twice, "m", &error) == 0);
    REQUIRE(streq(once, twice));
}

static void use(const char *text, const DeviceMask *mask, const DeviceIds *known)
{
    _cleanup_free_ char *visible = NULL;
    _cleanup_strv_free_ char **nodes = NULL;
    Error error = {0};
    int r;

    REQUIRE(device_mask_visible(mask, &visible) == 0 && visible[0]);
    if (!fuzz_accepted(device_mask_check(mask, known, "m", &error), &error))
        REQUIRE(known->count > 0);
    error = (Error){0};
    r = device_mask_nodes(mask, known, "m", &nodes, &error);
    if (fuzz_accepted(r, &error))
        STRV_FOREACH (node, nodes)
            REQUIRE(startswith(*node, "/dev/") || startswith(*node, "char-"));
    for (int i = -1; i < (int)known->count; i++)
        (void)device_mask_match(text, known, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_text(data, size);
    char *devices = strchr(text, '\n');
    DeviceIds known = {.count = 0};
    DeviceMask mask;
    Error error = {0};

    if (devices) {
        *devices = '\0';
        read_devices(devices + 1, &known);
    }
    if (!fuzz_accepted_body(device_mask_parse(text, "m", &mask, &error), &error)) {
        REQUIRE(!text[0] || device_mask_match(text, &known, 0) == MASK_UNKNOWN);
        return 0;
    }
    REQUIRE(mask.count > 0 && mask.count <= DEVICE_MASK_ITEMS_MAX);
    require_canonical(text, &mask);
    use(text, &mask, &known);
    return 0;
}

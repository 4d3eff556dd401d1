/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/macros.h"

/* Which GPUs an engine may use (contract: devices and isolation). */

/* The variables by which CUDA is told. */
#define DEVICE_MASK_VISIBLE "CUDA_VISIBLE_DEVICES"
#define DEVICE_MASK_ORDER   "CUDA_DEVICE_ORDER"

enum {
    DEVICE_MASK_TEXT_MAX = 1024, /* bytes of a mask */
    DEVICE_MASK_ITEMS_MAX = 64,
    DEVICE_UUID_MAX = 63, /* bytes of "GPU-…", "MIG-…" */
    DEVICE_PARTS_MAX = 128,
};

typedef enum DeviceMaskForm {
    DEVICE_MASK_INDEXES, /* 0,1 */
    DEVICE_MASK_NAMES,   /* GPU0,GPU1 */
    DEVICE_MASK_UUIDS,   /* GPU-…,MIG-… */
} DeviceMaskForm;

typedef struct DeviceMaskItem {
    uint32_t index;                 /* in the order of PCI addresses; not of a UUID */
    char uuid[DEVICE_UUID_MAX + 1]; /* "" unless it is one */
} DeviceMaskItem;

typedef struct DeviceMask {
    DeviceMaskForm form;
    DeviceMaskItem items[DEVICE_MASK_ITEMS_MAX]; /* in the order in which they were given */
    size_t count;
} DeviceMask;

/*
 * Reads a mask: items of one form with commas between them, blanks around each, prefixes and UUIDs
 * in either case. UUIDs are whole: "GPU-" or "MIG-" and 8-4-4-4-12 hexadecimal digits, or
 * "MIG-GPU-", such digits, "/" and two numbers with "/" between them, as older drivers name MIG
 * devices. Returns 0, or -EINVAL with `error` (NULL allowed) naming `field`, the item and what is
 * wrong with it: empty, of another form than the first, there twice, one too many, or none of the
 * forms.
 */
int device_mask_parse(const char *text, const char *field, DeviceMask *ret, Error *error);

/*
 * Replaces *text (NULL: no restriction, left alone) by its canonical form: no blanks, prefixes in
 * upper case, digits of UUIDs in lower case; the order and the form stay. Returns 0; -EINVAL as
 * device_mask_parse(); or -ENOMEM with `error` set.
 */
int device_mask_canonicalize(char **text, const char *field, Error *error);

/* The name of the first variable of `env` ("NAME=value" each) that says which GPUs are seen, as a
 * mask does; NULL: none. */
const char *device_mask_contradiction(char *const *env);

/* Its value for CUDA_VISIBLE_DEVICES, with CUDA_DEVICE_ORDER=PCI_BUS_ID beside it: the canonical
 * form, names as their numbers. Returns 0 or -ENOMEM. */
int device_mask_visible(const DeviceMask *mask, char **ret);

#define DEVICE_MINOR_UNKNOWN UINT32_MAX

/* A GPU of this host, or a part of one (MIG). */
typedef struct DeviceId {
    char uuid[DEVICE_UUID_MAX + 1]; /* "": not known */
    uint32_t gpu;                   /* of a part: the index of its GPU */
    uint32_t minor; /* of a GPU: its node is /dev/nvidia<minor>; or DEVICE_MINOR_UNKNOWN */
} DeviceId;

/* What masks can name. No GPUs: they could not be looked for. */
typedef struct DeviceIds {
    DeviceId gpus[DEVICE_MASK_ITEMS_MAX]; /* in the order of their PCI addresses */
    size_t count;
    DeviceId parts[DEVICE_PARTS_MAX];
    size_t parts_count;
    bool parts_known; /* else there may be any */
} DeviceIds;

/*
 * Whether all that it names is there. Returns 0, also when no GPUs are known at all; or -EINVAL
 * with `error` (NULL allowed) naming `field`, the item and what there is.
 */
int device_mask_check(const DeviceMask *mask, const DeviceIds *known, const char *field,
                      Error *error);

/*
 * The device nodes that an engine with the mask may open: those of its GPUs, then those that all
 * GPUs share: what DeviceAllow= takes. Where no GPUs are known, number n is /dev/nvidia<n>. Returns
 * 0; -EINVAL with `error` (NULL allowed) when it names a device, by UUID, whose node nobody can
 * tell; or -ENOMEM. An engine with a part of a GPU may open the capabilities of all parts, but no
 * other GPU.
 */
int device_mask_nodes(const DeviceMask *mask, const DeviceIds *known, const char *field,
                      char ***ret, Error *error);

typedef enum MaskMatch {
    MASK_OTHER, /* it names other devices only */
    MASK_COVERS,
    MASK_UNKNOWN, /* it may: by names that we cannot tell the devices of */
} MaskMatch;

/*
 * Whether an engine with that mask uses the GPU at `index` of `known`; negative: one that is not
 * there. NULL: all. A text that is no mask may be any.
 */
MaskMatch device_mask_match(const char *text, const DeviceIds *known, int index);

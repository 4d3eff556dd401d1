/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "base/macros.h"

/* What the kernel logs from now on, record by record (/dev/kmsg: the kernel's
 * Documentation/ABI/testing/dev-kmsg). */
typedef struct KernelLog KernelLog;

enum { KERNEL_LOG_RECORD_MAX = 8192 };

/* One message, without what the kernel puts before and behind it. */
typedef void (*KernelLogFunc)(const char *message, void *userdata);

/*
 * `path` is /dev/kmsg, of which only the kernel's own messages count, not what programs write
 * there; or a FIFO, of which each line is a message. Records that were overwritten before they were
 * read are lost.
 *
 * Returns 0, -ENOENT, -EACCES or -EPERM (it takes CAP_SYSLOG where kernel.dmesg_restrict is set),
 * -EINVAL for another kind of file, or another negative errno.
 */
int kernel_log_new(sd_event *event, const char *path, KernelLogFunc f, void *userdata,
                   KernelLog **ret);

/* NULL allowed; returns NULL. Not from within its callback. */
KernelLog *kernel_log_free(KernelLog *log);

DEFINE_CLEANUP(KernelLog *, kernel_log_free)

/*
 * The message of one record of /dev/kmsg, "<priority>,<sequence>,<time>,<flags>;<message>" and
 * lines that start with a blank: `record` is cut behind the message. NULL when the kernel did not
 * write it, or it is not a record.
 */
const char *kernel_log_record_message(char *record);

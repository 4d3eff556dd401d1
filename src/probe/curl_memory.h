/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/*
 * Initialises libcurl, without TLS, so that it takes its memory through functions that notice when
 * there is none: libcurl itself may say of such a transfer that the name has no address, or that
 * the server is at fault. Ended with curl_global_cleanup(); one that was before stays as it is.
 * Returns 0 or -ENOMEM.
 */
int curl_memory_init(void);

/* How often there was none, for whichever transfer. */
uint64_t curl_memory_shortages(void);

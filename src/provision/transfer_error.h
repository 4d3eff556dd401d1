/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <curl/curl.h>

#include "base/error.h"

/*
 * Fills `error` with what a transfer that libcurl ended with `code` (not CURLE_OK) came to. `shown`
 * is the address without secrets, `detail` libcurl's own words ("": none), `bytes` what is there of
 * the file.
 */
void transfer_error_set(CURLcode code, const char *shown, const char *detail, uint64_t bytes,
                        Error *error);

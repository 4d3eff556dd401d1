/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "base/error.h"

/*
 * Reads what the model provisioner prints, {"model_path": …, "sha256"?: …}, and gives the path (the
 * caller frees it): absolute, without "..". Members that are unknown are left alone. Returns 0;
 * -EINVAL with `error` set; -ENOMEM with it set.
 */
int provision_answer_parse(const char *text, size_t length, char **ret_model_path, Error *error);

/* The percentage in a line of its progress, {"phase":…,"percent":…,…}: 0 to 100. Returns 0, or
 * -EINVAL for a line that is none or that does not know it. */
int provision_progress_parse(const char *text, size_t length, uint64_t *ret_percent);

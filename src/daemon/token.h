/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The secret that HTTP callers must show (contract: who may): the credential "api-token" of the
 * unit, else LLORCH_API_TOKEN, which is then taken out of the environment. *ret is NULL when there
 * is none. Returns 0, -EINVAL (after a line in the log) for a token that is empty, too long or
 * holds control characters, or negative errno.
 */
int token_load(char **ret);

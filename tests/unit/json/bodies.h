/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bodies of a preload for pool "p1", made from one that is complete and good. The caller frees
 * them. */

/* {"prepared": {…}} with the member `name` set to the JSON text `value`, or left out where `value`
 * is NULL. */
char *body_with(const char *name, const char *value);

/* {"prepared": {…}} with `members` ("\"a\": 1, \"b\": 2") after the required ones. */
char *body_and(const char *members);

/* The required members as a bare PreparedEngine. */
char *body_bare(void);

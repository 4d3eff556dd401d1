/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The files in which the service manager tells journald what fields the lines of a unit have
 * (LogExtraFields=). systemd (seen with 262) forgets to remove them with the unit: each start of an
 * engine would leave one behind in memory (tmpfs) until the next boot.
 *
 * `folder` is where they are, NULL: where this host has them. What cannot be removed stays.
 */

/* Of the unit, which is gone, with all of its lines. */
void unit_fields_remove(const char *folder, const char *unit);

/* Of all units of engines and model provisioners that the service manager does not know any more.
 */
void unit_fields_sweep(const char *folder);

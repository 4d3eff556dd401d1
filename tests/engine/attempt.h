/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What becomes of something that a sandbox may forbid, as JSON: {"error": "EPERM"}, null when it
 * went well. The caller frees it.
 */
char *attempt_open(const char *path);    /* a file that is there, to write */
char *attempt_read(const char *path);    /* a file, or the entries of a folder */
char *attempt_make(const char *path);    /* a new file */
char *attempt_send(const char *address); /* a packet to an IPv4 address */

/* To use up what resources limit; what was got is kept until the engine ends. */
char *attempt_allocate(const char *mebibytes); /* memory, all of it written to */
char *attempt_spawn(const char *count);        /* children that wait */
char *attempt_burn(const char *count);         /* children that never wait */

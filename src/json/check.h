/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a string must be to reach argv, the environment, paths, units and logs. Each takes a
 * NUL-terminated UTF-8 text and returns NULL when all is well, else what it must be instead, as the
 * rest of a sentence: "must be an absolute path …".
 */
typedef const char *(*StringCheck)(const char *s);

/* No control characters (C0, DEL, C1). */
const char *check_printable(const char *s);

/* A pool or replica id (contract: names). */
const char *check_id(const char *s);

/* An absolute path without "..", shorter than PATH_MAX and free of control characters. */
const char *check_path(const char *s);

/* A path when it starts with '/', else any printable name of a model. */
const char *check_model(const char *s);

/* A host name or an address, without brackets and port. */
const char *check_host(const char *s);

/* The path of a URL: starts with '/', printable ASCII without spaces. */
const char *check_url_path(const char *s);

/* A name that a shell could set: [A-Za-z_][A-Za-z0-9_]* */
const char *check_env_name(const char *s);

/* A user or group of the host, not root. */
const char *check_user_name(const char *s);

/* "CAP_…", one that Linux has. */
const char *check_capability(const char *s);

/* A system call, or a group of them ("@…") as systemd knows them; which ones it knows is not looked
 * at. */
const char *check_system_call(const char *s);

/* The name of a container image; not an option. */
const char *check_image(const char *s);

/* "AF_…" */
const char *check_address_family(const char *s);

/* As address_ranges_parse() takes it. */
const char *check_address_range(const char *s);

/* A name that systemd takes for a credential; '=' is left out because our own lists write
 * name=path. */
const char *check_credential_name(const char *s);

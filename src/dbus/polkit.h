/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <systemd/sd-bus.h>

/* One question to polkit (org.freedesktop.PolicyKit1.Authority.CheckAuthorization). */
typedef struct PolkitQuestion PolkitQuestion;

typedef enum PolkitAnswer {
    POLKIT_YES,
    POLKIT_NO,
    POLKIT_CHALLENGE, /* with a password it might be yes, but none was asked for */
    POLKIT_FAILED,    /* no answer */
} PolkitAnswer;

/* `why`: for POLKIT_FAILED, else NULL. The function frees the question. */
typedef void (*PolkitFunc)(PolkitAnswer answer, const char *why, void *userdata);

typedef struct PolkitSubject {
    const char *caller; /* its unique name on the bus */
    bool interactive;   /* its user may be asked for a password, which may take minutes */
} PolkitSubject;

/* Asks whether the subject may do the verb to the pool; `f` is called once, from the loop. Returns
 * 0 or negative errno. */
int polkit_ask(sd_bus *bus, const PolkitSubject *subject, const char *verb, const char *pool_id,
               PolkitFunc f, void *userdata, PolkitQuestion **ret);

/* One that is not answered yet is cancelled. Takes NULL, returns NULL. */
PolkitQuestion *polkit_question_free(PolkitQuestion *q);

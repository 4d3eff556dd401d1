/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/request.h"

/*
 * Answers with what comes out of the pipe `fd`, which is non-blocking and taken over; `follows`:
 * its end may never come. A client that stops sending ends a stream that follows, as it ends when
 * the client goes away, which cannot be told apart there: nothing may be sent to find out.
 */
void log_stream_start(HttpRequest *request, int fd, bool follows, const char *content_type);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/macros.h"
#include "server.h"

/*
 * An LLM engine as far as a manager can see: a process that listens, answers health checks and
 * ends, well or badly, as its command line and the requests to its port ask for.
 */
int main(int argc, char **argv)
{
    static Engine engine;
    EngineOptions options;
    int r;

    setvbuf(stdout, NULL, _IOLBF, 0);
    engine_options_parse(&options, argc, argv);
    engine_init(&engine, &options, argv);
    engine_start(&engine);
    r = server_run(&engine);
    fprintf(stderr, "cannot listen on %s:%u: %s\n", options.host, options.port, strerror(-r));
    return 1;
}

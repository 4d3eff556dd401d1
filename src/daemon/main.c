/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <malloc.h>

#include "daemon/configuration.h"
#include "daemon/daemon.h"

/*
 * Large pieces stay out of the heap, whatever was freed before: what is not used of them is never
 * there, as of a list for all GPUs that a host may have, and what is freed is given back. Threads
 * keep arenas of their own: the loop must not wait for one that is put aside while it holds a lock.
 */
static void be_small(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 512 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
}

int main(int argc, char **argv)
{
    Options options;
    int r;

    be_small();
    r = options_parse(argc, argv, &options);
    if (r <= 0)
        return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    r = options.print_config ? configuration_print(&options) : daemon_run(&options);
    options_done(&options);
    return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/configuration.h"
#include "daemon/daemon.h"

enum {
    DESCRIPTORS = 4096, /* as many clients as there may be by default, and as many engines */
};

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

/*
 * The kernel lets the table of descriptors grow when one more is opened, and where there are
 * threads that waits until no processor uses the old one: tens of milliseconds for the whole loop,
 * whenever clients come in numbers. Before the first thread it costs nothing.
 */
static void make_room_for_descriptors(void)
{
    struct rlimit limit = {0};
    int last;

    (void)getrlimit(RLIMIT_NOFILE, &limit);
    last = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC,
                 (int)(limit.rlim_cur < DESCRIPTORS ? limit.rlim_cur : DESCRIPTORS) - 1);
    if (last >= 0)
        close(last);
}

int main(int argc, char **argv)
{
    Options options;
    int r;

    be_small();
    make_room_for_descriptors();
    r = options_parse(argc, argv, &options);
    if (r <= 0)
        return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    r = options.print_config ? configuration_print(&options) : daemon_run(&options);
    options_done(&options);
    return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/configuration.h"
#include "daemon/daemon.h"

int main(int argc, char **argv)
{
    Options options;
    int r = options_parse(argc, argv, &options);

    if (r <= 0)
        return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    r = options.print_config ? configuration_print(&options) : daemon_run(&options);
    options_done(&options);
    return r;
}

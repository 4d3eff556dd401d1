# SPDX-License-Identifier: LGPL-2.1-or-later
"""pool-managerd itself, as the measurements of this folder want it."""

import pathlib
import subprocess

CONFIG = pathlib.Path("/etc/pool-managerd/pool-managerd.conf.d/50-bench.conf")


def start_daemon():
    """As it is installed, but that this machine has no GPU, and that sandboxes may be relaxed."""
    CONFIG.parent.mkdir(parents=True, exist_ok=True)
    CONFIG.write_text("[GPU]\nPolicy=optional\n[Sandbox]\nAllowRelax=all\n", encoding="ascii")
    subprocess.run(["systemctl", "start", "pool-managerd.service"], check=True)


def versions():
    """Of all that is measured, by the names of their Debian packages; what is not there is left out."""
    packages = ["systemd", "llama.cpp-tools", "supervisor", "s6", "lemonade-server"]
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)

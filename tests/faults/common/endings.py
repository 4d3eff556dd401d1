# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the daemon ended, each time, as PID 1 tells in the journal."""

from support import daemon, journal


def by_signal(since):
    """What PID 1 says of ends that were nobody's will: signals, dumps, the watchdog."""
    lines = journal.text(since, f"--unit={daemon.UNIT}", "_PID=1").splitlines()
    return [line for line in lines
            if "code=dumped" in line or "code=killed" in line or "watchdog" in line.lower()]


def all_of(since):
    """Each end of the main process that was not asked for."""
    lines = journal.text(since, f"--unit={daemon.UNIT}", "_PID=1").splitlines()
    return [line for line in lines if "Main process exited" in line]

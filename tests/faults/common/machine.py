# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed daemon in the test machine: started fresh, measured from outside."""

import os
import pathlib
import statistics
import sys

from support import api, daemon, engine, wait

# The machine has no GPU; engines are to start and stop quickly.
CONFIG = """[Manager]
LogLevel=info
[GPU]
Policy=optional
[Engine]
StopGraceSec=2s
"""
# Memory may breathe by this much, whatever the measure.
RSS_SLACK_KIB = 1024
RSS_SLACK_PART = 0.05


def require():
    """Ends the program where it would stop the services of a machine that is not for that."""
    if not pathlib.Path("/run/systemd/system").is_dir() or not os.access(daemon.PROGRAM, os.X_OK):
        sys.exit("this runs in the test machine only: use tests/faults/run")


def start(config="", drop_in=""):
    """A daemon with nothing on its mind. Returns its pid."""
    require()
    daemon.prepare_for_leak_check()
    engine.make_model()
    daemon.clean()
    daemon.configure(CONFIG + config)
    if drop_in:
        daemon.drop_in("[Service]\n" + drop_in)
    daemon.start()
    wait.until(api.is_ready, "the daemon is ready")
    return daemon.main_pid()


def is_sanitized():
    return b"__asan_init" in pathlib.Path(daemon.PROGRAM).read_bytes()


def rss_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def check_flat(report, what, samples):
    """Compares the halves of what was measured, the first third left out: it warms up."""
    if is_sanitized():
        report.number(f"{what} KiB, not judged: the sanitizer keeps freed memory", samples[-1:])
        return
    samples = samples[len(samples) // 3:]
    if not report.check(len(samples) >= 4, f"{what} was measured", f"only {len(samples)} times"):
        return
    middle = len(samples) // 2
    first, second = (statistics.median(half) for half in (samples[:middle], samples[middle:]))
    report.check(second <= first * (1 + RSS_SLACK_PART) + RSS_SLACK_KIB,
                 f"{what} is flat: {first:.0f} KiB, then {second:.0f} KiB", "it grows")


def settle_descriptors(pid, wanted, seconds=5.0):
    """How many it has, once that is at most `wanted` or the time is over: it closes on its own."""
    try:
        wait.until(lambda: descriptors(pid) <= wanted, "descriptors are closed", seconds)
    except AssertionError:
        pass
    return descriptors(pid)

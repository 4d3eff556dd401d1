# SPDX-License-Identifier: LGPL-2.1-or-later
"""What processes cost: CPU time and memory, from /proc."""

import pathlib
import subprocess
import time

UNITS = {"daemon": "pool-managerd.service", "bus": "dbus.service", "journal": "systemd-journald.service"}


def main_pid(unit):
    shown = subprocess.run(["systemctl", "show", "--property=MainPID", "--value", unit], check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    return int(shown)


def cpu_seconds(pid):
    """Of all threads of the process, to the nanosecond."""
    total = 0
    for path in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((path / "schedstat").read_text(encoding="ascii").split()[0])
    return total / 1e9


def rss_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"process {pid} has no memory")


class Meter:
    """CPU time of the daemon and of those who work for it, from its making on."""

    def __init__(self):
        self.pids = {"service manager": 1, **{name: main_pid(unit) for name, unit in UNITS.items()}}
        self.before = {name: cpu_seconds(pid) for name, pid in self.pids.items()}
        self.began = time.monotonic()

    def read(self):
        """Seconds of CPU time, by name."""
        return {name: cpu_seconds(pid) - self.before[name] for name, pid in self.pids.items()}

    def elapsed(self):
        return time.monotonic() - self.began

# SPDX-License-Identifier: LGPL-2.1-or-later
"""What must not grow: of the daemon, of PID 1, of the bus, on disk."""

import contextlib
import os
import pathlib
import re

from common import machine
from support import bus, daemon, units
from support.shell import run

FOLDERS = {"files in /run/pool-managerd": daemon.RUNTIME,
           "files in /var/lib/pool-managerd": daemon.STATE,
           "transient units on disk": pathlib.Path("/run/systemd/transient"),
           "invocation links": pathlib.Path("/run/systemd/units"),
           "folders of engines": pathlib.Path("/var/cache/private/pool-engines"),
           "cgroups": pathlib.Path("/sys/fs/cgroup/pools.slice"),
           "files in /tmp": pathlib.Path("/tmp")}
BUS_STATS = "org.freedesktop.DBus.Debug.Stats"


def count_files(folder, of=None):
    found = 0
    for parent, folders, files in os.walk(folder):
        # What is mounted there is not ours: the repository itself may be below /tmp.
        folders[:] = [each for each in folders if not os.path.ismount(os.path.join(parent, each))]
        found += len(folders) if of == "cgroups" else len(files)
    return found


def field(pid, name):
    found = re.search(rf"^{name}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)
    return int(found[1])


def watches(pid):
    """What its epolls and inotifys watch."""
    found = 0
    for info in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(OSError):
            found += len(re.findall(r"^(?:tfd:|inotify )", info.read_text(), re.M))
    return found


def of_daemon(pid):
    return {"resident memory in KiB": machine.rss_kib(pid), "descriptors": machine.descriptors(pid),
            "threads": field(pid, "Threads"), "watches": watches(pid)}


def of_bus(pid):
    """What the bus has for the daemon's connection, and in all."""
    owner = run("busctl", "call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
                "GetNameOwner", "s", bus.NAME, check=False)
    if owner.returncode != 0:
        return {}
    stats = run("busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", BUS_STATS,
                "GetConnectionStats", "s", owner.stdout.split('"')[1], check=False).stdout
    names = run("busctl", "--no-legend", "list", "--unique").stdout
    return {"match rules of the daemon": int(re.search(r'"MatchRules" u (\d+)', stats)[1]),
            "connections to the bus": len(names.splitlines())}


def of_host():
    shown = run("systemctl", "show", "--property=NNames", "--property=NJobs",
                "--property=NFailedUnits").stdout
    manager = dict(line.split("=", 1) for line in shown.splitlines())
    listed = run("systemctl", "list-units", "--all", "--plain", "--no-legend", "--full",
                 units.ENGINES, "pool-provision@*.service").stdout
    poolctls = [pid for pid in os.listdir("/proc") if pid.isdigit() and program(pid) == "poolctl"]
    return {"units in PID 1": int(manager["NNames"]), "jobs in PID 1": int(manager["NJobs"]),
            "failed units": int(manager["NFailedUnits"]),
            "our units": len(listed.splitlines()),
            "PID 1's memory in KiB": machine.rss_kib(1), "poolctls": len(poolctls),
            **{name: count_files(folder, name) for name, folder in FOLDERS.items()}}


def names():
    """What there is by name: units, and what systemd keeps of them."""
    listed = run("systemctl", "list-units", "--all", "--plain", "--no-legend", "--full").stdout
    return {line.split()[0] for line in listed.splitlines()} | {
        path.name for path in FOLDERS["invocation links"].iterdir()}


def program(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def take(pid):
    return {**of_daemon(pid), **of_bus(pid), **of_host()}

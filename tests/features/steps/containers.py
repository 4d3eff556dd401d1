# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import pathlib

from behave import step

from support import engine, step_types, units  # noqa: F401
from support.shell import run

PROC = pathlib.Path("/run/whole-proc")


@step('containers can be made in this machine')
def can_be_made(context):
    """The kernel lets nobody mount /proc in a namespace of a user unless a whole one is seen: it is not in here."""
    if not PROC.is_mount():
        PROC.mkdir(exist_ok=True)
        run("mount", "-t", "proc", "proc", str(PROC))


def inside(context, pool):
    """The pid of the engine as the host sees it: the one that was executed from the container's root."""
    unit = context.scene.status(pool)["unit"]
    group = units.properties(unit, "ControlGroup")["ControlGroup"]
    pids = pathlib.Path(f"/sys/fs/cgroup{group}/cgroup.procs").read_text().split()
    names = {pid: pathlib.Path(f"/proc/{pid}/comm").read_text().strip() for pid in pids}
    found = [pid for pid, name in names.items() if name == pathlib.Path(engine.FAKE).name]
    assert len(found) == 1, names
    return found[0]


def status_of(pid):
    rows = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(row.split(":\t", 1) for row in rows if ":\t" in row)


@step("the program of the pool's unit is podman, and the engine runs in its cgroup")
def is_podman(context):
    assert units.program(context.scene.status("p")["pid"]) == "/usr/bin/podman"
    assert inside(context, "p") != str(context.scene.status("p")["pid"])


@step('the engine in the container of pool "{pool:name}" has a user without rights on the host, and a user namespace')
def is_rootless(context, pool):
    pid = inside(context, pool)
    rows = status_of(pid)
    assert "0" not in rows["Uid"].split() and "0" not in rows["Gid"].split(), rows
    assert os.readlink(f"/proc/{pid}/ns/user") != os.readlink("/proc/self/ns/user")
    assert os.readlink(f"/proc/{pid}/ns/mnt") != os.readlink("/proc/self/ns/mnt")


@step('the engine in the container of pool "{pool:name}" has no capabilities, '
      'and its system calls are filtered by the profile')
def is_filtered(context, pool):
    pid = inside(context, pool)
    rows = status_of(pid)
    sets = {name: int(rows[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")}
    assert not any(sets.values()), sets
    assert rows["NoNewPrivs"] == "1" and rows["Seccomp"] == "2", rows
    # One filter more than podman itself has, which has those of its unit.
    outer = status_of(context.scene.status(pool)["pid"])
    assert int(rows["Seccomp_filters"]) > int(outer["Seccomp_filters"]), (rows, outer)


@step('no container is left')
def no_container(context):
    left = [str(path) for path in pathlib.Path("/run/pool-engines").glob("*")]
    assert not left, left

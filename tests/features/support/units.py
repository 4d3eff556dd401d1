# SPDX-License-Identifier: LGPL-2.1-or-later
"""Units and processes, as the service manager and the kernel see them."""

import contextlib
import ipaddress
import os
import pathlib
import re

from support import wait
from support.shell import run

ENGINES = "pool@*.service"
SLICE = "pools.slice"


def properties(unit, *names, scope=()):
    """Name -> value of some properties of a unit."""
    shown = run("systemctl", *scope, "show", unit, *(f"--property={name}" for name in names)).stdout
    return dict(line.split("=", 1) for line in shown.splitlines())


def engines(state=None, scope=()):
    """The names of the engine units that are loaded, or those in `state`."""
    listed = run("systemctl", *scope, "list-units", "--all", "--plain", "--no-legend", "--full",
                 *([f"--state={state}"] if state else []), ENGINES).stdout
    return [line.split()[0] for line in listed.splitlines()]


def slices():
    """The cgroups of the engines' slices: the system's, and those of users' service managers."""
    root = pathlib.Path("/sys/fs/cgroup")
    return [path for path in (root / SLICE, *root.glob(f"user.slice/*/user@*/{SLICE}")) if path.is_dir()]


def are_transient():
    """Whether the service manager still knows an engine's unit, though it may not run."""
    return any(pathlib.Path("/run/systemd/transient").glob(ENGINES))


def slice_processes():
    """The pids in the engines' slices."""
    pids = []
    for folder in slices():
        for procs in folder.glob("**/cgroup.procs"):
            with contextlib.suppress(OSError):  # it has gone meanwhile
                pids += [int(pid) for pid in procs.read_text().split()]
    return pids


def kill_slice():
    """Ends what a stop has left in the engines' slice: it must not spoil the next scenario."""
    for folder in slices():
        with contextlib.suppress(OSError):
            (folder / "cgroup.kill").write_text("1")
    wait.until(lambda: not slice_processes(), f"{SLICE} is empty")


def is_running(pid):
    """Whether the process exists and is no zombie."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rsplit(")", 1)[1].split()[0] not in "ZX"


def command_line(pid):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]


def program(pid):
    return os.readlink(f"/proc/{pid}/exe")


def _sockets(pid):
    """The inode numbers of a process's sockets."""
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            if found := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(descriptor)):
                yield found[1]
        except FileNotFoundError:
            pass


def _address(text):
    """127.0.0.1:9200 out of 0100007F:23F0, which the kernel writes in words of its own byte order."""
    host, port = text.split(":")
    words = [bytes.fromhex(host[i:i + 8])[::-1] for i in range(0, len(host), 8)]
    host = ipaddress.ip_address(b"".join(words))
    return f"[{host}]:{int(port, 16)}" if host.version == 6 else f"{host}:{int(port, 16)}"


def listening(pid):
    """The TCP addresses on which a process listens, see proc(5)."""
    own = set(_sockets(pid))
    rows = [line.split() for name in ("tcp", "tcp6")
            for line in pathlib.Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]]
    return [_address(row[1]) for row in rows if row[3] == "0A" and row[9] in own]

# SPDX-License-Identifier: LGPL-2.1-or-later
"""A control group of its own for each machine, so that several can run at once."""

import contextlib
import errno
import os
import pathlib
import select
import time

from rootfs import BedError, say

# Where the v2 tree is in our mount namespace; see machine.py.
TREE = pathlib.Path("/sys/fs/cgroup")
PREFIX = "pool-managerd-bed-"
DYING_SECONDS = 10


def remove(path):
    """Removes the cgroup and those below it; False while a process is left in one of them."""
    try:
        for directory, _, _ in os.walk(path, topdown=False):
            os.rmdir(directory)
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno in (errno.EBUSY, errno.ENOTEMPTY):
            return False
        raise
    return True


def wait_until_empty(path):
    """Waits until no process is left, as cgroup.events tells; False when that takes too long."""
    deadline = time.monotonic() + DYING_SECONDS
    with open(path / "cgroup.events", encoding="ascii") as events:
        poll = select.poll()
        poll.register(events, select.POLLPRI)
        while True:
            events.seek(0)
            if "populated 0" in events.read():
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            poll.poll(left * 1000)


def dissolve(path):
    """Ends what still runs in the cgroup and removes it."""
    if (path / "cgroup.kill").exists():
        (path / "cgroup.kill").write_text("1")
    if not wait_until_empty(path) or not remove(path):
        say(f"processes of the machine are still dying in {path}; the next bed removes it")


def sweep():
    """Removes what a bed that was killed could not remove itself."""
    for path in TREE.glob(PREFIX + "*"):
        owner = path.name.removeprefix(PREFIX)
        if not os.path.exists(f"/proc/{owner}"):
            dissolve(path)


@contextlib.contextmanager
def own():
    path = TREE / f"{PREFIX}{os.getpid()}"
    try:
        path.mkdir()
    except OSError as error:
        raise BedError(f"cannot make a cgroup for the machine in the v2 tree: {error}") from error
    try:
        yield path
    finally:
        dissolve(path)

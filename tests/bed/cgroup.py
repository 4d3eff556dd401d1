# SPDX-License-Identifier: LGPL-2.1-or-later
"""A control group of its own for each machine, so that several can run at once."""

import contextlib
import errno
import fcntl
import os
import pathlib
import select
import tempfile
import time

from rootfs import BedError, locked, say

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
    """Removes what a bed that was killed could not remove itself: nobody holds its lock."""
    for path in TREE.glob(PREFIX + "*"):
        # Its own bed may be removing it at this moment.
        with contextlib.suppress(OSError), locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB) as free:
            if free:
                dissolve(path)


def make():
    try:
        path = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=TREE)
        os.chmod(path, 0o755)
    except OSError as error:
        raise BedError(f"cannot make a cgroup for the machine in the v2 tree: {error}") from error
    return pathlib.Path(path)


@contextlib.contextmanager
def own():
    """A new cgroup, locked for as long as it is ours; what others left behind goes first."""
    with contextlib.ExitStack() as stack:
        with locked(TREE, fcntl.LOCK_EX):
            sweep()
            path = make()
            stack.enter_context(locked(path, fcntl.LOCK_EX))
        stack.callback(dissolve, path)
        yield path

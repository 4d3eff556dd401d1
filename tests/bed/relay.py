# SPDX-License-Identifier: LGPL-2.1-or-later
"""What comes out of a machine while it runs: the command's output, its exit status, the console."""

import collections
import os
import selectors
import time

from rootfs import say

BOOT_SECONDS = 60
POWEROFF_SECONDS = 20
EXIT_BED, EXIT_TIMEOUT = 125, 124
PIPES = ("stdout", "stderr", "status")


class Relay:
    """Hands on what the command writes, as it comes, and learns how it ended."""

    def __init__(self, control, console, boot_seconds, poweroff_seconds):
        self.boot_seconds, self.poweroff_seconds = boot_seconds, poweroff_seconds
        self.selector = selectors.DefaultSelector()
        self.console = collections.deque([""], maxlen=25)
        self.started = False
        self.status = None
        handlers = (self._writer(1), self._writer(2), self._on_status)
        # Open for writing too: no end of file before the machine's end, whoever opens and closes.
        for name, handler in zip(PIPES, handlers):
            fd = os.open(control / name, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            self.selector.register(fd, selectors.EVENT_READ, handler)
        if console is not None:
            os.set_blocking(console, False)
            self.selector.register(console, selectors.EVENT_READ, self._on_console)

    @staticmethod
    def _writer(fd):
        def write(data):
            while data:
                data = data[os.write(fd, data) :]

        return write

    def _on_status(self, data):
        for line in data.decode("ascii", "replace").split("\n"):
            self.started = self.started or line == "started"
            if line.startswith("exit "):
                self.status = int(line.removeprefix("exit "))

    def _on_console(self, data):
        text = data.decode("utf-8", "replace").replace("\r", "")
        self.console.extend((self.console.pop() + text).split("\n"))

    def _read(self, key):
        """False when there is nothing to read now."""
        try:
            data = os.read(key.fd, 65536)
        except BlockingIOError:
            return False
        if not data:
            self.selector.unregister(key.fd)
            return False
        key.data(data)
        return True

    def run(self, process, timeout):
        """Until the machine is off: None, or the name of the deadline that it did not meet."""
        pidfd = os.pidfd_open(process.pid)
        self.selector.register(pidfd, selectors.EVENT_READ, None)
        try:
            return self._loop(pidfd, time.monotonic(), timeout)
        finally:
            self.selector.unregister(pidfd)
            os.close(pidfd)

    def _loop(self, pidfd, start, timeout):
        ended_at = None
        while True:
            if self.status is not None and ended_at is None:
                ended_at = time.monotonic()
            name, deadline = self._deadline(start, ended_at, timeout)
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return name
            for key, _ in self.selector.select(left):
                if key.fd == pidfd:
                    return None
                self._read(key)

    def _deadline(self, start, ended_at, timeout):
        if ended_at is not None:
            return "poweroff", ended_at + self.poweroff_seconds
        if not self.started:
            return "boot", start + self.boot_seconds
        return "timeout", None if timeout is None else start + timeout

    def drain(self):
        """What is still in the pipes once nothing is left that could write to them."""
        for key in list(self.selector.get_map().values()):
            while self._read(key):
                pass

    def verdict(self, missed, timeout):
        """The exit status of bed, with an explanation where it is not the command's."""
        if self.status is not None:
            return self.status
        if missed == "timeout":
            say(f"the command did not end within {timeout:g} s")
            return EXIT_TIMEOUT
        if self.started:
            what = "the machine went down before the command ended"
        elif missed == "boot":
            what = f"the machine did not boot within {self.boot_seconds} s"
        else:
            what = "the machine did not boot"
        say(f"{what}; the last lines of its console:")
        for line in self.console:
            say("    " + line)
        return EXIT_BED

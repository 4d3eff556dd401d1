# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program that runs beside the scenario, on pipes or on a terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from support import wait

_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def plain(text):
    """What a terminal shows of it, without the colours."""
    return _ESCAPES.sub("", text)


class Running:
    """A program whose output is read while it runs. On a terminal of so many columns, or on pipes."""

    def __init__(self, words, columns=None):
        self.seen = ""
        self.seen_errors = ""
        self.errors = None
        if columns:
            self.master, slave = pty.openpty()
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            environment = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"}
            environment.pop("COLUMNS", None)
            self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, env=environment,
                                            start_new_session=True, preexec_fn=_take_terminal)
            os.close(slave)
            self.stream = os.fdopen(self.master, "rb", buffering=0)
        else:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=subprocess.PIPE)
            self.stream, self.errors = self.process.stdout, self.process.stderr

    def type(self, text):
        os.write(self.master, text.encode())

    def wait_for_no_echo(self):
        wait.until(lambda: not termios.tcgetattr(self.master)[3] & termios.ECHO, "the terminal shows no keys")

    def _read(self, seconds):
        """Takes in what has come on either stream; False when all is said, or nothing has come in time."""
        open_streams = [s for s in (self.stream, self.errors) if s and not s.closed]
        ready = select.select(open_streams, [], [], max(seconds, 0))[0]
        for stream in ready:
            try:
                chunk = os.read(stream.fileno(), 65536)
            except OSError:  # a terminal that nobody has open any more
                chunk = b""
            text = chunk.decode(errors="replace")
            if stream is self.errors:
                self.seen_errors += text
            else:
                self.seen += text
            if not chunk:
                stream.close()
        return bool(ready)

    def _wait_until(self, found, what, seconds):
        deadline = time.monotonic() + seconds
        while not found():
            assert not self.stream.closed, f"it ended before {what}; came: {self.seen}{self.seen_errors}"
            assert self._read(deadline - time.monotonic()), (
                f"waited {seconds} s in vain for {what}; came: {self.seen}{self.seen_errors}")

    def wait_until(self, found, what, seconds=15):
        """Reads on until found(all that was printed, without colours) is true."""
        self._wait_until(lambda: found(plain(self.seen)), what, seconds)

    def wait_for(self, text, seconds=15):
        self._wait_until(lambda: text in plain(self.seen), repr(text), seconds)

    def wait_for_error(self, text, seconds=15):
        self._wait_until(lambda: text in self.seen_errors, repr(text), seconds)

    def wait_for_line(self, seconds=15):
        self._wait_until(lambda: "\n" in self.seen, "a line", seconds)
        return self.seen.splitlines()[0]

    def end(self, seconds=30):
        """Waits for its end; on a terminal all that was seen counts as output and as errors."""
        deadline = time.monotonic() + seconds
        while not all(s is None or s.closed for s in (self.stream, self.errors)):
            assert self._read(deadline - time.monotonic()), f"it still runs after {seconds} s; came: {self.seen}"
        status = self.process.wait(seconds)
        return subprocess.CompletedProcess("", status, self.seen, self.seen_errors if self.errors else self.seen)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for stream in (self.stream, self.errors):
            if stream and not stream.closed:
                stream.close()


def _take_terminal():
    """Makes standard input the controlling terminal, so that its keys send signals."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)

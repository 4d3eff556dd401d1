# SPDX-License-Identifier: LGPL-2.1-or-later
"""Waiting for things that happen outside. Every wait has an end and says what it waited for."""

import os
import select
import time

LOOK_AGAIN_SECONDS = 0.005
# How many times longer than usual everything may take, where the processor is emulated.
PATIENCE = float(os.environ.get("POOL_MANAGERD_TEST_PATIENCE", "1"))


def until(look, what, seconds=15.0):
    """Calls `look` until it returns something true, and returns that: for changes that nothing announces."""
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    while True:
        value = look()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(LOOK_AGAIN_SECONDS)


def process_ended(pid, seconds=15.0):
    """Waits for the end of any process; the kernel tells."""
    seconds *= PATIENCE
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        assert poll.poll(seconds * 1000), f"process {pid} still runs after {seconds} s"
    finally:
        os.close(fd)


class Lines:
    """The lines of a pipe, as they come. What follows the line that was waited for stays for the next wait."""

    def __init__(self, stream):
        self.stream, self.buffered = stream, b""
        os.set_blocking(stream.fileno(), False)

    def wait_for(self, wanted, what, seconds=15.0):
        """The first line for which `wanted(line)` is true; those before it are dropped."""
        seconds *= PATIENCE
        deadline = time.monotonic() + seconds
        seen = []
        while True:
            while b"\n" in self.buffered:
                first, self.buffered = self.buffered.split(b"\n", 1)
                text = first.decode(errors="replace")
                if wanted(text):
                    return text
                seen.append(text)
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.stream], [], [], left)[0]:
                raise AssertionError(f"waited {seconds} s in vain: {what}; came: " + "\n".join(seen[-20:]))
            chunk = os.read(self.stream.fileno(), 65536)
            if not chunk:
                raise AssertionError(f"the stream ended before {what}; came: " + "\n".join(seen[-20:]))
            self.buffered += chunk

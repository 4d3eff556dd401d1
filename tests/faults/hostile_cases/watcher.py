# SPDX-License-Identifier: LGPL-2.1-or-later
"""Somebody who asks the daemon every millisecond, in a process of its own, and what held him up.

Two cores are shared with whoever misbehaves. How long the two processes that matter, the one that
asks and the daemon, were ready to run and had no core, the kernel says (/proc/PID/schedstat): what
is left of the time to an answer is what the daemon took for it, or made it wait.
"""

import dataclasses
import multiprocessing
import os
import pathlib
import socket
import time

from support import api

TICK_SECONDS = 0.001
ANSWER_SECONDS = 30


@dataclasses.dataclass
class Look:
    """Times in seconds; `path` "" is a look of the control, `taken` how late it was."""
    when: float
    path: str
    taken: float
    no_core: float  # of it, when one of the two was ready to run and had none
    running: float  # of it, when the daemon ran

    @property
    def held(self):
        return max(0.0, self.taken - self.no_core)


def schedstat(pid):
    """Seconds on a core, and ready without one, of a process's first thread."""
    fields = pathlib.Path(f"/proc/{pid}/schedstat").read_bytes().split()
    return int(fields[0]) / 1e9, int(fields[1]) / 1e9


class Connection:
    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.socket.settimeout(ANSWER_SECONDS)
        self.socket.connect(address)

    def get(self, path):
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.receive()
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r")[0])
        while len(body) < length:
            body += self.receive()
        return int(head.split()[1])

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the daemon closed the connection")
        return data


def watch(pipe, daemon, paths, address):
    looks, connection, number, due = [], Connection(address), 0, time.monotonic()
    while not pipe.poll():
        path = paths[number % len(paths)]
        (ran, waited), (_, waited_myself) = schedstat(daemon), schedstat(os.getpid())
        begin = time.monotonic()
        status = connection.get(path)
        taken = time.monotonic() - begin
        (ran_then, waited_then), (_, myself_then) = schedstat(daemon), schedstat(os.getpid())
        looks.append(Look(begin, path if status == 200 else f"{path}: {status}", taken,
                          waited_then - waited + myself_then - waited_myself, ran_then - ran))
        number += 1
        due = max(due + TICK_SECONDS, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
    pipe.recv()
    pipe.send(looks)


def control(pipe):
    """Sleeps, and notes by how much it slept too long: that is the machine, not the daemon."""
    looks = []
    while not pipe.poll():
        _, waited = schedstat(os.getpid())
        begin = time.monotonic()
        time.sleep(TICK_SECONDS)
        late = time.monotonic() - begin - TICK_SECONDS
        looks.append(Look(begin, "", late, schedstat(os.getpid())[1] - waited, 0.0))
    pipe.recv()
    pipe.send(looks)


class Helper:
    def __init__(self, work, *arguments):
        fork = multiprocessing.get_context("fork")
        self.pipe, other = fork.Pipe()
        self.process = fork.Process(target=work, args=(other, *arguments), daemon=True)
        self.process.start()

    def result(self):
        self.pipe.send(None)
        looks = self.pipe.recv() if self.pipe.poll(ANSWER_SECONDS) else []
        self.process.join()
        return looks


class Watcher:
    def __init__(self, daemon, neighbours, address=api.ADDRESS):
        # Between the neighbours, each in its turn, the daemon itself.
        paths = [path for pool in neighbours for path in ("/health", f"/pools/{pool}/status")]
        self.helpers = [Helper(watch, daemon, paths, address), Helper(control)]

    def results(self):
        """The looks at the daemon, and those of the control."""
        return [helper.result() for helper in self.helpers]


def part(values, share):
    """In milliseconds."""
    ordered = sorted(values)
    return ordered[int((len(ordered) - 1) * share)] * 1000 if ordered else 0.0

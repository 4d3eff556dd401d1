# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of the daemon that has many pools: requests one after the other on one connection, and
what becomes of the pools out of the stream of events. It is cheap, as it shares the machine's cores
with what is measured."""

import collections
import json
import re
import socket
import threading
import time

ADDRESS = ("127.0.0.1", 9200)
STATE = re.compile(rb'"pool_id":"([^"]*)".*?"state":"([a-z]*)"')
LENGTH = re.compile(rb"content-length: *([0-9]+)", re.I)


class Connection:
    def __init__(self):
        self.socket = socket.create_connection(ADDRESS, timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def close(self):
        self.socket.close()

    def receive(self):
        part = self.socket.recv(1 << 20)
        assert part, "the daemon has closed the connection"
        self.buffer += part

    def take(self, length):
        """So many of the next bytes."""
        while len(self.buffer) < length:
            self.receive()
        taken, self.buffer = self.buffer[:length], self.buffer[length:]
        return taken

    def take_until(self, end):
        while (at := self.buffer.find(end)) < 0:
            self.receive()
        return self.take(at + len(end))

    def chunks(self):
        """A body whose length nobody knew, as that of a long list."""
        parts = []
        while (size := int(self.take_until(b"\r\n"), 16)) > 0:
            parts.append(self.take(size + 2)[:size])
        self.take(2)
        return b"".join(parts)

    def answer(self):
        """Status and body of the next answer."""
        head = self.take_until(b"\r\n\r\n")
        length = LENGTH.search(head)
        return int(head[9:12]), self.take(int(length[1])) if length else self.chunks()

    def ask(self, text):
        self.socket.sendall(text)
        return self.answer()

    def get(self, path):
        status, body = self.ask(request("GET", path))
        assert status == 200, f"GET {path}: {status} {body[:300]!r}"
        return json.loads(body)

    def ask_all(self, requests, wanted):
        """Sends all and reads the answers meanwhile."""
        sender = threading.Thread(target=self.socket.sendall, args=(b"".join(requests),))
        sender.start()
        for _ in requests:
            status, body = self.answer()
            assert status == wanted, f"{status} {body[:500]!r}"
        sender.join()


def request(method, path, body=None, headers=""):
    body = b"" if body is None else json.dumps(body).encode()
    kind = "Content-Type: application/json\r\n" if body else ""
    return (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{kind}{headers}"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def later(path, body=None):
    """A command whose end is not waited for."""
    return request("POST", path, body, "Prefer: respond-async\r\n")


class Watch(threading.Thread):
    """The state of each pool, as the daemon's events tell it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.states, self.counts, self.lost = {}, collections.Counter(), None
        self.seen = collections.defaultdict(dict)
        self.changed = threading.Condition()
        self.socket = socket.create_connection(ADDRESS, timeout=600)
        self.socket.sendall(request("GET", "/events"))
        self.start()

    def run(self):
        rest = b""
        try:
            while part := self.socket.recv(1 << 18):
                now = time.monotonic()
                lines = (rest + part).split(b"\n")
                rest = lines.pop()
                self.take(lines, now)
            self.fail("the stream of events has ended")
        except OSError as error:
            self.fail(str(error))

    def fail(self, why):
        with self.changed:
            self.lost = self.lost or why
            self.changed.notify_all()

    def take(self, lines, now):
        with self.changed:
            for line in lines:
                if line.startswith(b"event: reset"):
                    self.lost = "the stream of events was too slow"
                if line.startswith(b"data: ") and (found := STATE.search(line)):
                    self.note(found[1].decode(), found[2].decode(), now)
            self.changed.notify_all()

    def note(self, pool, state, now):
        self.counts[self.states.get(pool)] -= 1
        self.counts[state] += 1
        self.states[pool] = state
        self.seen[state].setdefault(pool, now)
        if state != "ready":
            self.seen["not ready"].setdefault(pool, now)

    def forget(self):
        """From now on `seen` tells of what comes."""
        with self.changed:
            self.seen.clear()

    def wait(self, good, what, seconds):
        """Until good() holds. Returns when that was."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while not good():
                left = deadline - time.monotonic()
                assert not self.lost and left > 0, \
                    f"{what}: {self.lost or f'not within {seconds} s'}; {dict(+self.counts)}"
                self.changed.wait(left)
        return time.monotonic()

    def wait_all(self, count, state, seconds=300):
        return self.wait(lambda: self.counts[state] == count, f"{count} pools are {state}", seconds)

    def wait_seen(self, count, state, seconds=300):
        """When each of `count` pools was first seen in that state since forget()."""
        self.wait(lambda: len(self.seen[state]) == count, f"{count} pools were {state}", seconds)
        return dict(self.seen[state])

    def close(self):
        self.lost = "closed"
        self.socket.shutdown(socket.SHUT_RDWR)
        self.join()
        self.socket.close()

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that misbehave, over TCP, the Unix socket and the bus, and what they run into."""

import contextlib
import json
import resource
import select
import socket
import struct
import threading
import time

from common import dbus, machine
from hostile_cases.engines import POOL, PORT
from support import api, bus, daemon, engine, wait
from support.shell import run

CONNECTIONS_MAX = 1024       # [HTTP] ConnectionsMax=, its default
WAITING_MAX = 256            # [HTTP] WaitingMax=, its default
COMMANDS_MAX = 512           # over the bus, at one time
REQUEST_SECONDS = 2.0        # [HTTP] RequestTimeoutSec=, of this test
MANY = 1000
READING_MS = 0.01  # for libmicrohttpd to read a request, whosever turn it is
SETTLE_SECONDS = 3.0         # after which nobody else is refused
OPERATOR_SECONDS = 2.0       # in which poolctl, a process of its own, has done what it is asked
CONFIG = f"""[HTTP]
RequestTimeoutSec={int(REQUEST_SECONDS * 1000)}ms
"""
SOCKET = str(daemon.RUNTIME / "http.sock")
BODY_BYTES = 10 * 1024 * 1024


def allow_descriptors():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def connect(address):
    connection = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    connection.settimeout(10)
    connection.connect(address)
    return connection


def reset(connection):
    """Ends it as a client does that dies."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_status(connection):
    """Of the answer; 0 when the connection was closed without one."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while b"\r\n" not in data and (part := connection.recv(65536)):
            data += part
    return int(data.split()[1]) if data.startswith(b"HTTP/1.") else 0


def await_closed(connections, seconds):
    """How many of them the daemon has closed by then, whatever it said before."""
    poll, left = select.epoll(), {}
    for connection in connections:
        connection.setblocking(False)
        left[connection.fileno()] = connection
        poll.register(connection, select.EPOLLIN)
    deadline = time.monotonic() + seconds
    while left and time.monotonic() < deadline:
        for number, _ in poll.poll(max(0.0, deadline - time.monotonic())):
            try:
                over = not left[number].recv(65536)
            except BlockingIOError:
                continue
            except ConnectionError:
                over = True
            if over:
                poll.unregister(number)
                del left[number]
    return len(connections) - len(left)


class Client:
    """`attack` misbehaves, and returns what `over` is to look at, once the operator was there."""

    name = ""
    connections = CONNECTIONS_MAX
    reading_ms = 0.0  # what it takes to read all that it sends in one moment, ahead of others

    def run(self, report):
        self.report, self.pid = report, daemon.main_pid()
        before = machine.descriptors(self.pid)
        with contextlib.ExitStack() as stack:
            self.stack = stack
            seen = self.attack()
            self.operator()
            self.over(seen)
        after = machine.settle_descriptors(self.pid, before)
        report.check(after <= before, f"{self.name}: {after} descriptors when it is over, "
                     f"{before} before", "some were left open")

    def attack(self):
        raise NotImplementedError

    def over(self, seen):
        """What must hold at the end."""

    def check(self, good, what, detail):
        self.report.check(good, f"{self.name}: {what}", detail)

    def operator(self):
        """Somebody on the host has to get through, whatever clients do."""
        begin = time.monotonic()
        answer = api.request("GET", "/ready", address=SOCKET, timeout=5)
        took = time.monotonic() - begin
        listed = run("poolctl", "list", check=False, timeout=20)
        took_all = time.monotonic() - begin
        self.check(answer.status == 200 and listed.returncode == 0 and took_all < OPERATOR_SECONDS,
                   f"the operator gets through: Unix socket {took * 1000:.1f} ms, poolctl "
                   f"{(took_all - took) * 1000:.0f} ms", f"{answer} {listed.stderr}")

    def connect(self, address=api.ADDRESS):
        connection = connect(address)
        self.stack.callback(connection.close)
        return connection


class Silent(Client):
    """More connections than there may be, and not a word on any."""

    name = "1,100 connections that say nothing"
    address = api.ADDRESS

    def attack(self):
        begin = time.monotonic()
        return begin, [self.connect(self.address) for _ in range(MANY + 100)]

    def over(self, seen):
        begin, connections = seen
        self.check(machine.descriptors(self.pid) < CONNECTIONS_MAX + 100,
                   f"the limit of {CONNECTIONS_MAX} connections holds",
                   machine.descriptors(self.pid))
        closed = await_closed(connections, REQUEST_SECONDS + 2)
        self.check(closed == len(connections), f"all are closed after "
                   f"{time.monotonic() - begin:.1f} s", f"{closed} of {len(connections)}")


class SilentOnUnix(Silent):
    """The operator's own socket is full; poolctl comes over the bus, and others over TCP."""

    name = "1,100 silent connections to the Unix socket"
    address = SOCKET

    def operator(self):
        listed = run("poolctl", "list", check=False, timeout=20)
        answer = api.request("GET", "/ready")
        self.check(listed.returncode == 0 and answer.status == 200,
                   "the operator gets through by poolctl, others by TCP", f"{listed} {answer}")


class SlowHeaders(Client):
    """A byte of a header now and then."""

    name = "200 slow lorises"

    def attack(self):
        connections = [self.connect() for _ in range(200)]
        for connection in connections:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: t\r\nX-Slow: ")
        self.stopping = threading.Event()
        thread = threading.Thread(target=self.drip, args=(connections,))
        thread.start()
        self.stack.callback(thread.join)
        self.stack.callback(self.stopping.set)
        return time.monotonic(), connections

    def drip(self, connections):
        while not self.stopping.wait(0.1):
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.send(b"a")

    def over(self, seen):
        begin, connections = seen
        closed = await_closed(connections, REQUEST_SECONDS + 2)
        self.check(closed == len(connections), f"all are closed after "
                   f"{time.monotonic() - begin:.1f} s", f"{closed} of {len(connections)}")


class SlowBodies(Client):
    """10 MB, in a length that says so, in chunks that do not, and a byte at a time."""

    name = "bodies of 10 MB, and slow ones"

    def attack(self):
        head = f"POST /pools/{POOL}/preload HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
        told = self.connect()
        told.sendall(f"{head}Content-Length: {BODY_BYTES}\r\n\r\n".encode())
        chunked = self.connect()
        chunked.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        slow = [self.connect() for _ in range(100)]
        for connection in slow:
            connection.sendall(f"{head}Content-Length: 1000000\r\n\r\n{{".encode())
        sent = 0
        with contextlib.suppress(OSError):
            while sent < BODY_BYTES and not select.select([chunked], [], [], 0)[0]:
                chunked.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
                sent += 65536
                time.sleep(0.01)
        return read_status(told), read_status(chunked), sent, slow

    def over(self, seen):
        told, chunked, sent, slow = seen
        self.check(told == 413 and chunked == 413, f"10 MB are refused, those that do not say so "
                   f"after {sent / 1e6:.1f} MB", f"{told} {chunked}")
        statuses = [read_status(connection) for connection in slow]
        self.check(set(statuses) == {408}, "slow ones are answered with 408", set(statuses))


def slow_engine():
    return {"prepared": engine.prepared(POOL, PORT, ("--healthy-after-ms", "3000"))}


class Waiting(Client):
    """They wait for a preload. `attack` returns how many were refused."""

    most = 0

    def over(self, seen):
        self.check(MANY - seen <= self.most, f"{MANY - seen} may wait, the others are refused",
                   f"more than {self.most}")
        wait.until(lambda: api.pool_status(POOL)["ready"], "the engine is ready all the same")
        answer = api.request("DELETE", f"/pools/{POOL}?force=true")
        self.check(answer.status == 200, "the pool goes on, and can be removed", answer)


class Vanishing(Waiting):
    """They are gone before it ends."""

    most = WAITING_MAX
    reading_ms = MANY * READING_MS
    name = "1,000 that vanish while they wait for a preload"

    def attack(self):
        body = json.dumps(slow_engine())
        request = (f"POST /pools/{POOL}/preload HTTP/1.1\r\nHost: t\r\n"
                   f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        connections = [connect(api.ADDRESS) for _ in range(MANY)]
        for connection in connections:
            connection.sendall(request.encode())
        poll, refused = select.epoll(), 0
        for connection in connections:
            poll.register(connection, select.EPOLLIN)
        while refused < MANY - WAITING_MAX and (seen := poll.poll(SETTLE_SECONDS)):
            for number, _ in seen:
                poll.unregister(number)
            refused += len(seen)
        for connection in connections:
            reset(connection)
        return refused


def change(number, connection):
    """Makes an event, and a signal on the bus."""
    body = f'{{"engine_version":"v{number}"}}'
    connection.sendall(f"PATCH /pools/neighbour-0 HTTP/1.1\r\nHost: t\r\nContent-Type: "
                       f"application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    return read_status(connection)


class SlowEvents(Client):
    """They ask for the events and do not read them, while there are many."""

    name = "40 that do not read their event stream"
    streams, changes = 40, 1500

    def attack(self):
        streams = []
        for _ in range(self.streams):
            connection = self.connect()
            connection.sendall(b"GET /events HTTP/1.1\r\nHost: t\r\n\r\n")
            streams.append(connection)
        writer = self.connect()
        statuses = {change(number, writer) for number in range(self.changes)}
        self.check(statuses == {200}, f"{self.changes} changes beside are done", statuses)
        return streams

    def over(self, seen):
        heard = [self.hear(connection) for connection in seen]
        self.check(all(heard), "each gets all, or is told that events are missing: "
                   f"{heard.count('reset')} of {len(heard)}", f"{heard.count('')} not")

    def hear(self, connection):
        """What it gets in the end."""
        last, data = f'"v{self.changes - 1}"'.encode(), b""
        with contextlib.suppress(TimeoutError):
            while part := connection.recv(1 << 20):
                data = data[-1000:] + part
                if b"event: reset" in data:
                    return "reset"
                if last in data:
                    return "all"
        return ""


class SlowLogs(Client):
    """They follow the output of an engine that floods its log, and do not read it."""

    name = "50 that do not read a flood of output"

    def attack(self):
        body = {"prepared": engine.prepared(POOL, PORT, ("--flood",))}
        answer = api.request("POST", f"/pools/{POOL}/preload", body)
        assert answer.status == 200, answer
        for _ in range(50):
            self.connect().sendall(f"GET /pools/{POOL}/logs?follow=true&lines=100000 HTTP/1.1\r\n"
                                   "Host: t\r\n\r\n".encode())
        time.sleep(1)

    def over(self, seen):
        answer = api.request("DELETE", f"/pools/{POOL}?force=true")
        self.check(answer.status == 200, "the pool can be removed", answer)


class Bus(dbus.Bus):
    """Sends without waiting for answers."""

    def send(self, member, signature="", values=(), interface=bus.MANAGER, path=bus.PATH,
             destination=bus.NAME):
        self.serial += 1
        fields = [(dbus.PATH, "o", path), (dbus.INTERFACE, "s", interface),
                  (dbus.MEMBER, "s", member), (dbus.DESTINATION, "s", destination)]
        self.socket.sendall(dbus.message(dbus.CALL, self.serial, fields, signature, values))



class Matches(Client):
    """1,000 matches for our signals, while there are many signals."""

    name = "1,000 matches for signals on the bus"

    def attack(self):
        listeners = [Bus() for _ in range(4)]
        for listener in listeners:
            self.stack.callback(listener.close)
        for number in range(MANY):
            rule = f"type='signal',sender='{bus.NAME}',arg9='{number}'"
            if number % 2:
                rule = f"type='signal',sender='{bus.NAME}',arg0namespace='a{number}'"
            error, text = listeners[number % 4].call(
                "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch",
                "s", (rule,))
            assert error is None, text
        writer = self.connect()
        return {change(number, writer) for number in range(1000)}

    def over(self, seen):
        self.check(seen == {200}, "1,000 changes beside are done", seen)


class Calls(Client):
    """Calls without end, whose answers nobody reads."""

    name = "a flood of calls on the bus"
    seconds = 1.0

    def attack(self):
        callers = [Bus() for _ in range(4)]
        sent, deadline = 0, time.monotonic() + self.seconds
        for caller in callers:
            self.stack.callback(caller.close)
            caller.socket.settimeout(0.05)
        while callers and time.monotonic() < deadline:
            for caller in list(callers):
                try:
                    caller.send("Describe")
                    sent += 1
                except OSError:  # the bus takes no more of it, or has thrown it out
                    callers.remove(caller)
        return sent

    def over(self, seen):
        self.report.number(f"{self.name}: calls that the bus took in {self.seconds} s", seen)


class WaitingCalls(Waiting):
    """Calls, from many connections that go."""

    most = COMMANDS_MAX
    name = "1,000 calls on the bus that wait for a preload"

    def attack(self):
        text = json.dumps(slow_engine())
        callers = [Bus() for _ in range(20)]
        for caller in callers:
            self.stack.callback(caller.close)
        for number in range(MANY):
            callers[number % len(callers)].send("PreloadAndWait", "ss", (POOL, text))
        wait.until(lambda: api.pool_status(POOL), "the first call is heard")
        answered = sum(self.answers(caller) for caller in callers)
        for caller in callers:
            caller.close()
        return answered

    @staticmethod
    def answers(caller):
        """How many are there already: refusals."""
        count = 0
        caller.socket.settimeout(0.3)
        with contextlib.suppress(OSError):
            while True:
                kind, _, _ = caller.read()
                count += kind in (dbus.RETURN, dbus.ERROR)
        return count


CASES = [Silent(), SilentOnUnix(), SlowHeaders(), SlowBodies(), SlowEvents(), SlowLogs(),
         Vanishing(), Matches(), Calls(), WaitingCalls()]

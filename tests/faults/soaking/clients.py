# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that come and go: streams, connections to the bus, poolctl."""

import asyncio
import contextlib
import json
import signal

from common.client import Cut
from common.dbus import Bus
from support import api, bus, engine

from soaking import Odd, done
from soaking.engines import Running

CONNECTIONS_TO_THE_BUS = 8
POOLCTL_SECONDS = 20.0


class Streams(Running):
    """Streams of events and of output, read or not, left in the middle; connections that say nothing."""

    async def step(self):
        draw = self.rng.random()
        if draw < 0.4:
            await self.listen("event stream", "/events", self.rng.uniform(0, 0.3))
        elif draw < 0.6:
            await self.listen("log stream", f"/pools/{self.pool}/logs?follow=true",
                              self.rng.uniform(0, 0.3))
        elif draw < 0.7:
            await self.listen("logs", f"/pools/{self.pool}/logs?lines=20", 2)
        elif draw < 0.8:
            await self.listen("slow event stream", "/events", self.rng.uniform(0, 1), reads=False)
        elif draw < 0.9:
            await self.scrape()
        else:
            await self.say_nothing()

    async def open(self):
        try:
            return await asyncio.open_connection(*api.ADDRESS)
        except OSError as error:
            raise Cut(repr(error)) from error

    async def listen(self, kind, path, seconds, reads=True):
        reader, writer = await self.open()
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 503 ")):
                raise Odd(f"{kind}: {head}")
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(reader.read() if reads else asyncio.sleep(seconds), seconds)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Cut(repr(error)) from error
        finally:
            writer.transport.abort()
        done[kind] += 1

    async def scrape(self):
        answer = await self.client.request("GET", "/metrics")
        if answer.status != 200:
            raise Odd(f"metrics: {answer}")
        done["scrape"] += 1

    async def say_nothing(self):
        connections = [await self.open() for _ in range(4)]
        for _, writer in connections:
            writer.transport.abort()
        done["silent connection"] += len(connections)


class OverBus(Running):
    """Connections to the bus that take leases and go without giving them back."""

    def call(self, connection, member, signature="", values=()):
        error, text = connection.call(bus.NAME, bus.PATH, bus.MANAGER, member, signature, values)
        if error and error.startswith("org.freedesktop."):
            raise Cut(f"{member}: {error} {text}")  # nobody has the name just now
        if error and not error.endswith((".Unavailable", ".NotReady")):
            raise Odd(f"{member}: {error} {text}")
        done[f"bus {member}"] += error is None

    def visit(self):
        prepared = json.dumps({"prepared": self.engine()})
        try:
            connection = Bus()
            for _ in range(2):
                self.call(connection, "AcquireLease", "sstb", (self.pool, "soak", 2**64 - 1, False))
            self.call(connection, "Describe")
            self.call(connection, "PreloadAndWait", "ss", (self.pool, prepared))
            self.call(connection, "Heartbeat", "st", (self.pool, 2**64 - 1))
            connection.close()
        except OSError as error:
            raise Cut(repr(error)) from error

    async def step(self):
        await asyncio.gather(*(asyncio.to_thread(self.visit)
                               for _ in range(self.rng.randint(1, CONNECTIONS_TO_THE_BUS))))
        await self.see(lambda seen: seen is not None and seen["active_leases"] == 0,
                       "the end of leases of connections that are gone")


class Poolctl(Running):
    """poolctl, run to its end, and killed in the middle."""

    async def step(self):
        verbs = (["list"], ["status", self.pool], ["config"], ["logs", "--lines=5", self.pool],
                 ["lease", self.pool, "--", "true"], ["restart", self.pool])
        await self.run_to_the_end(*self.rng.choice(verbs))
        goes_on = (["events"], ["lease", self.pool, "--", "sleep", "60"],
                   ["logs", "--follow", self.pool])
        await self.run_and_kill(*self.rng.choice(goes_on))

    async def start(self, *words):
        # A group of its own: what it runs itself is ended with it.
        return await asyncio.create_subprocess_exec(
            "poolctl", *words, start_new_session=True, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE)

    async def run_to_the_end(self, *words):
        process = await self.start(*words)
        _, errors = await asyncio.wait_for(process.communicate(), POOLCTL_SECONDS)
        if process.returncode not in (0, 7):  # 7: nobody is there
            raise Odd(f"poolctl {words}: {process.returncode} {errors.decode()}")
        done[f"poolctl {words[0]}"] += process.returncode == 0

    async def run_and_kill(self, *words):
        process = await self.start(*words)
        await asyncio.sleep(self.rng.uniform(0, 0.2))
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.rng.choice((signal.SIGTERM, signal.SIGKILL)))
        await asyncio.wait_for(process.communicate(), POOLCTL_SECONDS)
        done["poolctl killed"] += 1

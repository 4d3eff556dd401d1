# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pools without an engine of the daemon's: entries of the registry, and engines of others."""

import asyncio
import json

from support import daemon

from crash import Actor
from crash.leases import Leases
from crash.patches import Patches

ABSENT, THERE, OUTSIDE = "absent", "there", "outside"
SEEN_SECONDS = 5.0


class Entry(Actor):
    """Registered, updated, handed an engine, deregistered, one after the other."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.where = ABSENT
        self.patches, self.leases = Patches(self), Leases(self, 4)

    def steps(self):
        return [self.step]

    async def step(self):
        draw = self.rng.random()
        if self.where == ABSENT and draw < 0.5:
            await self.command(THERE, "POST", "")
        elif self.where == ABSENT:
            await self.command(THERE, "PATCH", "", {"version": "0"})
        elif draw < 0.08:
            await self.command(ABSENT, "DELETE", "?force=true")
        elif self.where == OUTSIDE and draw < 0.4:
            await self.leases.step(self.client)
        elif self.where == THERE and draw < 0.2:
            await self.command(OUTSIDE, "POST", "/handoff",
                               {"url": f"http://127.0.0.1:{self.port}"})
        elif draw < 0.7:
            await self.patches.update(self.client)
        else:
            await self.patches.beat(self.client)

    async def command(self, after, method, path, body=None):
        with self.under_way(after):
            answer = await self.ask(self.client, method, path, 200, 201, body=body)
        if answer is None:
            return
        self.take(after)
        if after == OUTSIDE:
            # It takes leases once its first health check has passed.
            await self.wait_for_ready()

    async def wait_for_ready(self):
        for _ in range(int(SEEN_SECONDS / 0.005)):
            answer = await self.ask(self.client, "GET", "/status", 200)
            if answer and answer.json["ready"]:
                return
            await asyncio.sleep(0.005)
        self.fault("an engine that was handed over is not ready")

    def take(self, after):
        self.where = after
        if after != THERE:
            self.patches.forget()  # a handoff sets some of the fields itself
            self.leases.forget()

    def settled(self, status):
        return super().settled(status) and (status is None or status["state"] != "external"
                                            or status["ready"])

    async def check(self, status, asked):
        where = (ABSENT if status is None else OUTSIDE if status["state"] == "external" else THERE)
        wanted = {self.where, *self.pending}
        if where not in wanted:
            self.fault(f"is {where}, was {self.where}, cut off: {self.pending}")
        if where != self.where:
            self.take(where)
        self.pending = []
        if status:
            self.patches.check(status)
        if where == OUTSIDE and status["ready"]:
            await self.leases.check(status, asked)


class Dropped(Actor):
    """A provisioner that puts, changes and removes the file of an engine of its own."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.path = daemon.RUNTIME / f"engines/{self.pool}-r0.json"
        self.version, self.number = None, 0  # what the file says; None: there is no file

    def steps(self):
        return [self.step]

    async def step(self):
        if self.version is not None and self.rng.random() < 0.4:
            self.version = None
            self.path.unlink()
        else:
            self.number += 1
            self.version = f"v{self.number}"
            fresh = self.path.with_name(f".{self.pool}.fresh")
            fresh.write_text(json.dumps({
                "url": f"http://127.0.0.1:{self.port}", "pool_id": self.pool,
                "engine_version": self.version, "slots_total": 4}))
            fresh.rename(self.path)
        for _ in range(int(SEEN_SECONDS / 0.005)):
            answer = await self.client.request("GET", f"/pools/{self.pool}/status")
            if self.settled(answer.json if answer.status == 200 else None):
                return
            await asyncio.sleep(0.005)
        self.fault(f"file says {self.version}, not seen within {SEEN_SECONDS} s: {answer}")

    def settled(self, status):
        if self.version is None:
            return status is None or not (status["live"] or status["ready"])
        return (status is not None and status["state"] == "external" and status["ready"]
                and status["engine_version"] == self.version)

    async def check(self, status, asked):
        if not self.settled(status):
            self.fault(f"file says {self.version}, the daemon {status}")

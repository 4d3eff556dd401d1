# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pools whose engine nobody stops."""

from support import engine

from crash import Actor, constants
from crash.leases import Leases
from crash.patches import FIELDS, Patches


class Running(Actor):
    """An engine that was acknowledged ready."""

    async def prepare(self):
        body = {"prepared": engine.prepared(self.pool, self.port, slots_total=64)}
        await self.ask(self.client, "POST", "/preload", 200, body=body)
        status = (await self.ask(self.client, "GET", "/status", 200)).json
        self.engine = constants(status)

    def check_engine(self, status, but=()):
        if status is None:
            self.fault("the pool is gone")
            return False
        now = constants(status)
        changed = [f"{name} was {self.engine[name]!r}, is {now.get(name)!r}" for name in self.engine
                   if name not in but and now.get(name) != self.engine[name]]
        if changed or not status["live"] or status["state"] != "ready":
            self.fault(f"state {status['state']}: {'; '.join(changed)}")
            return False
        return True


class Steady(Running):
    """Two take leases by their ids, one updates, one sends heartbeats, all at once."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.leases, self.patches = Leases(self, 12), Patches(self)

    def steps(self):
        clients = [self.new_client() for _ in range(4)]
        works = (self.leases.step, self.leases.step, self.patches.update, self.patches.beat)
        return [lambda c=client, w=work: w(c) for client, work in zip(clients, works)]

    async def check(self, status, asked):
        if self.check_engine(status, FIELDS):
            self.patches.check(status)
            await self.leases.check(status, asked)


class Nameless(Running):
    """One takes leases and gives back any."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.count = 0

    def steps(self):
        return [self.step]

    async def step(self):
        take = self.count == 0 or (self.count < 10 and self.rng.random() < 0.5)
        path = "/leases" if take else "/leases/release"
        with self.under_way(1 if take else -1):
            answer = await self.ask(self.client, "POST", path, 201 if take else 200)
        if answer:
            self.count += 1 if take else -1
            if answer.json["active_leases"] != self.count:
                self.fault(f"{answer.json['active_leases']} leases, should be {self.count}")

    async def check(self, status, asked):
        if self.check_engine(status):
            wanted = {self.count, self.count + sum(self.pending)}
            if status["active_leases"] not in wanted:
                self.fault(f"{status['active_leases']} leases, should be one of {wanted}")
            self.count = status["active_leases"]
        self.pending = []

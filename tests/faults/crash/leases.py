# SPDX-License-Identifier: LGPL-2.1-or-later
"""The leases of a pool, for the actors that take and release them."""

import asyncio
import collections
import time

from common.ledger import Ledger, Lease

TTLS_MS = (None, None, None, None, 120_000, 900, 250)
OWNERS = (None, "somebody", "orchestrator \u00e9")
KEPT_RELEASED = 8
# How often a lease that is about to expire is waited for, so that the count has no "or".
EXACT_PART = 0.05


class Leases:
    def __init__(self, actor, most):
        self.actor, self.most = actor, most
        self.ledger = Ledger(actor.pool)
        self.released = collections.deque(maxlen=KEPT_RELEASED)
        self.cut_acquires = 0
        self.taken = 0  # numbers that may have been, above the highest that we know
        self.cut_releases = []

    def forget(self):
        """The engine that they were for is gone."""
        self.ledger.leases.clear()
        self.released.clear()
        self.cut_acquires, self.taken, self.cut_releases = 0, 0, []

    async def step(self, client):
        held = [lease for lease in self.ledger.leases.values() if lease not in self.cut_releases]
        if len(held) >= self.most or (held and self.actor.rng.random() < 0.4):
            await self.release(client, self.actor.rng.choice(held))
        else:
            await self.acquire(client)

    async def acquire(self, client):
        ttl_ms, owner = self.actor.rng.choice(TTLS_MS), self.actor.rng.choice(OWNERS)
        body = {name: value for name, value in (("ttl_ms", ttl_ms), ("owner", owner)) if value}
        sent = time.monotonic()
        self.cut_acquires += 1
        self.taken += 1
        answer = await self.actor.ask(client, "POST", "/leases", 201, body=body)
        self.cut_acquires -= 1
        self.taken = self.cut_acquires if answer else self.taken - 1
        if answer and not self.ledger.add(Lease.granted(answer.json, sent, ttl_ms)):
            self.actor.fault(f"lease {answer.json['lease_id']} was granted twice")

    async def release(self, client, lease):
        sent = time.monotonic()
        self.cut_releases.append(lease)
        answer = await self.actor.ask(client, "DELETE", f"/leases/{lease.id}", 200, 404)
        self.cut_releases.remove(lease)
        if answer is None:
            return
        if answer.status == 404 and not self.ledger.may_be_gone(lease):
            self.actor.fault(f"{lease} is gone before its time: {answer}")
        if answer.status == 200 and self.ledger.must_be_gone(lease, sent):
            self.actor.fault(f"{lease} outlived its time: {answer}")
        self.drop(lease)

    def drop(self, lease):
        self.ledger.remove(lease)
        self.released.append(lease.id)

    def check_bounds(self, status, asked, what):
        low, high = self.ledger.bounds(status["generation"], asked, time.monotonic())
        low -= sum(lease.id in self.ledger.leases for lease in self.cut_releases)
        high += self.cut_acquires
        if not low <= status["active_leases"] <= high:
            self.actor.fault(f"{status['active_leases']} leases {what}, should be {low} to {high}: "
                             f"{sorted(self.ledger.leases)}, cut off: {self.cut_acquires} granted, "
                             f"{[lease.id for lease in self.cut_releases]} released")

    async def check(self, status, asked):
        """With an engine that runs: the count, then again once what was cut off is known."""
        self.check_bounds(status, asked, "after the kill")
        client = self.actor.client
        for lease in self.cut_releases:
            await self.actor.ask(client, "DELETE", f"/leases/{lease.id}", 200, 404)
            self.drop(lease)
        self.cut_releases = []
        await self.find_unknown(client, status["generation"])
        if self.actor.rng.random() < EXACT_PART:
            await asyncio.sleep(max(0, self.ledger.certain_at() - time.monotonic()))
        self.drop_expired()
        asked = time.monotonic()
        status = (await self.actor.ask(client, "GET", "/status", 200)).json
        self.check_bounds(status, asked, "once what was cut off is known")
        await self.try_some(client)

    async def find_unknown(self, client, generation):
        """Leases that were granted, but not to us: their numbers lie beside those that we know."""
        known = {int(name.split(".")[1]) for name in self.ledger.ever
                 if name.startswith(f"{generation}.")}
        last = max(known, default=0)
        unknown = sorted(set(range(1, last + self.taken + 1)) - known)
        found = 0
        for number in unknown if self.cut_acquires else ():
            name = f"{generation}.{number}"
            answer = await self.actor.ask(client, "DELETE", f"/leases/{name}", 200, 404)
            there = answer is not None and answer.status == 200
            found += there
            if there or (answer is not None and number < last):
                self.ledger.ever.add(name)
        if found > self.cut_acquires:
            self.actor.fault(f"{found} leases that nobody asked for")
        self.cut_acquires = 0

    def drop_expired(self):
        now = time.monotonic()
        for lease in list(self.ledger.leases.values()):
            if lease.is_over(now):
                self.drop(lease)

    async def try_some(self, client):
        """One that is out can be released, one that was released is not back."""
        lasting = [lease for lease in self.ledger.leases.values()
                   if lease.ends_after > time.monotonic() + 1]
        if lasting:
            lease = self.actor.rng.choice(lasting)
            answer = await self.actor.ask(client, "DELETE", f"/leases/{lease.id}", 200, 404)
            if answer is None or answer.status != 200:
                self.actor.fault(f"{lease} was lost: {answer}")
            self.drop(lease)
        if self.released:
            name = self.actor.rng.choice(self.released)
            answer = await self.actor.ask(client, "DELETE", f"/leases/{name}", 200, 404)
            if answer is None or answer.status != 404:
                self.actor.fault(f"released lease {name} is back: {answer}")

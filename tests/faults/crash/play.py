# SPDX-License-Identifier: LGPL-2.1-or-later
"""The busy schedule that faults fall into, and what must hold when it is at rest again after each."""

import asyncio
import random
import time

from common.client import Client, Cut, Silent
from support import daemon, units, wait

from crash import Actor, Unexpected
from crash.busy import Busy
from crash.crashing import Crashing
from crash.entry import Dropped, Entry
from crash.held import Held
from crash.steady import Nameless, Steady

FIRST_PORT, OUTSIDE_PORT = 21000, 21900
SETTLE_SECONDS = 15.0
GRACE_SECONDS = 15.0    # more than the daemon gives a unit that it does not know
LOSS, ODD = "loss after a fault", "answer that is wrong"
MOST_FAULTS = 20


def cast(seed):
    ports = iter(range(FIRST_PORT, FIRST_PORT + 100))
    return [*(Steady(f"steady-{n}", seed, next(ports)) for n in range(3)),
            Nameless("nameless", seed, next(ports)), Held("held", seed, next(ports)),
            *(Busy(f"busy-{n}", seed, next(ports)) for n in range(4)),
            *(Crashing(f"crashing-{n}", seed, next(ports)) for n in range(2)),
            *(Entry(f"entry-{n}", seed, OUTSIDE_PORT) for n in range(2)),
            *(Dropped(f"dropped-{n}", seed, OUTSIDE_PORT) for n in range(2))]


class Play:
    """Subclasses say in disturb() what happens, in `what` how it is called."""

    what = "fault"
    ignored_files = ()

    def __init__(self, report, options, client=Client):
        self.report, self.options = report, options
        Actor.new_connection = client
        self.actors = cast(options.seed)
        self.rng = random.Random(f"{options.seed} {self.what}s")
        self.client = Client()
        self.running, self.resting = asyncio.Event(), asyncio.Event()
        self.at_work = self.requests = self.cut = self.number = 0
        self.asked = 0.0

    async def disturb(self):
        """Does it while everybody is busy. Returns the pid that the daemon must not have any more, or None."""
        raise NotImplementedError

    async def work(self, actor, step):
        while True:
            await self.running.wait()
            self.at_work += 1
            try:
                await step()
                self.requests += 1
            except Silent as error:
                self.report.fault(ODD, f"during {self.what} {self.number}, {actor.pool}: {error}")
                self.running.clear()
            except Cut:
                self.cut += 1
                self.running.clear()
            except Unexpected as error:
                self.report.fault(ODD, f"after {self.what} {self.number}, {actor.pool}: {error}")
                actor.pending = []
                self.running.clear()
            finally:
                self.at_work -= 1
                if self.at_work == 0:
                    self.resting.set()

    async def rest(self):
        """Until the last request has been answered or cut off."""
        self.running.clear()
        while self.at_work:
            self.resting.clear()
            await self.resting.wait()

    async def pools(self):
        self.asked = time.monotonic()
        answer = await self.client.request("GET", "/pools")
        return {pool["pool_id"]: pool for pool in answer.json}

    async def recovered(self, old):
        """The pools, once a daemon that is not `old` is ready and nothing moves any more."""
        deadline = time.monotonic() + SETTLE_SECONDS
        pools, waited_for = {}, "an answer"
        while time.monotonic() < deadline:
            try:
                if (await self.client.request("GET", "/ready")).status == 200:
                    pools = await self.pools()
                    waited_for = [actor.pool for actor in self.actors
                                  if not actor.settled(pools.get(actor.pool))]
                    if not waited_for and daemon.main_pid() not in (0, old):
                        return pools
            except Cut:
                pass
            await asyncio.sleep(0.002)
        seen = {name: pools.get(name) for name in waited_for} if pools else waited_for
        self.fault(f"not at rest after {SETTLE_SECONDS} s: {seen}")
        return await self.pools()

    def fault(self, text):
        self.report.fault(LOSS, f"{self.what} {self.number}: {text}")

    async def check(self, pools):
        await asyncio.gather(*(self.check_one(actor, pools.get(actor.pool))
                               for actor in self.actors))
        strangers = set(pools) - {actor.pool for actor in self.actors}
        if strangers:
            self.fault(f"pools of nobody: {strangers}")
        self.check_units(pools)
        self.check_files()

    async def check_one(self, actor, status):
        try:
            await actor.check(status, self.asked)
        except Cut as error:
            self.fault(f"{actor.pool}: it died by itself: {error}")
        except Unexpected as error:
            self.report.fault(ODD, f"checking after {self.what} {self.number}, {actor.pool}: {error}")
        for text in actor.faults:
            self.fault(text)
        actor.faults = []

    def check_units(self, pools):
        wanted = {pool["unit"] for pool in pools.values() if pool["live"] and pool["unit"]}
        dead = self.dead_units()  # first, as they go by themselves
        there = set(units.engines()) - dead
        if there != wanted:
            self.fault(f"units without a pool: {there - wanted}, pools without: {wanted - there}")

    @staticmethod
    def dead_units():
        """Those of engines that crashed under a daemon that died: the next one leaves what is not in
        its state files alone for a grace."""
        return {unit for unit in units.engines("failed") if unit.startswith("pool@crashing-")}

    def check_dead_units(self):
        try:
            wait.until(lambda: not self.dead_units(), "no failed unit is left", GRACE_SECONDS)
        except AssertionError:
            self.fault(f"failed units that were left: {self.dead_units()}")

    def check_files(self):
        """What is being written now goes by itself; what a dead daemon has left does not."""
        def odd():
            return [str(path) for path in daemon.RUNTIME.rglob("*")
                    if (path.name.startswith(".") or path.name.endswith((".bad", ".tmp", "~")))
                    and path.name not in self.ignored_files]

        try:
            wait.until(lambda: not odd(), "no file is left", 1)
        except AssertionError:
            self.fault(f"files that were left: {odd()}")

    def begin(self):
        """Everybody is there, and nothing has happened yet."""

    async def round(self):
        """Returns how long it took until all was at rest again."""
        self.running.set()
        old = await self.disturb()
        await self.rest()
        for actor in self.actors:
            actor.hang_up()
        start = time.monotonic()
        old = await self.meanwhile(old)
        pools = await self.recovered(old)
        took = time.monotonic() - start
        await self.check(pools)
        return took

    async def meanwhile(self, old):
        """Once nobody asks any more. Returns what disturb() does."""
        return old

    async def run(self):
        for actor in self.actors:
            await actor.prepare()
        self.begin()
        works = [asyncio.create_task(self.work(actor, step))
                 for actor in self.actors for step in actor.steps()]
        times = []
        try:
            for self.number in range(1, self.options.rounds + 1):
                times.append(await self.round())
                if len(self.report.faults[LOSS]) + len(self.report.faults[ODD]) > MOST_FAULTS:
                    self.report.number(f"given up after {self.what}", self.number)
                    break
        finally:
            for work in works:
                work.cancel()
        self.check_dead_units()
        times.sort()
        self.report.number("steps that were done", self.requests)
        self.report.number("steps that were cut off", self.cut)
        self.report.number("until all is at rest again",
                           f"p50 {times[len(times) // 2] * 1000:.0f} ms, "
                           f"longest {times[-1] * 1000:.0f} ms")
        return len(times)

    def check_faults(self):
        self.report.check_no(LOSS)
        self.report.check_no(ODD)

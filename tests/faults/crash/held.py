# SPDX-License-Identifier: LGPL-2.1-or-later
"""Leases taken over D-Bus: they outlive the daemon, and end with the connection that took them."""

import asyncio
import time

from common.client import Cut
from common.dbus import Bus

from crash import Unexpected
from crash.steady import Running

NAME, ROOT = "org.llamaorch.PoolManager1", "/org/llamaorch/PoolManager1"
# The daemon died before it answered, or was not there.
CUT = {"org.freedesktop.DBus.Error." + name for name in (
    "NoReply", "ServiceUnknown", "NameHasNoOwner", "Disconnected")}
# A daemon that is not enabled is not started by the bus either.
CUT.add("org.freedesktop.systemd1.NoSuchUnit")
NOT_YET = NAME + ".Error.Unavailable"
FOREVER = 2**64 - 1
CONNECTIONS = 5
GONE_SECONDS = 3.0


class Holder:
    def __init__(self):
        self.bus = Bus()
        self.leases = []
        self.in_doubt = False  # a call of it was cut off


class Held(Running):
    cut = frozenset(CUT)  # the errors that say nothing of whether the call was done

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.holders = []

    def steps(self):
        return [self.step]

    async def step(self):
        draw = self.rng.random()
        if not self.holders or (len(self.holders) < CONNECTIONS and draw < 0.2):
            self.holders.append(Holder())
        holder = self.rng.choice(self.holders)
        if draw > 0.97:
            self.leave(holder)
        elif holder.leases and draw > 0.7:
            await self.release(holder)
        else:
            await self.acquire(holder)

    async def call(self, holder, member, signature, *values):
        """The first value of the answer; None when the daemon is not ready for it."""
        holder.in_doubt = True
        error, text = await asyncio.get_running_loop().run_in_executor(
            None, holder.bus.call, NAME, ROOT, NAME + ".Manager", member, signature,
            (self.pool, *values))
        if error in self.cut:
            raise Cut(f"{member}: {error}")
        holder.in_doubt = False
        if error == NOT_YET:
            return None
        if error:
            raise Unexpected(f"{member}: {error}: {text}")
        return text

    async def acquire(self, holder):
        lease = await self.call(holder, "AcquireLease", "sstb", "holder", FOREVER, False)
        if lease:
            holder.leases.append(lease)

    async def release(self, holder):
        lease = self.rng.choice(holder.leases)
        if await self.call(holder, "ReleaseLease", "ss", lease) is not None:
            holder.leases.remove(lease)

    def leave(self, holder):
        holder.bus.close()
        self.holders.remove(holder)

    def hang_up(self):
        """Some leave while the daemon is dead, or starts."""
        super().hang_up()
        self.leave_some()

    def leave_some(self):
        if self.holders and self.rng.random() < 0.3:
            self.leave(self.rng.choice(self.holders))

    async def check(self, status, asked):
        if not self.check_engine(status):
            return
        for holder in [holder for holder in self.holders if holder.in_doubt]:
            self.leave(holder)
        self.leave_some()
        wanted = sum(len(holder.leases) for holder in self.holders)
        deadline = time.monotonic() + GONE_SECONDS
        while (seen := await self.count()) != wanted and time.monotonic() < deadline:
            await asyncio.sleep(0.005)
        if seen != wanted:
            self.fault(f"{seen} leases, those on the bus hold {wanted}")

    async def count(self):
        answer = await self.ask(self.client, "GET", "/status", 200)
        return answer.json["active_leases"] if answer else None

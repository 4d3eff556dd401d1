# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pools whose engine dies again and again, and is to be started again each time."""

import asyncio
import os
import signal

from crash import Unexpected
from crash.steady import Running

# Restarts come quickly, and nothing holds them back.
CONFIG = """[Backoff]
InitialSec=10ms
MaxSec=10ms
MinSec=0
[Breaker]
Failures=1000
[Restart]
WindowSec=1ms
[Storm]
WarnWindowSec=1ms
BreakerWindowSec=1ms
"""
BACK_SECONDS = 10.0
# Of each kill of the daemon, and of the next one while it starts: a start that it had noted down but
# not asked for yet. Nobody can tell that from an engine that is gone, so it is one more that failed.
LOST_STARTS = 2


class Crashing(Running):
    async def prepare(self):
        await super().prepare()
        self.crashes = self.lost = 0

    def steps(self):
        return [self.step]

    async def step(self):
        status = await self.wait_for_ready()
        if status is None:
            return
        self.crashes += 1
        os.kill(status["pid"], signal.SIGKILL)

    async def wait_for_ready(self):
        """The status, None when the daemon is not ready for it."""
        for _ in range(int(BACK_SECONDS / 0.005)):
            answer = await self.ask(self.client, "GET", "/status", 200)
            if answer is None or self.settled(answer.json):
                return answer and answer.json
            await asyncio.sleep(0.005)
        raise Unexpected(f"its engine is not back after {self.crashes} crashes: {answer.json}")

    def settled(self, status):
        """What died is not only known to be dead, but back."""
        return (status is not None and status["state"] == "ready"
                and status["generation"] > self.crashes + self.lost)

    async def check(self, status, asked):
        lost = status["restart_count"] - self.crashes
        if not self.lost <= lost <= self.lost + LOST_STARTS:
            self.fault(f"{status['restart_count']} restarts after {self.crashes} crashes, "
                       f"and {self.lost} starts that had failed before")
        self.lost = lost
        wanted = {"generation": self.crashes + self.lost + 1,
                  "crash_count": self.crashes, "circuit_state": "closed", "backoff_ms": None,
                  "next_restart_at_ms": None, "last_error": None}
        wrong = [f"{name} should be {value}, is {status[name]}"
                 for name, value in wanted.items() if status[name] != value]
        if wrong:
            self.fault(f"after {self.crashes} crashes and {self.lost} failed starts: {'; '.join(wrong)}")

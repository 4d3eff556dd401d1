# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who keeps the daemon busy in the soak, beside the actors of `crash`; what is counted meanwhile."""

import asyncio
import collections
import random
import time

from common.client import Client

CHANGE_SECONDS = 20.0  # in which what was asked for is to be seen
LOOK_AGAIN_SECONDS = 0.002
done = collections.Counter()  # operations by kind, of everybody


class Odd(Exception):
    """An answer that the API does not have for this, or a change that did not come."""


class Worker:
    """Does one thing after the other to pools of its own; a restart of the daemon may cut it off."""

    def __init__(self, pool, seed, port=None):
        self.pool, self.port = pool, port
        self.rng = random.Random(f"{seed} {pool}")
        self.client = Client()

    async def prepare(self):
        """Before the first step, and after each restart of the daemon."""

    async def step(self):
        raise NotImplementedError

    async def leave(self):
        """Takes away what is not the daemon's: files, processes."""

    def hang_up(self):
        self.client.close()

    async def ask(self, kind, method, path, *statuses, body=None):
        """The answer, counted as `kind`; None when the daemon is not ready for commands yet."""
        answer = await self.client.request(method, f"/pools/{self.pool}{path}", body)
        return self.takes(kind, answer, *statuses)

    @staticmethod
    def takes(kind, answer, *statuses):
        """The same, of an answer that is there."""
        if answer.status == 503 and answer.code == "UNAVAILABLE":
            return None
        if answer.status not in statuses:
            raise Odd(f"{kind}: {answer}")
        done[kind] += 1
        return answer

    async def status(self):
        """The pool's status; None when there is no such pool, or nobody to ask."""
        answer = await self.client.request("GET", f"/pools/{self.pool}/status")
        return answer.json if answer.status == 200 else None

    async def see(self, wanted, what):
        """The status, once it is as wanted."""
        deadline = time.monotonic() + CHANGE_SECONDS
        while True:
            status = await self.status()
            if wanted(status):
                return status
            if time.monotonic() > deadline:
                raise Odd(f"{what} was not seen within {CHANGE_SECONDS} s: {status}")
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


def is_ready(status):
    return status is not None and status["ready"]

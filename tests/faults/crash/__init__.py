# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who keeps the daemon busy while it is killed, and what each knows that must be there afterwards.

An actor owns one pool. Its steps are requests; what was acknowledged is in its account, what was
cut off stands in `pending`: that may have happened or not, but one of the two, whole.
"""

import contextlib
import random

from common.client import Client

# States that a pool leaves by itself.
PASSING = ("preflight", "starting", "warming", "draining", "stopping", "backoff", "adopting")
# What goes on by itself, or is in the accounts.
MOVING = ("uptime_ms", "last_heartbeat_ms", "active_leases", "slots_free", "state", "ready", "load")


class Unexpected(Exception):
    """An answer that the API does not have for this."""


class Actor:
    new_connection = Client  # what each talks through

    def __init__(self, pool, seed, port=None):
        self.pool, self.port = pool, port
        self.rng = random.Random(f"{seed} {pool}")
        self.clients = []
        self.client = self.new_client()
        self.pending = []
        self.faults = []

    def new_client(self):
        self.clients.append(self.new_connection())
        return self.clients[-1]

    def hang_up(self):
        """The daemon at the other end is gone."""
        for client in self.clients:
            client.close()

    async def prepare(self):
        """Before the first kill."""

    def steps(self):
        """Functions that each do one thing; they take turns with nobody but themselves."""
        raise NotImplementedError

    async def check(self, status, asked):
        """After a kill, with everything at rest: compares, then takes over what is there.

        `status` is None when the pool is not there; `asked`: since when on the monotonic clock it
        may have been so.
        """
        raise NotImplementedError

    def settled(self, status):
        """Whether nothing moves any more in the pool, which may not be there (None)."""
        return status is None or status["state"] not in PASSING

    def fault(self, text):
        self.faults.append(f"{self.pool}: {text}")

    @contextlib.contextmanager
    def under_way(self, what):
        """Whatever cuts this off leaves `what` among what is pending."""
        self.pending.append(what)
        yield
        self.pending.remove(what)

    async def ask(self, client, method, path, *statuses, body=None):
        """The answer, None when the daemon has just started and is not ready for commands."""
        answer = await client.request(method, f"/pools/{self.pool}{path}", body)
        if answer.status == 503 and answer.code == "UNAVAILABLE":
            return None
        if answer.status not in statuses:
            raise Unexpected(f"{method} {path or 'of the pool'}: {answer}")
        return answer


def constants(status):
    """What of a running engine's status nobody changes."""
    return {name: value for name, value in status.items() if name not in MOVING}

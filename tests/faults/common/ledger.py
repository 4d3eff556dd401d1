# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a client knows of the leases of a pool: those that it was granted, and when they end."""

import dataclasses
import time

# By so much a lease may outlive its time: a timer that is late on a busy machine.
LATE_SECONDS = 0.3
NEVER = float("inf")


@dataclasses.dataclass
class Lease:
    id: str
    generation: int
    ends_after: float = NEVER   # on the monotonic clock: it may be gone from then on
    ends_before: float = NEVER  # and must be gone from then on

    @classmethod
    def granted(cls, answer, sent, ttl_ms=None):
        """Of a 201 that came just now to what was sent at `sent`."""
        ttl = NEVER if ttl_ms is None else ttl_ms / 1000
        return cls(answer["lease_id"], answer["generation"], sent + ttl,
                   time.monotonic() + ttl + LATE_SECONDS)

    def is_uncertain(self, now):
        return self.ends_after <= now < self.ends_before

    def is_over(self, now):
        return now >= self.ends_before


class Ledger:
    """The leases of one pool. `ended` has the generations that a stop was sent for."""

    def __init__(self, pool):
        self.pool = pool
        self.leases = {}
        self.ever = set()
        self.ended = set()

    def add(self, lease):
        """False when that id was granted before."""
        if lease.id in self.ever:
            return False
        self.ever.add(lease.id)
        self.leases[lease.id] = lease
        return True

    def remove(self, lease):
        self.leases.pop(lease.id, None)

    def may_be_gone(self, lease):
        return lease.generation in self.ended or time.monotonic() >= lease.ends_after

    def must_be_gone(self, lease, sent):
        """Whether it was over when the request was sent."""
        return lease.is_over(sent)

    def bounds(self, generation, since, until):
        """At least and at most so many were out for that generation, at some time between."""
        live = [lease for lease in self.leases.values()
                if lease.generation == generation and not lease.is_over(since)]
        return sum(until < lease.ends_after for lease in live), len(live)

    def certain_at(self):
        """When no lease that has begun to expire is uncertain any more."""
        now = time.monotonic()
        return max((lease.ends_before for lease in self.leases.values() if lease.is_uncertain(now)),
                   default=now)

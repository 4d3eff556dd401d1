# SPDX-License-Identifier: LGPL-2.1-or-later
"""Updates and heartbeats of a pool, for the actors that send them."""

FIELDS = ("engine_version", "engine_digest", "engine_catalog_id", "version", "slots_total",
          "perf_hints")


class Patches:
    """The fields that were acknowledged. One updates at a time, and one sends heartbeats."""

    def __init__(self, actor):
        self.actor, self.number = actor, 0
        self.fields, self.heartbeat = {}, None
        self.cut_fields = self.cut_heartbeat = None

    def forget(self):
        self.fields, self.heartbeat = {}, None

    def draw(self):
        self.number += 1
        values = {"engine_version": f"v{self.number}", "engine_digest": f"sha256:{self.number:064x}",
                  "engine_catalog_id": None, "version": str(self.number),
                  "slots_total": 8 + self.number % 50, "perf_hints": {"n": self.number}}
        chosen = self.actor.rng.sample(FIELDS, self.actor.rng.randint(1, len(FIELDS)))
        return {name: values[name] for name in chosen}

    async def update(self, client):
        body = self.draw()
        self.cut_fields = {**self.fields, **body}
        if await self.actor.ask(client, "PATCH", "", 200, 201, body=body):
            self.fields = self.cut_fields
        self.cut_fields = None

    async def beat(self, client):
        # In the past, so that it differs from what the daemon would take itself.
        self.cut_heartbeat = 1_600_000_000_000 + self.number * 1000 + self.actor.rng.randrange(1000)
        body = {"timestamp_ms": self.cut_heartbeat}
        if await self.actor.ask(client, "POST", "/heartbeat", 200, body=body):
            self.heartbeat = self.cut_heartbeat
        self.cut_heartbeat = None

    def check(self, status):
        seen = {name: status[name] for name in FIELDS}
        candidates = [self.fields] if self.cut_fields is None else [self.fields, self.cut_fields]
        fits = [fields for fields in candidates if fields.items() <= seen.items()]
        if not fits:
            self.actor.fault(f"fields are {seen}, should be {' or '.join(map(str, candidates))}")
        else:
            self.fields = fits[-1]
        self.check_heartbeat(status)
        self.cut_fields = self.cut_heartbeat = None

    def check_heartbeat(self, status):
        seen = status["last_heartbeat_ms"]
        wanted = {beat for beat in (self.heartbeat, self.cut_heartbeat) if beat is not None}
        # A health check that passed is a heartbeat, too, and of now.
        checked = status["live"] and seen is not None and seen > max(wanted, default=0)
        if self.heartbeat is not None and seen not in wanted and not checked:
            self.actor.fault(f"heartbeat is {seen}, should be one of {wanted}")
        if seen in wanted:
            self.heartbeat = seen

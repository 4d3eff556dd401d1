# SPDX-License-Identifier: LGPL-2.1-or-later
"""A pool that is started, stopped, restarted and removed, one after the other."""

from support import engine

from crash import Actor, constants
from crash.leases import Leases

ABSENT, DOWN, UP = "absent", "down", "up"
# What a pool may be found in when the command was cut off: as before, as after, and between.
OUTCOMES = {
    "preload": {ABSENT: {ABSENT, DOWN, UP}, DOWN: {DOWN, UP}},
    "stop": {UP: {UP, DOWN}},
    "restart": {UP: {UP, DOWN}, DOWN: {DOWN, UP}},
    "deregister": {UP: {UP, DOWN, ABSENT}, DOWN: {DOWN, ABSENT}},
    "register": {ABSENT: {ABSENT, DOWN}},
}


class Busy(Actor):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.leases = Leases(self, 6)
        self.where, self.generation = ABSENT, 0
        self.fresh = True    # it was not started since it is there
        self.down = "off"    # the state that it is in when it is down
        self.engine = None  # the constants of the one that runs

    def steps(self):
        return [self.step]

    async def step(self):
        draw = self.rng.random()
        if self.where == UP:
            if draw < 0.6:
                await self.leases.step(self.client)
            else:
                await (self.stop() if draw < 0.85 else self.restart() if draw < 0.95
                       else self.deregister())
        elif draw < 0.75 or self.where == ABSENT and draw < 0.9:
            await self.preload()
        elif self.where == ABSENT:
            await self.register()
        else:
            await (self.deregister() if draw < 0.9 else self.restart())

    async def preload(self):
        flags = ("--healthy-after-ms", str(self.rng.choice((0, 0, 20, 60))),
                 "--stop-takes-ms", str(self.rng.choice((0, 0, 30))))
        body = {"prepared": engine.prepared(self.pool, self.port, flags)}
        await self.command("preload", "POST", "/preload", UP, body)

    async def stop(self):
        await self.command("stop", "POST", "/stop", DOWN)

    async def restart(self):
        if self.generation == 0 or self.where == DOWN and self.engine is None:
            return
        await self.command("restart", "POST", "/restart", UP)

    async def register(self):
        await self.command("register", "POST", "", DOWN)

    async def deregister(self):
        await self.command("deregister", "DELETE", "?force=true", ABSENT)

    async def command(self, what, method, path, after, body=None):
        with self.under_way(what):
            answer = await self.ask(self.client, method, path, 200, 201, body=body)
        if answer is None:
            return
        if what in ("preload", "restart"):
            self.look_at_generation(answer.json["generation"], new=True)
        if what != "register":
            self.leases.forget()
        self.take(after)
        if after == UP:
            # Until this is answered the engine's pid is all that we know.
            self.engine = {"pid": answer.json["pid"], "generation": answer.json["generation"]}
            status = (await self.ask(self.client, "GET", "/status", 200)).json
            self.engine = constants(status)

    def take(self, where):
        self.where = where
        if where == ABSENT:
            self.engine, self.fresh = None, True
        if where != UP:
            self.down = "off"

    def look_at_generation(self, generation, new=False):
        if generation == 0 and self.fresh and not new:
            return
        self.fresh = False
        if generation < self.generation + new:
            self.fault(f"generation {generation} after {self.generation}")
        self.generation = max(self.generation, generation)

    async def check(self, status, asked):
        where = ABSENT if status is None else UP if status["live"] else DOWN
        pending = self.pending[0] if self.pending else None
        wanted = OUTCOMES[pending][self.where] if pending else {self.where}
        if where not in wanted:
            self.fault(f"is {where} ({status and status['state']}), was {self.where}, "
                       f"cut off: {pending}")
        if status:
            self.look_at_generation(status["generation"] or 0)
        if where == UP:
            await self.check_up(status, asked, pending)
        elif status:
            self.check_down(status, pending)
        else:
            self.take(ABSENT)
            self.leases.forget()
        self.where, self.pending = where, []

    async def check_up(self, status, asked, pending):
        same = self.engine is not None and self.where == UP and all(
            status[name] == value for name, value in self.engine.items())
        if status["state"] != "ready":
            self.fault(f"lives in state {status['state']}, cut off: {pending}")
        if same:
            await self.leases.check(status, asked)
        elif pending not in ("preload", "restart"):
            changed = {name: (value, status[name]) for name, value in (self.engine or {}).items()
                       if status[name] != value}
            self.fault(f"another engine runs: {changed}, cut off: {pending}")
        else:
            self.leases.forget()
            if status["active_leases"]:
                self.fault(f"a new engine has {status['active_leases']} leases")
        self.engine = constants(status)

    def check_down(self, status, pending):
        wanted = ("off", "failed") if pending or self.where != DOWN else (self.down,)
        if status["state"] not in wanted or status["pid"] is not None or status["active_leases"]:
            self.fault(f"state {status['state']}, pid {status['pid']}, {status['active_leases']} "
                       f"leases, {status['last_error']}; was {self.where}, cut off: {pending}")
        self.down = status["state"]
        self.leases.forget()

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Engines that die, that are replaced, and that are declared in files."""

import asyncio
import contextlib
import json
import os
import signal
import time

from support import daemon, engine

from soaking import CHANGE_SECONDS, LOOK_AGAIN_SECONDS, Worker, done, is_ready

# Restarts come quickly, and nothing holds them back.
CONFIG = """[Backoff]
InitialSec=5ms
MaxSec=5ms
MinSec=0
ResetSec=1ms
[Breaker]
Failures=1000
StableSec=1ms
[Restart]
CounterResetSec=1ms
WindowSec=1ms
[Storm]
WarnWindowSec=1ms
BreakerWindowSec=1ms
"""
DOWN = ("off", "failed")
CONFIG_FILE = daemon.CONFIG.with_name("60-soak.conf")  # what a SIGHUP finds changed
OTHER_PORT = 50  # from that of a pool to the one that its other engine has


class Running(Worker):
    """An engine that is there before the first step."""

    async def prepare(self):
        status = await self.see(lambda seen: seen is None or seen["ready"] or seen["state"] in DOWN,
                                "an engine, or none")
        if not is_ready(status):
            await self.ask("preload", "POST", "/preload", 200, body={"prepared": self.engine()})

    def engine(self, port=None, flags=(), **fields):
        return engine.prepared(self.pool, port or self.port, flags, slots_total=16, **fields)


class Dying(Running):
    """Killed, and awaited again; now and then it cannot be started at all."""

    async def step(self):
        status = await self.see(is_ready, "an engine after a crash")
        if self.rng.random() < 0.05:
            await self.ask("stop", "POST", "/stop", 200)
            await self.ask("failed preload", "POST", "/preload", 500,
                           body={"prepared": self.engine(flags=("--exit-at-once", "1"))})
            await self.prepare()
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(status["pid"], signal.SIGKILL)
        await self.see(lambda seen: is_ready(seen) and seen["generation"] > status["generation"],
                       "the engine after a crash")
        done["crash"] += 1


class Replaced(Running):
    """Reloaded with a whole engine, plainly and blue-green, and with a model of its reference."""

    async def step(self):
        status = await self.see(is_ready, "an engine to replace")
        port = self.port if status["url"].endswith(f":{self.port + OTHER_PORT}") \
            else self.port + OTHER_PORT
        draw = self.rng.random()
        if draw < 0.4:
            await self.reload("reload", {"prepared": self.engine(port)})
        elif draw < 0.8:
            await self.reload("blue-green reload",
                              {"prepared": self.engine(port), "strategy": "blue-green"})
        elif draw < 0.9:
            await self.reload("reload to a model", {"new_model_ref": engine.LLAMA_MODEL})
            await self.reload("reload", {"prepared": self.engine(port)})
        else:
            bad = self.engine(port, flags=("--exit-at-once", "3"))
            await self.reload("rolled back reload", {"prepared": bad}, 500)

    async def reload(self, kind, body, status=200):
        body.setdefault("new_model_ref", str(engine.MODEL))
        deadline = time.monotonic() + CHANGE_SECONDS
        answer = await self.client.request("POST", f"/pools/{self.pool}/reload", body)
        while answer.code == "OPERATION_IN_PROGRESS" and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)  # the engine from before leaves
            answer = await self.client.request("POST", f"/pools/{self.pool}/reload", body)
        if self.takes(kind, answer, status):
            await self.see(is_ready, f"an engine after a {kind}")


class Declared(Worker):
    """A file in pools.d that comes, changes and goes, and the configuration that does; SIGHUP."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.path, self.number = daemon.POOLS / f"{self.pool}.json", 0

    async def step(self):
        if self.path.exists() and self.rng.random() < 0.3:
            self.path.unlink()
            await self.reread()
            await self.see(lambda seen: seen is None, "the end of a declared pool")
            return
        self.number += 1
        # Slots change in place, a version takes another engine.
        version = f"v{self.number // 3}"
        slots = 1 + self.number % 100
        fields = engine.prepared(self.pool, self.port, slots_total=slots, engine_version=version)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(fields))
        await self.reread()
        await self.see(lambda seen: is_ready(seen) and seen["slots_total"] == slots
                       and seen["engine_version"] == version, "a changed declaration")

    async def reread(self):
        CONFIG_FILE.write_text(f"[Drain]\nDeadlineSec={5 + self.number % 5}s\n")
        # Fails while the daemon is restarted, and then it reads everything anyway.
        process = await asyncio.create_subprocess_exec(
            "systemctl", "reload", daemon.UNIT, stderr=asyncio.subprocess.DEVNULL)
        done["SIGHUP"] += await process.wait() == 0

    async def leave(self):
        self.path.unlink(missing_ok=True)
        CONFIG_FILE.unlink(missing_ok=True)

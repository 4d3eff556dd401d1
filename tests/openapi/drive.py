#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Drives every operation that the daemon's OpenAPI document describes; runs in the test machine.

Requests are made out of the document; what is needed to provoke each declared status stands here.
Writes descriptions.json and exchanges.json, which check.mjs reads, into the folder given.
"""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "features")]

from recorder import Recorder  # noqa: E402
from support import api, daemon, engine, nvml, registry_lock, wait  # noqa: E402
from support.shell import run  # noqa: E402

ASYNC = {"Prefer": "respond-async"}
TOKEN = "correct-horse"
WITH_TOKEN = {"Authorization": f"Bearer {TOKEN}"}

# Declared, but nothing here can provoke it; check.mjs complains when it was seen after all.
EXEMPT = {}

_ports = iter(range(21000, 22000))


def prepared(pool, *flags):
    return {"id": pool, "prepared": engine.prepared(pool, next(_ports), flags)}


def by_hand(r, name, status, **values):
    """A step on the way to something else, which has to work."""
    answer = r.send(name, status, "preparation", **values)
    assert answer.status == status, f"{name}: {answer}"
    return answer


def registry(r):
    for status in (201, 200):
        r.send("registerPool", status, id="a")
        r.send("updatePool", status, id="b", version="7", slots_total=4, slots_free=2)
        r.send("registerHandoff", status, id="c", url="http://127.0.0.1:9", engine_version="9")
    r.send("heartbeat", 200, id="a")
    r.send("heartbeat", 200, id="a", timestamp_ms=1700000000000, server="/v2")
    r.send("listPools", 200)
    r.send("resetBreaker", 200, id="a")
    r.send("allowRestart", 409, "the breaker is closed", id="a")
    for pool in "abc":
        for name in ("poolStatus", "poolStatusPost", "poolHealth"):
            r.send(name, 200, id=pool)
    r.send("deregisterPool", 200, id="a")
    r.send("deregisterPool", 202, headers=ASYNC, id="b")


def daemon_itself(r):
    for name in ("health", "ready", "describeApi", "metrics", "devices"):
        r.send(name, 200)
        r.send(name, 200, server="/v2")


def devices(r):
    """There are some, with all that can be told of them."""
    driver = nvml.Driver(lambda undo: None)
    driver.tell("driver 550.54.15", "gpu 0000:41:00.0 GPU-aaaa 81920 80000 one", "gpu 0000:42:00.0 GPU-bbbb 1024 1 two",
                "process 0 1 300", "process 0 2 ?", "instance 0 MIG-cccc 40960 40000", "lost 1")
    daemon.stop()
    daemon.drop_in("[Service]\n" + driver.environment())
    daemon.start()
    r.send("devices", 200)
    driver.hang()
    r.send_until("devices", 200, lambda answer: not answer.json["answers"])
    daemon.stop()
    daemon.DROP_IN.unlink()
    run("systemctl", "daemon-reload")
    daemon.start()


def plans(r):
    body = {name: value for name, value in prepared("plan").items() if name != "id"}
    r.send("plan", 200, **body)
    r.send("plan", 200, server="/v2", **body)
    body["prepared"]["ram_bytes"] = 1 << 60
    assert not r.send("plan", 200, **body).json["would_start"]
    r.send("preloadPool", 500, "it does not fit", id="plan", **body)
    by_hand(r, "deregisterPool", 200, id="plan")


def engines(r):
    r.send("preloadPool", 200, **prepared("e"))
    r.send("preloadPool", 409, "another engine", **prepared("e"))
    r.send("preloadPool", 500, "the engine ends at once", **prepared("f", "--exit-at-once", "3"))
    r.send("poolStatus", 200, id="f")
    r.send("poolHealth", 200, id="f")
    r.send("registerHandoff", 409, "the pool has an engine", id="e", url="http://127.0.0.1:9")
    r.send("deregisterPool", 409, "the pool has an engine", id="e")
    r.send("restartPool", 200, id="e")
    r.send("restartPool", 409, "the engine is somebody else's", id="c")
    r.send("stopPool", 200, id="e")
    r.send("stopPool", 404, "there is no engine", id="e")
    r.send("restartPool", 202, headers=ASYNC, id="e")
    number = r.send("stopPool", 202, headers=ASYNC, id="e").json["operation"]
    r.send_until("operation", 200, lambda answer: "result" in answer.json, op=number)
    r.send("operation", 200, op=1)
    r.send("operation", 404, op=999999)
    number = r.send("preloadPool", 202, headers=ASYNC, server="/v2", **prepared("g")).json["operation"]
    r.send("operation", 200, op=number, server="/v2")
    r.send_until("operation", 200, lambda answer: "result" in answer.json, op=number)
    by_hand(r, "preloadPool", 200, **prepared("h", "--ignore-sigterm"))
    by_hand(r, "deregisterPool", 202, headers=ASYNC, id="h", force="true")
    r.send("stopPool", 409, "the pool is being removed", id="h")


def supervision(r):
    body = prepared("t")
    by_hand(r, "preloadPool", 200, **body)
    engine.tell(body["prepared"]["port"], "/exit?status=3")
    r.send_until("poolStatus", 200, lambda answer: answer.json["state"] == "tripped", id="t")
    r.send("allowRestart", 200, id="t")
    r.send_until("poolStatus", 200, lambda answer: answer.json["ready"], id="t")
    r.send("resetBreaker", 200, id="t")
    by_hand(r, "stopPool", 200, id="t")


def leases(r):
    by_hand(r, "updatePool", 201, id="l", slots_total=1)
    r.send("acquireLease", 409, "no engine", id="l")
    body = prepared("l")
    body["prepared"]["slots_total"] = 2
    by_hand(r, "preloadPool", 200, **body)
    lease = r.send("acquireLease", 201, id="l").json["lease_id"]
    r.send("acquireLease", 201, id="l", owner="me", ttl_ms=60000, enforce_slots="true")
    r.send("acquireLease", 429, "all slots are taken", id="l", enforce_slots="true")
    r.send("poolHealth", 200, id="l")
    r.send("releaseLease", 200, id="l", lease_id=lease)
    r.send("releaseLease", 404, "a second time", id="l", lease_id=lease)
    r.send("releaseAnonymousLease", 200, id="l")


def drains(r):
    by_hand(r, "preloadPool", 200, **prepared("d"))
    r.send("drainPool", 200, "nobody uses it", id="d", wait="true")
    r.send("drainPool", 404, "there is no engine", id="d")
    by_hand(r, "restartPool", 200, id="d")
    lease = by_hand(r, "acquireLease", 201, id="d").json["lease_id"]
    number = r.send("drainPool", 202, id="d", deadline_ms=60000).json["operation"]
    r.send("drainPool", 202, "joins the first", headers=ASYNC, server="/v2", id="d", wait="true")
    r.send("acquireLease", 409, "the pool is draining", id="d")
    for name in ("poolStatus", "poolHealth"):
        r.send(name, 200, "draining", id="d")
    r.send("operation", 200, "draining", op=number)
    r.send("restartPool", 409, "the pool is draining", id="d")
    by_hand(r, "releaseLease", 200, id="d", lease_id=lease)
    r.send_until("operation", 200, lambda answer: "result" in answer.json, op=number)
    by_hand(r, "restartPool", 200, id="d")
    by_hand(r, "acquireLease", 201, id="d")
    r.send("drainPool", 200, "by force", id="d", wait="true", deadline_ms=0)
    by_hand(r, "preloadPool", 202, headers=ASYNC, **prepared("s", "--never-healthy"))
    r.send("drainPool", 409, "the pool starts", id="s", wait="true")
    by_hand(r, "stopPool", 200, id="s")


def reloads(r):
    model = str(engine.MODEL)
    by_hand(r, "preloadPool", 200, **prepared("r"))
    r.send("reloadPool", 200, "it is there already", id="r", new_model_ref=model)
    r.send("reloadPool", 200, "another engine", new_model_ref="m", drain_deadline_ms=5000, **prepared("r"))
    r.send("reloadPool", 500, "the new engine ends at once", new_model_ref="m",
           **prepared("r", "--exit-at-once", "3"))
    r.send("reloadPool", 500, "there is no such model", id="r", new_model_ref="/no/such/model.gguf")
    lease = by_hand(r, "acquireLease", 201, id="r").json["lease_id"]
    r.send("reloadPool", 500, "a lease is out", new_model_ref="m", drain_deadline_ms=0, **prepared("r"))
    body = {"new_model_ref": "m", "drain_deadline_ms": 60000, **prepared("r")}
    number = r.send("reloadPool", 202, headers=ASYNC, server="/v2", **body).json["operation"]
    r.send("operation", 200, "reloading", op=number)
    r.send("reloadPool", 409, "another reload", id="r", new_model_ref="other")
    by_hand(r, "releaseLease", 200, id="r", lease_id=lease)
    r.send_until("operation", 200, lambda answer: "result" in answer.json, op=number)
    by_hand(r, "stopPool", 200, id="r")
    r.send("reloadPool", 404, "there is no engine", id="r", new_model_ref=model)


def logs(r):
    r.send_until("poolLogs", 200, lambda answer: answer.body, id="l")
    for kind in ("text/plain", "application/json"):
        r.send("poolLogs", 200, kind, headers={"Accept": kind}, id="l", lines=5, generation=1, follow="false")


def events(r):
    stream = r.stream("events", pool="l")
    by_hand(r, "updatePool", 200, id="l", version="8")
    stream.read_until(b"event: pool")
    stream.close()
    late = r.stream("events", **{"Last-Event-ID": "0123456789abcdef-1"})
    late.read_until(b"event: reset")
    by_hand(r, "stopPool", 200, id="l")
    late.read_until(b"event: operation")
    late.close()


def usual_values(pool):
    """Values for any operation: of a pool that may be there or not."""
    return {**prepared(pool), "id": pool, "op": 1, "lease_id": "1.1", "url": "http://127.0.0.1:9"}


def send_to_all(r, status, note, only=lambda operation, path: True, **more):
    """The same to every operation that declares the status and that `only` picks."""
    for name, (_, path, operation) in r.operations.items():
        if str(status) in operation["responses"] and only(operation, path):
            r.send(name, status, note, **{**usual_values("nobody"), **more})


def refusals(r):
    """What is refused everywhere in the same way."""
    send_to_all(r, 400, "a correlation id that is too long", headers={"X-Correlation-Id": "c" * 129})
    send_to_all(r, 400, "an id that none can be", lambda _, path: "{id}" in path, id="-")
    send_to_all(r, 400, "a body that is no JSON", lambda each, _: "requestBody" in each, body=b"{",
                headers={"Content-Type": "application/json"})
    send_to_all(r, 415, "a body that is a form", body=b"a=b",
                headers={"Content-Type": "application/x-www-form-urlencoded"})
    send_to_all(r, 403, "a web page is behind it", headers={"Origin": "https://pages.example"})
    send_to_all(r, 404, "no such pool", lambda _, path: "{id}" in path)
    for name, (_, _, operation) in r.operations.items():
        if "413" in operation["responses"]:
            r.send_head_of_large_body(name, 413, "a body that is too large", **usual_values("nobody"))


def locked(r):
    """Another process holds the registry lock."""
    lock = registry_lock.RegistryLock(registry_lock.EXCLUSIVE)
    try:
        send_to_all(r, 500, "the registry is locked")
    finally:
        lock.close()


@contextlib.contextmanager
def bus_that_hangs():
    """As long as the bus says nothing, the daemon cannot find out which engines run."""
    pid = int(run("systemctl", "show", "--property=MainPID", "--value", "dbus.service").stdout)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def starting(r):
    """Before recovery is done."""
    daemon.stop()
    with bus_that_hangs():
        starter = subprocess.Popen(["systemctl", "start", daemon.UNIT])
        wait.until(lambda: answers("/health"), "the daemon answers while the bus hangs")
        send_to_all(r, 503, "the daemon starts", lambda operation, path: not is_stream(operation))
    starter.wait()
    wait.until(api.is_ready, "the daemon is ready")


def answers(path):
    try:
        return api.request("GET", path, timeout=5).status == 200
    except OSError:
        return False


def is_stream(operation):
    return any(kind.startswith("text/") for kind in operation["responses"].get("200", {}).get("content", ()))


def crowded(r):
    """Nobody else may follow anything; and engines write to files."""
    daemon.stop()
    daemon.configure("[HTTP]\nWaitingMax=1\n[Engine]\nEngineLog=file")
    daemon.start()
    by_hand(r, "registerPool", 201, id="w")
    r.send("poolLogs", 409, "engines write to files", id="w")
    follower = r.stream("events")
    follower.read_until(b"id: ")
    send_to_all(r, 503, "too many follow", lambda operation, path: is_stream(operation), id="w")
    follower.connection.close()


def guarded(r):
    """A token is needed."""
    daemon.stop()
    daemon.drop_in(f"[Service]\nEnvironment=LLORCH_API_TOKEN={TOKEN}")
    daemon.start()
    r.describe("with a token", WITH_TOKEN)
    send_to_all(r, 401, "no token")
    r.send("health", 200, "no token is needed")
    r.send("listPools", 200, "with the token", headers=WITH_TOKEN)


def main(folder):
    daemon.prepare_for_leak_check()
    engine.make_model()
    daemon.clean()
    daemon.configure("[Engine]\nStopGraceSec=3s\n[Breaker]\nFailures=1\n[GPU]\nAnswerSec=300ms")
    daemon.start()
    r = Recorder()
    r.describe("without a token")
    try:
        for part in (daemon_itself, devices, registry, plans, engines, supervision, leases, drains, reloads, logs, events, refusals, locked,
                     starting, crowded, guarded):
            start = time.monotonic()
            part(r)
            print(f"{part.__name__}: {len(r.exchanges)} exchanges so far, {time.monotonic() - start:.1f} s", flush=True)
    finally:
        (folder / "descriptions.json").write_text(json.dumps(r.documents, indent=1))
        (folder / "exchanges.json").write_text(json.dumps({"exchanges": r.exchanges, "exempt": EXEMPT}, indent=1))
        daemon.stop()
        run("journalctl", "--sync")
        (folder / "journal.txt").write_text(run("journalctl", "-o", "short-precise", "--no-hostname").stdout)
        daemon.clean()


main(pathlib.Path(sys.argv[1]))

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two engines of one pool beside each other, and a client that goes on asking meanwhile."""

import http.client
import json
import threading
import urllib.parse

from behave import step

from support import api, engine, step_types, units, wait  # noqa: F401
from support.models import SECOND, model, prepared


class Client(threading.Thread):
    """Uses the pool as its clients do, again and again: a lease, a request to the engine that it is of, and the
    lease back. What does not work out is kept."""

    def __init__(self, pool, path):
        super().__init__(daemon=True)
        self.pool, self.path = pool, path
        self.done, self.failures, self.generations = 0, [], set()
        self.over = threading.Event()
        self.start()

    def use(self):
        lease = api.request("POST", f"/pools/{self.pool}/leases")
        if lease.status != 201:
            return f"no lease: {lease}"
        status = api.pool_status(self.pool)
        generation = lease.json["generation"]
        try:
            if status["generation"] != generation:
                return None  # it changed hands between the two: the next lease is of the new engine
            place = urllib.parse.urlsplit(status["url"])
            answer = api.request("GET", self.path, address=(place.hostname, place.port), timeout=30)
            if answer.status != 200:
                return f"generation {generation}: {answer}"
            self.generations.add(generation)
            return None
        finally:
            api.request("DELETE", f"/pools/{self.pool}/leases/{lease.json['lease_id']}")

    def run(self):
        while not self.over.is_set():
            try:
                failure = self.use()
            except (OSError, http.client.HTTPException) as error:
                failure = repr(error)
            self.done += 1
            if failure:
                self.failures.append(failure)

    def finish(self):
        self.over.set()
        self.join(30)


@step('a client uses pool "{pool:name}" again and again')
def uses(context, pool):
    llama = context.scene.bodies[pool]["binary_path"] == engine.LLAMA
    context.scene.client = Client(pool, "/health" if llama else "/model")
    context.scene.on_close(context.scene.client.finish)
    goes_on(context)


@step('the client goes on')
def goes_on(context):
    client = context.scene.client
    before = client.done
    wait.until(lambda: client.done >= before + 3, "the client uses the pool again")


@step('nothing has failed for the client')
def nothing_failed(context):
    client = context.scene.client
    goes_on(context)
    client.finish()
    assert not client.failures, client.failures[:5]


@step('the client has used the generations "{generations:words}"')
def has_used(context, generations):
    found = sorted(context.scene.client.generations)
    assert found == [int(word) for word in generations.split()], found


@step('a blue-green reload of pool "{pool:name}" to "{reference:words}" is under way')
def is_under_way(context, pool, reference):
    context.scene.reload = api.Call("POST", f"/pools/{pool}/reload",
                                    {"new_model_ref": reference, "strategy": "blue-green"})
    wait.until(lambda: len(running(pool)) == 2 or not context.scene.reload.is_alive(),
               f"two engines of pool {pool} run")
    assert context.scene.reload.is_alive(), context.scene.reload.answer


def running(pool):
    return [unit for unit in units.engines() if unit.startswith(f"pool@{pool}:")]


@step('{count:d} engines of pool "{pool:name}" run')
@step('{count:d} engine of pool "{pool:name}" runs')
def so_many_run(context, count, pool):
    wait.until(lambda: len(running(pool)) == count, f"{count} engines of pool {pool} run")


@step('pool "{pool:name}" serves the model "{name:name}" on another port')
def serves_elsewhere(context, pool, name):
    status = context.scene.status(pool)
    place = urllib.parse.urlsplit(status["url"])
    assert status["state"] == "ready" and status["ready"] and not status["draining"], status
    assert place.port != context.scene.port(pool), status["url"]
    told = engine.ask(place.port, "/model")
    assert told["model"] == status["model_path"] == str(model(name)), f"{status} {told}"


@step('pool "{pool:name}" is ready with the model "{name:name}", and cannot be told where to listen')
def cannot_be_told(context, pool, name):
    body = prepared(context, pool, name)
    body["flags"] = [flag.replace("--port=", "--por=") for flag in body["flags"]]
    answer = context.scene.preload(pool, body)
    assert answer.status == 200, str(answer)


@step('I reload pool "{pool:name}" blue-green to a prepared engine with the model "{name:name}" and')
def to_prepared(context, pool, name):
    fields = {row["field"]: json.loads(row["value"]) for row in context.table}
    body = {"new_model_ref": name, "strategy": "blue-green", "prepared": prepared(context, pool, name, **fields)}
    context.scene.answer = api.request("POST", f"/pools/{pool}/reload", body, timeout=120)


@step('I reload pool "{pool:name}" blue-green to the second model')
def to_second(context, pool):
    reload_llama(context, pool, str(SECOND))


@step('I reload pool "{pool:name}" blue-green to a broken model')
def to_broken(context, pool):
    broken = SECOND.with_name("broken.gguf")
    broken.write_bytes(SECOND.read_bytes()[:4096])
    reload_llama(context, pool, str(broken))


def reload_llama(context, pool, reference):
    body = {"new_model_ref": reference, "strategy": "blue-green"}
    context.scene.answer = api.request("POST", f"/pools/{pool}/reload", body, timeout=120)

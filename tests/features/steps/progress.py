# SPDX-License-Identifier: LGPL-2.1-or-later
import threading

from behave import step

from support import api, engine, step_types, wait  # noqa: F401
from support.engine_script import engine_script


class Watch(threading.Thread):
    """Writes down what the status says of the load of a pool, as often as it can."""

    def __init__(self, pool):
        super().__init__(daemon=True)
        self.pool, self.over, self.seen = pool, threading.Event(), []
        self.start()

    def run(self):
        while not self.over.wait(0.01):
            load = (api.pool_status(self.pool) or {}).get("load")
            if load:
                self.seen.append(load)

    def close(self):
        self.over.set()
        self.join()


def make_model(context, size):
    """A file without blocks: it is as large as it says to everybody who looks, and it is read like any other."""
    path = engine.MODEL.with_name("large.gguf")
    with open(path, "wb") as file:
        file.truncate(size << 20)
    context.add_cleanup(path.unlink)
    return str(path)


def load_of(context, pool):
    return context.scene.status(pool)["load"]


@step('a preload of pool "{pool:name}" is under way whose engine {way:w} a model of {size:d} MiB')
def preload_large(context, pool, way, size):
    body = context.scene.prepared(pool, binary_path="/usr/bin/python3", model_path=make_model(context, size))
    body["flags"] = [str(engine_script("reading_engine.py")), str(body["port"]), body["model_path"], way]
    context.scene.watch = Watch(pool)
    context.scene.sockets.append(context.scene.watch)
    context.scene.start_preload(pool, body)
    wait.until(lambda: api.pool_status(pool), f"the daemon knows pool {pool}")


@step('a preload of pool "{pool:name}" is under way whose model is only a name')
def preload_of_name(context, pool):
    context.scene.start_preload(pool, context.scene.prepared(pool, ["--never-healthy"], model_path="org/model"))


@step('the engine of pool "{pool:name}" has taken {percent:d} % of its model')
def has_taken(context, pool, percent):
    engine.ask(context.scene.port(pool), f"/take?percent={percent}")


@step('the load of pool "{pool:name}" becomes {low:d} to {high:d} %')
def load_becomes(context, pool, low, high):
    def look():
        load = load_of(context, pool)
        return load and load["percent"] is not None and low <= load["percent"] <= high

    try:
        wait.until(look, f"the load of pool {pool} is {low} to {high} %")
    except AssertionError as error:
        raise AssertionError(f"{error}; it is {load_of(context, pool)}") from None


@step('the percentage of pool "{pool:name}" never fell, and was below 100 while it loaded')
def never_fell(context, pool):
    context.scene.watch.close()
    seen = [load["percent"] for load in context.scene.watch.seen if load["percent"] is not None]
    assert len(set(seen)) > 1, f"it hardly moved: {sorted(set(seen))}"
    assert seen == sorted(seen), seen
    assert 0 <= seen[0] and seen[-1] < 100, f"{seen[0]} to {seen[-1]}"
    phases = {load["phase"] for load in context.scene.watch.seen}
    assert phases <= {"preflight", "starting", "warming"}, phases

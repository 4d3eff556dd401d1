# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import time

from behave import step

from support import api, daemon, journal, match, step_types, units, wait  # noqa: F401
from support.engine_script import engine_script
from support.shell import run


def start(context, pool, body=None):
    """A drain that somebody waits for beside the scenario."""
    context.scene.drain = api.Call("POST", f"/pools/{pool}/drain?wait=true", body)
    wait.until(lambda: context.scene.status(pool)["draining"] or not context.scene.drain.is_alive(),
               f"pool {pool} is draining")
    still_waits(context, pool)


# Drains


@step('I drain pool "{pool:name}"')
def drain(context, pool):
    context.scene.answer = api.request("POST", f"/pools/{pool}/drain")


@step('I drain pool "{pool:name}" within {ms:d} ms')
def drain_within(context, pool, ms):
    context.scene.drain_over = time.monotonic() + ms / 1000
    context.scene.answer = api.request("POST", f"/pools/{pool}/drain", {"deadline_ms": ms})


@step('I drain pool "{pool:name}" and wait')
def drain_and_wait(context, pool):
    context.scene.answer = api.request("POST", f"/pools/{pool}/drain?wait=true")


@step('I drain pool "{pool:name}" within {ms:d} ms and wait')
def drain_within_and_wait(context, pool, ms):
    context.scene.answer = api.request("POST", f"/pools/{pool}/drain?wait=true", {"deadline_ms": ms})


@step('I drain pool "{pool:name}" with the body {body:words}')
def drain_with_body(context, pool, body):
    context.scene.answer = api.request("POST", f"/pools/{pool}/drain", body.encode(), headers=api.JSON_TYPE)


@step('a drain of pool "{pool:name}" is under way')
def is_under_way(context, pool):
    start(context, pool)


@step('a drain of pool "{pool:name}" within {ms:d} ms is under way')
def is_under_way_within(context, pool, ms):
    start(context, pool, {"deadline_ms": ms})


@step('the drain of pool "{pool:name}" still waits')
def still_waits(context, pool):
    call = context.scene.drain
    assert call.is_alive(), f"it has ended: {call.answer or call.failure}"


@step('the drain of pool "{pool:name}" is answered with {status:d}')
def is_answered(context, pool, status):
    context.scene.answer = context.scene.drain.wait()
    assert context.scene.answer.status == status, str(context.scene.answer)


@step('the daemon is stopped until the deadline of pool "{pool:name}" is over')
def is_stopped_meanwhile(context, pool):
    """The deadline is that of the last drain; nobody but the clock tells when it is over."""
    pid = context.scene.status(pool)["pid"]
    run("systemctl", "stop", daemon.UNIT)
    assert time.monotonic() < context.scene.drain_over, "the daemon did not stop in time"
    wait.until(lambda: time.monotonic() > context.scene.drain_over + 0.1, "the deadline is over")
    assert units.is_running(pid), "the engine has ended without a daemon"


# Operations, which others may ask for too


@step('I remember the operation in the answer')
def remember_operation(context):
    context.scene.operation = context.scene.answer.json["operation"]


@step('the answer names the same operation')
def same_operation(context):
    assert context.scene.answer.json["operation"] == context.scene.operation, str(context.scene.answer)


def operation(context):
    answer = api.request("GET", f"/operations/{context.scene.operation}")
    assert answer.status == 200, str(answer)
    return answer.json


@step('the remembered operation has')
def remembered_has(context):
    match.check(context.table, operation(context), "the operation")


@step('the remembered operation ends with')
def remembered_ends(context):
    result = wait.until(lambda: operation(context).get("result"), f"operation {context.scene.operation} has ended")
    match.check(context.table, result, "the result")


# What an engine sees of it


@step('I preload pool "{pool:name}" with an engine that watches its handoff')
def preload_watching(context, pool):
    body = context.scene.prepared(pool, binary_path="/usr/bin/python3")
    handoff = context.scene.runtime / "engines" / f"{pool}-r0.json"
    body["flags"] = [str(engine_script("witness_engine.py")), str(body["port"]), str(handoff)]
    answer = context.scene.preload(pool, body)
    assert answer.status == 200, str(answer)


# What is logged


@step('the daemon has warned of pool "{pool:name}" with')
def has_warned(context, pool):
    """One entry of priority 4 has all the fields of the table."""
    wanted = {row["field"]: row["value"] for row in context.table}
    entry = journal.wait_for(context.scene.since,
                             lambda e: all(e.get(field) == value for field, value in wanted.items()),
                             f"the daemon logs {json.dumps(wanted)}",
                             f"_SYSTEMD_UNIT={daemon.UNIT}", f"POOL_ID={pool}", "PRIORITY=4")
    assert "out; stopping the engine" in journal.message(entry), journal.message(entry)

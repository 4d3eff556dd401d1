# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import os
import signal
import time

from behave import step

from support import api, match, step_types, wait  # noqa: F401
from support.values import expand, octets

# What goes on by itself in a pool to which nobody does anything.
MOVING = ("uptime_ms", "last_heartbeat_ms")


def entry(context, pool):
    """The status of a pool without what moves by itself."""
    return {field: value for field, value in context.scene.status(pool).items() if field not in MOVING}


def table_object(table):
    return {row["field"]: json.loads(row["value"]) for row in table}


# Registering


@step('I register pool "{pool:name}"')
def register(context, pool):
    context.scene.answer = api.request("POST", f"/pools/{expand(pool)}")


@step('pool "{pool:name}" is registered')
def is_registered(context, pool):
    register(context, pool)
    assert context.scene.answer.status == 201, str(context.scene.answer)


@step('I deregister pool "{pool:name}"')
def deregister(context, pool):
    context.scene.answer = api.request("DELETE", f"/pools/{pool}")


@step('I deregister pool "{pool:name}" by force')
def deregister_by_force(context, pool):
    context.scene.answer = api.request("DELETE", f"/pools/{pool}?force=true")


@step('pool "{pool:name}" is not known')
def is_not_known(context, pool):
    assert api.pool_status(pool) is None, f"the daemon knows pool {pool}"
    listed = api.request("GET", "/pools").json
    assert pool not in [status["pool_id"] for status in listed], listed


# Updating


@step('I update pool "{pool:name}" with')
def update(context, pool):
    context.scene.answer = api.request("PATCH", f"/pools/{pool}", table_object(context.table))


@step('I update pool "{pool:name}" with the body {body:words}')
def update_with_body(context, pool, body):
    context.scene.answer = api.request("PATCH", f"/pools/{pool}", octets(body), headers=api.JSON_TYPE)


@step('pool "{pool:name}" has been updated with')
def has_been_updated(context, pool):
    update(context, pool)
    assert context.scene.answer.status in (200, 201), str(context.scene.answer)


@step('I set "{field:name}" of pool "{pool:name}" to {value:words}')
def set_field(context, field, pool, value):
    """The value goes out as it is written: it may be more than Python's JSON would send."""
    body = f"{{{json.dumps(field)}: {expand(value)}}}".encode()
    context.scene.answer = api.request("PATCH", f"/pools/{pool}", body, headers=api.JSON_TYPE)


# Heartbeats


def send_heartbeat(context, pool, body):
    context.scene.sent_ms = time.time_ns() // 1_000_000
    context.scene.answer = api.request("POST", f"/pools/{pool}/heartbeat", body)


@step('I send a heartbeat of pool "{pool:name}"')
def heartbeat(context, pool):
    send_heartbeat(context, pool, None)


@step('I send a heartbeat of pool "{pool:name}" with the timestamp {timestamp:words}')
def heartbeat_at(context, pool, timestamp):
    body = f'{{"timestamp_ms": {timestamp}}}'.encode()
    context.scene.answer = api.request("POST", f"/pools/{pool}/heartbeat", body, headers=api.JSON_TYPE)


@step('the last heartbeat of pool "{pool:name}" was when I sent it')
def heartbeat_was_now(context, pool):
    seen = context.scene.status(pool)["last_heartbeat_ms"]
    now = time.time_ns() // 1_000_000
    assert context.scene.sent_ms <= seen <= now, f"sent {context.scene.sent_ms}, recorded {seen}, now {now}"


# Reading


@step('the health of pool "{pool:name}" has')
def health_has(context, pool):
    answer = api.request("GET", f"/pools/{pool}/health")
    assert answer.status == 200, str(answer)
    match.check(context.table, answer.json, f"the health of pool {pool}")


@step('the entry of pool "{pool:name}" in the answer is its status')
def answer_entry(context, pool):
    found = [each for each in context.scene.answer.json if each["pool_id"] == pool]
    assert len(found) == 1, str(context.scene.answer)
    status = context.scene.status(pool)
    wrong = [field for field in status.keys() | found[0].keys()
             if field not in found[0] or field not in status
             or (field not in MOVING and found[0][field] != status[field])]
    assert not wrong, f"{wrong}: {found[0]} is not {status}"


@step('I remember the registry entry of pool "{pool:name}"')
def remember_entry(context, pool):
    context.scene.remembered[pool] = context.scene.status(pool)


@step('the registry entry of pool "{pool:name}" is as remembered')
def entry_is_same(context, pool):
    before = {field: value for field, value in context.scene.remembered[pool].items() if field not in MOVING}
    now = entry(context, pool)
    changed = [f"{field} was {before[field]}, is {now[field]}" for field in before if before[field] != now[field]]
    assert not changed, f"pool {pool}: " + "; ".join(changed)


# Restarting


@step('I restart pool "{pool:name}"')
def restart(context, pool):
    context.scene.answer = api.request("POST", f"/pools/{pool}/restart")


@step('the engine of pool "{pool:name}" has crashed')
def has_crashed(context, pool):
    os.kill(context.scene.status(pool)["pid"], signal.SIGKILL)
    wait.until(lambda: context.scene.status(pool)["state"] == "backoff", f"pool {pool} waits for a restart")

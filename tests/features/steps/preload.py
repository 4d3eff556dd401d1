# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import shlex

from behave import step

from support import api, engine, match, step_types, wait  # noqa: F401
from support.values import expand, table_fields

_PLACE = "@the value@"


@step('I preload pool "{pool:name}"')
def preload(context, pool):
    context.scene.preload(pool, context.scene.prepared(pool))


@step('I preload pool "{pool:name}" again in the same way')
def preload_again(context, pool):
    context.scene.preload(pool, context.scene.bodies[pool])


@step('I preload pool "{pool:name}" and its engine gets "{flags:words}"')
def preload_with_flags(context, pool, flags):
    context.scene.preload(pool, context.scene.prepared(pool, shlex.split(flags)))


@step('I preload pool "{pool:name}" with')
def preload_with_fields(context, pool):
    flags, fields = engine.table_fields(context.table)
    context.scene.preload(pool, context.scene.prepared(pool, flags, **fields))


@step('I preload pool "{pool:name}" with the flags')
def preload_with_table_flags(context, pool):
    context.scene.preload(pool, context.scene.prepared(pool, [row["flag"] for row in context.table]))


@step('I preload pool "{pool:name}" with "{field:name}" set to {value:words}')
def preload_with_value(context, pool, field, value):
    """The value goes out as it is written: it may be more than Python's JSON would send."""
    value = expand(value, port=context.scene.port(pool))
    text = json.dumps({"prepared": context.scene.prepared(pool, **{field: _PLACE})})
    text = text.replace(json.dumps(_PLACE), value)
    context.scene.answer = api.request("POST", f"/pools/{pool}/preload", text.encode(), headers=api.JSON_TYPE)
    if context.scene.answer.status == 200:
        context.scene.bodies[pool] = json.loads(text)["prepared"]


@step('I preload pool "{pool:name}" without the field "{field:name}"')
def preload_without(context, pool, field):
    body = context.scene.prepared(pool)
    del body[field]
    context.scene.preload(pool, body)


@step('I preload pool "{pool:name}" with the correlation id "{correlation:name}"')
def preload_with_correlation(context, pool, correlation):
    context.scene.answer = api.request("POST", f"/pools/{pool}/preload",
                                       {"prepared": context.scene.prepared(pool)},
                                       headers={"X-Correlation-Id": correlation})


@step('I preload pool "{pool:name}" on the port of pool "{other:name}"')
def preload_on_port(context, pool, other):
    port = context.scene.port(other)
    context.scene.preload(pool, engine.prepared(pool, port))


@step('I preload pool "{pool:name}" with the real llama-server')
def preload_llama(context, pool):
    context.scene.preload(pool, context.scene.prepared_llama(pool))


@step('pool "{pool:name}" is ready')
def is_ready(context, pool):
    answer = context.scene.preload(pool, context.scene.prepared(pool))
    assert answer.status == 200, str(answer)


@step('the preload of pool "{pool:name}" has failed')
def has_failed(context, pool):
    answer = context.scene.preload(pool, context.scene.prepared(pool, ["--exit-at-once", "1"]))
    assert answer.status == 500, str(answer)


# Preloads that go on beside the scenario


@step('a preload of pool "{pool:name}" is under way and its engine gets "{flags:words}"')
def start_preload(context, pool, flags):
    context.scene.start_preload(pool, context.scene.prepared(pool, shlex.split(flags)))


@step('a preload of pool "{pool:name}" waits for its engine, which answers {status:d}')
def preload_waits(context, pool, status):
    start_preload(context, pool, f"--status {status}")
    engine.ask(context.scene.port(pool), "/wait?checks=1")


@step('the preload of pool "{pool:name}" still waits')
def still_waits(context, pool):
    call = context.scene.calls[pool]
    assert call.is_alive(), f"it has ended: {call.answer or call.failure}"


@step('the preload of pool "{pool:name}" is answered with {status:d}')
def is_answered(context, pool, status):
    is_answered_within(context, pool, status, 30)


@step('the preload of pool "{pool:name}" is answered with {status:d} within {seconds:d} seconds')
def is_answered_within(context, pool, status, seconds):
    context.scene.answer = context.scene.calls[pool].wait(seconds)
    assert context.scene.answer.status == status, str(context.scene.answer)


# Many at once


def names(count):
    return [f"pool-{number}" for number in range(count)]


@step('preloads of {count:d} pools wait for their engines, which answer 503')
def many_wait(context, count):
    for pool in names(count):
        start_preload(context, pool, "--status 503")
    for pool in names(count):
        engine.ask(context.scene.port(pool), "/wait?checks=1")


@step('the engines of the {count:d} pools become healthy')
def many_become_healthy(context, count):
    for pool in names(count):
        engine.tell(context.scene.port(pool), "/control?health=200")


@step('I preload {count:d} pools at once')
def many_preloads(context, count):
    for pool in names(count):
        start_preload(context, pool, "")


@step('the preloads of the {count:d} pools are answered with {status:d}')
def many_answered(context, count, status):
    for pool in names(count):
        is_answered(context, pool, status)


@step('I stop the {count:d} pools at once')
def many_stops(context, count):
    stops = [api.Call("POST", f"/pools/{pool}/stop") for pool in names(count)]
    for stop in stops:
        answer = stop.wait()
        assert answer.status == 200, str(answer)


# Stops


@step('I stop pool "{pool:name}"')
def stop(context, pool):
    context.scene.answer = api.request("POST", f"/pools/{pool}/stop", timeout=60)


@step('a stop of pool "{pool:name}" is under way')
def start_stop(context, pool):
    context.scene.stops[pool] = api.Call("POST", f"/pools/{pool}/stop")
    wait.until(lambda: context.scene.status(pool)["state"] == "stopping", f"pool {pool} is stopping")


@step('the stop of pool "{pool:name}" is answered with {status:d}')
def stop_answered(context, pool, status):
    context.scene.answer = context.scene.stops[pool].wait()
    assert context.scene.answer.status == status, str(context.scene.answer)


# What the daemon says of a pool


@step('the status of pool "{pool:name}" has')
def status_has(context, pool):
    match.check(context.table, context.scene.status(pool), f"pool {pool}")


@step('pool "{pool:name}" becomes "{state:name}"')
def becomes(context, pool, state):
    try:
        wait.until(lambda: context.scene.status(pool)["state"] == state, f"pool {pool} becomes {state}")
    except AssertionError as error:
        raise AssertionError(f"{error}; it is {context.scene.status(pool)}") from None


@step('the pool "{pool:name}" is not ready')
def is_not_ready(context, pool):
    status = context.scene.status(pool)
    assert status["ready"] is False and context.scene.answer.status == 500, f"{status} {context.scene.answer}"


@step('I remember the status of pool "{pool:name}"')
def remember(context, pool):
    context.scene.remembered[pool] = context.scene.status(pool)
    assert context.scene.remembered[pool]["pid"], context.scene.remembered[pool]


@step('the status of pool "{pool:name}" still has the same')
def still_has(context, pool):
    before, now = context.scene.remembered[pool], context.scene.status(pool)
    changed = [f"{row['field']} was {before[row['field']]}, is {now[row['field']]}"
               for row in context.table if before[row["field"]] != now[row["field"]]]
    assert not changed, "; ".join(changed)

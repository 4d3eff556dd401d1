# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import os
import time

from behave import step

from support import api, daemon, external, journal, step_types, wait  # noqa: F401
from support.shell import run


def handoff(context, pool, rows=()):
    """What a provisioner would write; a row of null leaves the field out."""
    fields = {"url": context.scene.external[pool].url, "pool_id": pool}
    for row in rows or ():
        fields[row["field"]] = json.loads(row["value"])
    return {field: value for field, value in fields.items() if value is not None}


# Engines of others


@step('somebody else runs an engine for pool "{pool:name}"')
def somebody_runs(context, pool):
    context.scene.external[pool] = external.ExternalEngine(context.scene.port(pool))
    context.scene.sockets.append(context.scene.external[pool])


@step('the external engine of pool "{pool:name}" dies')
def dies(context, pool):
    context.scene.external[pool].kill()


@step('the external engine of pool "{pool:name}" still runs')
def still_runs(context, pool):
    assert context.scene.external[pool].runs()


@step('the url of pool "{pool:name}" is that of the external engine of pool "{other:name}"')
def url_is(context, pool, other):
    assert context.scene.status(pool)["url"] == context.scene.external[other].url, context.scene.status(pool)


# Handoffs over HTTP


@step('I hand over pool "{pool:name}"')
@step('I hand over pool "{pool:name}" with')
def hand_over(context, pool):
    context.scene.sent_ms = time.time_ns() // 1_000_000
    context.scene.answer = api.request("POST", f"/pools/{pool}/handoff", handoff(context, pool, context.table))


@step('I hand over pool "{pool:name}" with "{field:name}" set to {value:words}')
def hand_over_value(context, pool, field, value):
    body = {**handoff(context, pool), field: "@"}
    text = json.dumps(body).replace('"@"', value)
    context.scene.answer = api.request("POST", f"/pools/{pool}/handoff", text.encode(), headers=api.JSON_TYPE)


@step('I send the handoff of pool "{pool:name}" for pool "{other:name}"')
def hand_over_other(context, pool, other):
    body = {**handoff(context, pool), "pool_id": other}
    context.scene.answer = api.request("POST", f"/pools/{other}/handoff", body)


@step('I hand over pool "{pool:name}" without a url')
def hand_over_nothing(context, pool):
    context.scene.answer = api.request("POST", f"/pools/{pool}/handoff", {"pool_id": pool})


@step('pool "{pool:name}" has been handed over')
@step('pool "{pool:name}" has been handed over with')
def has_been_handed_over(context, pool):
    hand_over(context, pool)
    assert context.scene.answer.status in (200, 201), str(context.scene.answer)


# Handoffs as files


@step('the handoff file "{name:name}" of pool "{pool:name}" is dropped')
@step('the handoff file "{name:name}" of pool "{pool:name}" is dropped with')
def is_dropped(context, name, pool):
    context.scene.sent_ms = time.time_ns() // 1_000_000
    external.drop(name, handoff(context, pool, context.table))


@step('the handoff file "{name:name}" is dropped with the text {text:words}')
def is_dropped_with_text(context, name, text):
    external.drop(name, text)


@step('the handoff file "{name:name}" is there that has only the url of the engine of pool "{pool:name}"')
def has_only_url(context, name, pool):
    external.drop(name, {"url": context.scene.external[pool].url})


@step('the handoff file "{name:name}" is removed')
def is_removed(context, name):
    external.remove(name)


@step('there is {what:words} named "{name:name}" in the folder of handoffs')
def is_odd(context, what, name):
    path = daemon.RUNTIME / "engines" / name
    good = json.dumps({"url": "http://127.0.0.1:1", "pool_id": "odd"})
    if what == "a pipe that nobody writes to":
        os.mkfifo(path)
    elif what == "a folder":
        path.mkdir()
    elif what == "a link to a good handoff":
        target = daemon.RUNTIME / "elsewhere.json"
        target.write_text(good)
        path.symlink_to(target)
    elif what == "a good handoff of more than 1 MiB":
        external.drop(name, good + " " * 1024 * 1024)
    else:
        raise AssertionError(f"{what}?")


@step('pool "{pool:name}" comes to be known')
def comes_to_be_known(context, pool):
    wait.until(lambda: api.pool_status(pool), f"pool {pool} is known")


@step('pool "{pool:name}" comes to be unknown')
def comes_to_be_unknown(context, pool):
    wait.until(lambda: api.pool_status(pool) is None, f"pool {pool} is gone")


@step('the status of pool "{pool:name}" comes to have "{field:name}" {value:words}')
def comes_to_have(context, pool, field, value):
    wanted = json.loads(value)

    def look():
        status = api.pool_status(pool)
        return status is not None and status[field] == wanted

    try:
        wait.until(look, f"{field} of pool {pool} becomes {wanted}")
    except AssertionError as error:
        raise AssertionError(f"{error}; it is {api.pool_status(pool)}") from None


@step('{count:d} pools whose files are dropped one after the other are ready, all but one within {ms:d} ms')
def ready_within(context, count, ms):
    """From the rename to the answer that says ready. All but one: the machine has other things to do, too."""
    somebody_runs(context, "timed")
    url, took = context.scene.external["timed"].url, []
    for number in range(count):
        pool = f"timed-{number}"
        start = time.monotonic()
        external.drop(f"{pool}.json", {"url": url, "pool_id": pool})
        wait.until(lambda: (api.pool_status(pool) or {}).get("ready"), f"pool {pool} is ready")
        took.append((time.monotonic() - start) * 1000)
    assert sorted(took)[-2] <= ms, f"ms: {', '.join(f'{each:.0f}' for each in took)}"


# What is said of bad ones


def complaints(context, text):
    run("journalctl", "--sync")
    return [entry for entry in journal.entries(context.scene.since, f"_SYSTEMD_UNIT={daemon.UNIT}")
            if text in journal.message(entry) and int(entry["PRIORITY"]) <= 4]


@step('the daemon has complained once of "{text:name}"')
def complained_once(context, text):
    journal.wait_for(context.scene.since,
                     lambda entry: text in journal.message(entry) and int(entry["PRIORITY"]) <= 4,
                     f"the daemon complains of {text!r}", f"_SYSTEMD_UNIT={daemon.UNIT}")
    said = [journal.message(entry) for entry in complaints(context, text)]
    assert len(said) == 1, said


@step('the daemon has complained of nothing')
def complained_of_nothing(context):
    said = [journal.message(entry) for entry in complaints(context, "")]
    assert not said, said


@step('the daemon has complained {count:d} times of "{text:name}"')
def complained_often(context, count, text):
    wait.until(lambda: len(complaints(context, text)) >= count, f"{count} complaints of {text!r}")
    said = [journal.message(entry) for entry in complaints(context, text)]
    assert len(said) == count, said


@step('the complaint of "{text:name}" says "{reason:words}"')
def complaint_says(context, text, reason):
    said = [journal.message(entry) for entry in complaints(context, text)]
    assert any(reason in message for message in said), said


@step('the file "{name:name}" loses its second half')
def loses_half(context, name):
    path = context.scene.runtime / name
    text = path.read_bytes()
    path.write_bytes(text[:len(text) // 2])

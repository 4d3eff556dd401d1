# SPDX-License-Identifier: LGPL-2.1-or-later
import http.client
import json

from behave import step

from support import api, match, step_types, wait  # noqa: F401
from support.shell import run
from support.stream import Stream, StreamRefused


def follow(context, path, headers=None):
    context.scene.stream = Stream(path, headers)
    context.scene.sockets.append(context.scene.stream)
    return context.scene.stream


# Events


@step('I follow the events')
def follow_events(context):
    """From the moment on when the daemon has said where the stream begins."""
    follow(context, "/events").read_event()


@step('I follow the events of pool "{pool:name}"')
def follow_pool(context, pool):
    follow(context, f"/events?pool={pool}").read_event()


@step('I follow the events from the one behind the last')
def follow_again(context):
    old = context.scene.stream
    old.close()
    context.scene.first_half = old.events
    follow(context, "/events", {"Last-Event-ID": old.last_id})


@step('I follow the events from the one behind the last, named in the query')
def follow_again_by_query(context):
    old = context.scene.stream
    old.close()
    context.scene.first_half = old.events
    follow(context, f"/events?last_event_id={old.last_id}")


@step('I follow the events from the one behind "{last:name}"')
def follow_from(context, last):
    follow(context, "/events", {"Last-Event-ID": last})


@step('I stop following')
def stop_following(context):
    context.scene.stream.close()


def comes(context, kind, good, what):
    return context.scene.stream.wait_for(lambda event: event.type == kind and good(event.data), what)


@step('an event tells that pool "{pool:name}" is "{state:name}"')
def tells_state(context, pool, state):
    event = comes(context, "pool", lambda data: (data["pool_id"], data["state"]) == (pool, state),
                  f"pool {pool} is {state}")
    answer = api.request("GET", f"/pools/{pool}/status")
    assert set(event.data) == set(answer.json), "the fields are not those of a status"


@step('an event tells that pool "{pool:name}" is gone')
def tells_gone(context, pool):
    comes(context, "pool_removed", lambda data: data["pool_id"] == pool, f"pool {pool} is gone")


@step('an event tells that the operation "{kind:name}" of pool "{pool:name}" has ended with')
def tells_end(context, kind, pool):
    event = comes(context, "operation", lambda data: (data["kind"], data["pool_id"]) == (kind, pool)
                  and "result" in data, f"the {kind} of pool {pool} has ended")
    match.check(context.table, event.data["result"], "the result")


@step('an event tells that events are missing, because "{reason:words}"')
def tells_reset(context, reason):
    event = comes(context, "reset", lambda data: True, "events are missing")
    assert reason in event.data["reason"], event


@step('no event is missing and none came twice')
def events_complete(context):
    events = getattr(context.scene, "first_half", []) + context.scene.stream.events
    numbers = [int(event.id.split("-")[1]) for event in events]
    assert len(numbers) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers


@step('all events were of pool "{pool:name}"')
def events_of(context, pool):
    others = [event for event in context.scene.stream.events if event.data["pool_id"] != pool]
    assert context.scene.stream.events and not others, others


@step('the stream says within {seconds:d} seconds where it stands')
def says_where(context, seconds):
    event = context.scene.stream.read_event(seconds)
    assert event is not None and event.type is None and event.id, event


@step('the stream has ended')
def stream_ended(context):
    stream = context.scene.stream
    try:
        while stream.read_line() is not None:
            pass
    except http.client.IncompleteRead:
        raise AssertionError("it was cut off") from None
    assert stream.ended


@step('{count:d} clients follow the events')
def many_follow(context, count):
    context.scene.streams = []
    for _ in range(count):
        follow_events(context)
        context.scene.streams.append(context.scene.stream)


@step('each of them is told that pool "{pool:name}" is "{state:name}"')
def each_told(context, pool, state):
    for context.scene.stream in context.scene.streams:
        tells_state(context, pool, state)


# Logs


@step('I ask for the logs "{path:name}"')
def ask_for_logs(context, path):
    """Once all that was written has reached the journal."""
    run("journalctl", "--sync")
    context.scene.answer = api.request("GET", path)


@step('I ask for the logs "{path:name}" as "{kind:name}"')
def ask_for_logs_as(context, path, kind):
    run("journalctl", "--sync")
    context.scene.answer = api.request("GET", path, headers={"Accept": kind})


@step('the answer has the content type "{kind:name}"')
def has_content_type(context, kind):
    assert context.scene.answer.headers["Content-Type"] == kind, str(context.scene.answer.headers)


def messages(answer):
    if answer.headers["Content-Type"] == "application/x-ndjson":
        return [json.loads(line)["message"] for line in answer.text.splitlines()]
    return [line.split(" ", 1)[1] for line in answer.text.splitlines()]


@step('the lines of the answer are')
def lines_are(context):
    found = messages(context.scene.answer)
    assert found == [row["line"] for row in context.table], found


@step('the answer has no line "{text:name}"')
def has_no_line(context, text):
    assert text not in messages(context.scene.answer), messages(context.scene.answer)


@step('the answer has the line "{text:name}"')
def has_line(context, text):
    assert text in messages(context.scene.answer), messages(context.scene.answer)


@step('each line of the answer is JSON with')
def each_line_has(context):
    lines = [json.loads(line) for line in context.scene.answer.text.splitlines()]
    assert lines, "there are none"
    for line in lines:
        match.check(context.table, line, "a line")


@step('I follow the logs "{path:name}"')
def follow_logs(context, path):
    follow(context, path)


@step('the line "{text:name}" comes')
def line_comes(context, text):
    stream = context.scene.stream
    seen = []
    while (line := stream.read_line()) is not None:
        seen.append(line)
        if line.endswith(" " + text):
            return
    raise AssertionError(f"it ended without; came: {seen}")


@step('{count:d} clients follow the logs "{path:name}" one after the other and go away')
def logs_come_and_go(context, count, path):
    """More than can be open at once; one who comes before the last one's end was noticed is asked to come again."""
    def come():
        try:
            return follow(context, path)
        except StreamRefused as refused:
            assert refused.status == 503, refused
            return None

    for _ in range(count):
        wait.until(come, f"{path} can be followed").close()

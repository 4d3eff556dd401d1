# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import shutil
import signal
import socket
import time

from behave import step

from support import api, daemon, engine, journal, match, step_types, units, wait  # noqa: F401
from support.engine_script import PLACE
from support.shell import run

# MESSAGE_ID of what the daemon says of its supervision: people filter by it, it does not change.
KINDS = {
    "crash": "f1e2d3c4b5a64798897a6b5c4d3e2707",
    "graceful end": "6b7a8998a7b64c5d8e4f3a2b1c0d9808",
    "restart to come": "6a8c0e2d4f1b4a3c9d5e7f9b1a3c5d26",
    "restart": "0c2e4a6b8d1f4c3e9a5b7d9f1e3a5c27",
    "open breaker": "4e6a8c0d2b1f4e5a9c7d9b1f3e5a7c28",
    "half-open breaker": "8a0c2e4f6d1b4a7c9e5f7d9b1a3c5e29",
    "closed breaker": "2c4e6a8b0d1f4c9e9a7b5d3f1e0a2c30",
    "restart storm": "b8d0f2a4c6e14b3d9f5a7c9e1d3f5b31",
    "failed start": "c7d1e5a6b8f94230914e7c6d5b4a3404",
    "ready engine": "2f6f4a3d9b7e4c0fa5c1d8e7b6a59303",
    "ended operation": "70b9e63d1a5f4c848d2e97c05fb1a673",
    "suppression": "94b6f3d20c8e4175a0d97e1c5b3af757",
    "OOM storm": "f2a4c6e8d0b14f5a9c7e5d3b1f0a2c32",
}
# Ends at once where the file is that its first argument names; otherwise becomes the rest of them.
CAN_BREAK = 'test -e "$0" && exit 3; exec "$@"'
# On a busy machine a timer is late by this much; it is never early.
LATE_MS = 1500


def matches(kind, pool):
    return f"_SYSTEMD_UNIT={daemon.UNIT}", f"POOL_ID={pool}", f"MESSAGE_ID={KINDS[kind]}"


def logged(context, kind, pool, count, seconds=30.0):
    """The first `count` entries of that kind; those to come are waited for."""
    found = []

    def look(entry):
        found.append(entry)
        return len(found) == count

    journal.wait_for(context.scene.since, look, f"the daemon logs {count} times of a {kind} of pool {pool}",
                     *matches(kind, pool), seconds=seconds)
    return found


def logged_so_far(context, kind, pool):
    run("journalctl", "--sync")
    return journal.entries(context.scene.since, *matches(kind, pool))


def unix_ms(entry):
    return int(entry["_SOURCE_REALTIME_TIMESTAMP"]) / 1000


def values(entry):
    """The fields of an entry; what is a number is one."""
    return {name: int(value) if isinstance(value, str) and value.isdigit() else value
            for name, value in entry.items()}


def restarted(context, pool, generation):
    """Waits for an engine of that generation which is ready."""
    def look():
        status = context.scene.status(pool)
        assert status["generation"] <= generation, f"it was started too often: {status}"
        return status["state"] == "ready" and status["generation"] == generation

    try:
        wait.until(look, f"pool {pool} is ready with generation {generation}", 30)
    except AssertionError as error:
        raise AssertionError(f"{error}; it is {context.scene.status(pool)}") from None


def kill(context, pool):
    """Kills the engine of a ready pool; returns its generation."""
    status = context.scene.status(pool)
    assert status["state"] == "ready", status
    os.kill(status["pid"], signal.SIGKILL)
    wait.process_ended(status["pid"])
    return status["generation"]


# Engines with troubles of their own


def broken(context, pool):
    """The file that keeps the engine of a pool from starting."""
    return PLACE / f"{pool}.broken"


@step('pool "{pool:name}" is ready with an engine that can break')
def can_break(context, pool):
    PLACE.mkdir(parents=True, exist_ok=True)
    file = broken(context, pool)
    context.add_cleanup(lambda: file.unlink(missing_ok=True))
    body = context.scene.prepared(pool, binary_path="/bin/sh")
    body["flags"] = ["-c", CAN_BREAK, str(file), engine.FAKE, *body["flags"]]
    answer = context.scene.preload(pool, body)
    assert answer.status == 200, str(answer)


@step('the engine of pool "{pool:name}" breaks')
def breaks(context, pool):
    """It dies, and cannot start any more."""
    broken(context, pool).touch()
    kill(context, pool)


@step('the engine of pool "{pool:name}" is mended')
def is_mended(context, pool):
    broken(context, pool).unlink()


@step('pool "{pool:name}" is ready with a program of its own')
def own_program(context, pool):
    PLACE.mkdir(parents=True, exist_ok=True)
    program = PLACE / f"engine-{pool}"
    shutil.copyfile(engine.FAKE, program)
    program.chmod(0o755)
    context.add_cleanup(program.unlink)
    answer = context.scene.preload(pool, context.scene.prepared(pool, binary_path=str(program)))
    assert answer.status == 200, str(answer)


@step('the program of pool "{pool:name}" is replaced by one that cannot be executed')
def replace_program(context, pool):
    other = PLACE / f"engine-{pool}.new"
    other.write_text("this is no program\n")
    other.chmod(0o755)
    other.rename(PLACE / f"engine-{pool}")


@step('somebody else listens on the port of pool "{pool:name}"')
def take_port(context, pool):
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(("127.0.0.1", context.scene.port(pool)))
    taken.listen()
    context.scene.sockets.append(taken)


@step('somebody else listens there no more')
def leave_port(context):
    context.scene.sockets[-1].close()


@step('the engine of pool "{pool:name}" is killed for want of memory')
def killed_for_memory(context, pool):
    """By the mark that systemd-oomd leaves on a control group before it kills: here the kernel counts none."""
    status = context.scene.status(pool)
    group = units.properties(status["unit"], "ControlGroup")["ControlGroup"]
    os.setxattr(f"/sys/fs/cgroup{group}", "user.oomd_ooms", b"1")
    os.kill(status["pid"], signal.SIGKILL)
    wait.process_ended(status["pid"])


@step('the engine of pool "{pool:name}" answers no checks')
def answers_no_checks(context, pool):
    engine.tell(context.scene.port(pool), "/control?health=hang")


# Crashes and restarts


def send_to_warming(context, pool, number):
    """By what the daemon says of the engine: it may not listen yet."""
    status = context.scene.status(pool)
    assert status["state"] == "warming", status
    os.kill(status["pid"], number)
    return status["pid"]


@step('the warming engine of pool "{pool:name}" is killed')
def warming_is_killed(context, pool):
    wait.process_ended(send_to_warming(context, pool, signal.SIGKILL))


@step('the warming engine of pool "{pool:name}" hangs')
def warming_hangs(context, pool):
    send_to_warming(context, pool, signal.SIGSTOP)


@step('the engine of pool "{pool:name}" is killed, and is back')
def killed_once_and_back(context, pool):
    killed_and_back(context, pool, 1)


@step('the engine of pool "{pool:name}" is killed {count:d} times, and is back each time')
def killed_and_back(context, pool, count):
    for _ in range(count):
        restarted(context, pool, kill(context, pool) + 1)


@step('the engine of pool "{pool:name}" is killed {count:d} times, and completes "{prompt:name}" after each')
def killed_and_completes(context, pool, count, prompt):
    for _ in range(count):
        killed_once_and_back(context, pool)
        answer = api.request("POST", "/completion", {"prompt": prompt, "n_predict": 8},
                             address=("127.0.0.1", context.scene.port(pool)))
        assert answer.status == 200 and answer.json["tokens_predicted"] >= 1, str(answer)


@step('pool "{pool:name}" becomes ready with generation {generation:d}')
def ready_with_generation(context, pool, generation):
    restarted(context, pool, generation)


@step('pool "{pool:name}" stays "{state:name}" while that of pool "{other:name}" crashes and is restarted')
def stays(context, pool, state, other):
    """The other one waits as long, and begins to wait later: what was to come of the first has come by then."""
    before = context.scene.status(pool)
    assert before["state"] == state, before
    restarted(context, other, kill(context, other) + 1)
    now = context.scene.status(pool)
    assert (now["state"], now["generation"]) == (state, before["generation"]), now


@step('the engine of pool "{pool:name}" is killed, and an event tells within {ms:d} ms that it is not ready')
def told_at_once(context, pool, ms):
    kill(context, pool)
    ended = time.monotonic()
    event = context.scene.stream.wait_for(
        lambda e: e.type == "pool" and e.data["pool_id"] == pool and not e.data["ready"], f"pool {pool} is not ready")
    took = (time.monotonic() - ended) * 1000
    assert not event.data["live"] and event.data["pid"] is None, event
    assert took <= ms, f"after {took:.1f} ms"


@step('pool "{pool:name}" comes to have had {count:d} restarts')
def comes_to_have(context, pool, count):
    wait.until(lambda: context.scene.status(pool)["restart_count"] == count, f"restart_count of pool {pool} is {count}")


@step('pool "{pool:name}" has the circuit "{first:name}", then "{second:name}"')
def circuit_changes(context, pool, first, second):
    now = context.scene.status(pool)["circuit_state"]
    assert now == first, now

    def look():
        state = context.scene.status(pool)["circuit_state"]
        assert state in (first, second), state
        return state == second

    wait.until(look, f"the circuit of pool {pool} is {second}")


@step('pool "{pool:name}" is to be restarted in {low:d} to {high:d} seconds')
def restart_announced(context, pool, low, high):
    seconds = context.scene.status(pool)["next_restart_at_ms"] / 1000 - time.time()
    assert low <= seconds <= high, seconds


@step('the time at which pool "{pool:name}" was to be restarted is over')
def due_is_over(context, pool):
    """Nobody is there who could tell."""
    entry = logged(context, "restart to come", pool, 1)[0]
    wait.until(lambda: time.time() * 1000 > int(entry["NEXT_RESTART_AT"]), "the restart is due")


@step('there is no unit of pool "{pool:name}" but that of its engine')
def no_other_unit(context, pool):
    status = context.scene.status(pool)
    found = [unit for unit in units.engines() if unit.startswith(f"pool@{pool}:")]
    assert found == [status["unit"]], found
    assert set(units.slice_processes()) >= {status["pid"]}, units.slice_processes()


@step('I remember what is to come of pool "{pool:name}"')
def remember(context, pool):
    context.scene.remembered[pool] = context.scene.status(pool)


@step('pool "{pool:name}" goes through "{states:name}"')
def goes_through(context, pool, states):
    """As the events tell, from where it is ready. The states of a start may come together, and an engine that has
    ended is stopping for as long as its last words are read."""
    wanted, seen = states.split(", "), []
    passing = {"preflight", "starting", "warming", "stopping"} - set(wanted)

    def look(event):
        if event.type != "pool" or event.data["pool_id"] != pool:
            return False
        state = event.data["state"]
        is_new = seen[-1] != state if seen else state != "ready"
        if state not in passing and is_new:
            seen.append(state)
        assert seen == wanted[:len(seen)], f"it went through {seen}"
        return seen == wanted

    context.scene.stream.wait_for(look, f"pool {pool} goes through {states}")


# Delays, as the journal has them


@step('the delays chosen for pool "{pool:name}" are')
def delays(context, pool):
    rows = [(int(row["from ms"]), int(row["to ms"])) for row in context.table]
    found = [int(entry["BACKOFF_MS"]) for entry in logged(context, "restart to come", pool, len(rows))]
    wrong = [(row, ms) for row, ms in zip(rows, found) if not row[0] <= ms <= row[1]]
    assert not wrong, f"{found}: {wrong}"


@step('the first {count:d} delays chosen for pool "{pool:name}" are from {low:d} to {high:d} ms, and differ')
def delays_differ(context, count, pool, low, high):
    found = [int(entry["BACKOFF_MS"]) for entry in logged(context, "restart to come", pool, count)]
    assert all(low <= ms <= high for ms in found), found
    assert len(set(found)) > 1, found


@step('the first restart of pool "{pool:name}" came when its delay was over')
def delay_kept(context, pool):
    delays_kept(context, 1, pool)


@step('the first {count:d} restarts of pool "{pool:name}" came when their delays were over')
def delays_kept(context, count, pool):
    announced = logged(context, "restart to come", pool, count)
    begun = logged(context, "restart", pool, count)
    for number, (said, done) in enumerate(zip(announced, begun), 1):
        assert int(said["NEXT_RESTART_AT"]) <= unix_ms(done) + 1, f"restart {number} was early"
        took, delay = unix_ms(done) - unix_ms(said), int(said["BACKOFF_MS"])
        # The two entries are written after what they tell of: either may be late by itself.
        assert delay - 50 <= took <= delay + LATE_MS, f"restart {number}: {took} ms after it was announced, not {delay}"


@step('pool "{pool:name}" was restarted when that had been announced, not before')
def kept_remembered(context, pool):
    done = logged(context, "restart", pool, 1)[0]
    announced = context.scene.remembered[pool]["next_restart_at_ms"]
    assert announced - 1 <= unix_ms(done) <= announced + LATE_MS, f"{unix_ms(done) - announced} ms late"


@step('of the first {count:d} restarts of pool "{pool:name}" no {limit:d} are within {ms:d} ms')
def restart_rate(context, count, pool, limit, ms):
    times = [unix_ms(entry) for entry in logged(context, "restart", pool, count, 60)]
    spans = [times[i + limit - 1] - times[i] for i in range(count - limit + 1)]
    # An entry may be written a moment after the restart that it tells of.
    assert all(span >= ms - 50 for span in spans), f"{spans}"
    assert min(spans) <= ms + LATE_MS, f"nothing came near to the limit: {spans}"


@step('the breaker of pool "{pool:name}" was open for')
def open_for(context, pool):
    rows = [(int(row["from ms"]), int(row["to ms"])) for row in context.table]
    opened = logged(context, "open breaker", pool, len(rows))
    half = logged(context, "half-open breaker", pool, len(rows))
    found = [unix_ms(h) - unix_ms(o) for o, h in zip(opened, half)]
    wrong = [(row, ms) for row, ms in zip(rows, found) if not row[0] - 50 <= ms <= row[1]]
    assert not wrong, f"{found}: {wrong}"


@step('between the first {count:d} openings of the breaker of pool "{pool:name}" there was 1 restart each')
def single_trials(context, count, pool):
    opened = [unix_ms(entry) for entry in logged(context, "open breaker", pool, count)]
    begun = [unix_ms(entry) for entry in logged_so_far(context, "restart", pool)]
    trials = [sum(start < ms < end for ms in begun) for start, end in zip(opened, opened[1:])]
    assert trials == [1] * (count - 1), trials


# What the journal has of it


@step('the journal has an entry "{kind:name}" of pool "{pool:name}" with')
def logged_with(context, kind, pool):
    match.check(context.table, values(logged(context, kind, pool, 1)[0]), f"the {kind} of pool {pool}")


@step('the journal has {count:d} entries "{kind:name}" of pool "{pool:name}"')
@step('the journal has {count:d} entry "{kind:name}" of pool "{pool:name}"')
def logged_times(context, count, kind, pool):
    logged(context, kind, pool, count)
    found = logged_so_far(context, kind, pool)
    assert len(found) == count, [journal.message(entry) for entry in found]


@step('the journal has no entry "{kind:name}" of pool "{pool:name}"')
def logged_nothing(context, kind, pool):
    found = logged_so_far(context, kind, pool)
    assert not found, [journal.message(entry) for entry in found]

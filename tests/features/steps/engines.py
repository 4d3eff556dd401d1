# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import pathlib
import signal

from behave import step

from support import api, engine, journal, step_types, units, wait  # noqa: F401
from support.shell import TESTER_UID


def engine_pid(context, pool):
    return engine.ask(context.scene.port(pool), "/self")["pid"]


# Making it do things


@step('the engine of pool "{pool:name}" becomes healthy')
def becomes_healthy(context, pool):
    engine.tell(context.scene.port(pool), "/control?health=200")


@step('the engine of pool "{pool:name}" turns unhealthy')
def turns_unhealthy(context, pool):
    engine.tell(context.scene.port(pool), "/control?health=503")


@step('the engine of pool "{pool:name}" fails one health check')
def fails_one(context, pool):
    port = context.scene.port(pool)
    turns_unhealthy(context, pool)
    before = engine.ask(port, "/requests")["checks"]
    engine.ask(port, f"/wait?checks={before + 1}")
    becomes_healthy(context, pool)


@step('the engine of pool "{pool:name}" is killed')
def is_killed(context, pool):
    pid = engine_pid(context, pool)
    os.kill(pid, signal.SIGKILL)
    wait.process_ended(pid)


@step('the engine of pool "{pool:name}" dies of signal {number:d}')
def dies_of_signal(context, pool, number):
    pid = engine_pid(context, pool)
    engine.tell(context.scene.port(pool), f"/kill?signal={number}")
    wait.process_ended(pid)


@step('the engine of pool "{pool:name}" exits with {status:d}')
def exits_with(context, pool, status):
    pid = engine_pid(context, pool)
    engine.tell(context.scene.port(pool), f"/exit?status={status}")
    wait.process_ended(pid)


# Waiting for its health checks; the engine itself tells, nobody asks twice


@step('the engine of pool "{pool:name}" runs')
@step('the engine of pool "{pool:name}" answers')
def runs(context, pool):
    assert units.is_running(engine_pid(context, pool))


@step('the engine of pool "{pool:name}" has had {count:d} health checks')
@step('the engine of pool "{pool:name}" has had {count:d} health check')
def has_had(context, pool, count):
    engine.ask(context.scene.port(pool), f"/wait?checks={count}")


@step('the engine of pool "{pool:name}" has had {count:d} more health checks')
def has_had_more(context, pool, count):
    port = context.scene.port(pool)
    before = engine.ask(port, "/requests")["checks"]
    engine.ask(port, f"/wait?checks={before + count}")


@step('the pauses between the last {count:d} health checks of pool "{pool:name}" are from {low:d} to {high:d} ms')
def pauses(context, count, pool, low, high):
    gaps = engine.ask(context.scene.port(pool), "/requests")["gaps_ms"][-count:]
    assert len(gaps) == count and all(low <= gap <= high for gap in gaps), gaps


@step('the first pauses between the health checks of pool "{pool:name}" are under {ms:d} ms')
def first_pauses(context, pool, ms):
    gaps = engine.ask(context.scene.port(pool), "/requests")["gaps_ms"][:3]
    assert len(gaps) == 3 and all(gap < ms for gap in gaps), gaps


# What it is


@step('the pid in the answer is that of the engine of pool "{pool:name}"')
def answer_pid(context, pool):
    assert context.scene.answer.json["pid"] == engine_pid(context, pool)


@step('the program of the engine of pool "{pool:name}" is the binary path')
def program(context, pool):
    found = units.program(engine_pid(context, pool))
    assert found == context.scene.bodies[pool]["binary_path"], found


@step('the command line of the engine of pool "{pool:name}" is the binary path and those flags')
def command_line(context, pool):
    body = context.scene.bodies[pool]
    wanted = [body["binary_path"], *body["flags"]]
    found = units.command_line(engine_pid(context, pool))
    assert found == wanted, "".join(f"\n  {a!r} should be {b!r}" for a, b in zip(found, wanted) if a != b) or found


def environment(context, pool):
    return dict(item.split("=", 1) for item in engine.ask(context.scene.port(pool), "/self")["environment"])


@step('the environment of the engine of pool "{pool:name}" has')
def environment_has(context, pool):
    found = environment(context, pool)
    wrong = {row["name"]: found.get(row["name"]) for row in context.table if found.get(row["name"]) != row["value"]}
    assert not wrong, wrong


@step('the environment of the engine of pool "{pool:name}" has no name that begins with "{start:name}"')
def environment_lacks(context, pool, start):
    assert not [name for name in environment(context, pool) if name.startswith(start)]


@step('the engine of pool "{pool:name}" does not run as root')
def not_root(context, pool):
    status = pathlib.Path(f"/proc/{engine_pid(context, pool)}/status").read_text()
    rows = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "0" not in rows["Uid"].split() and "0" not in rows["Gid"].split(), rows["Uid"] + rows["Gid"]
    assert int(rows["CapEff"], 16) == 0 and rows["NoNewPrivs"] == "1", rows


@step('the engine of pool "{pool:name}" runs as that user')
def runs_as_user(context, pool):
    assert engine.ask(context.scene.port(pool), "/self")["uid"] == TESTER_UID


@step('the engines of pool "{one:name}" and pool "{two:name}" are different processes')
def different(context, one, two):
    assert engine_pid(context, one) != engine_pid(context, two)


@step('pool "{pool:name}" completes the prompt "{prompt:name}"')
def completes(context, pool, prompt):
    answer = api.request("POST", "/completion", {"prompt": prompt, "n_predict": 8},
                         address=("127.0.0.1", context.scene.port(pool)))
    assert answer.status == 200, str(answer)
    assert answer.json["tokens_predicted"] >= 1, str(answer)


# Whether it is gone


@step('the remembered engine of pool "{pool:name}" is gone')
def remembered_is_gone(context, pool):
    """Not now but when the daemon says so: waiting here is only for stops that somebody else does."""
    wait.process_ended(context.scene.remembered[pool]["pid"])


@step('the remembered engine of pool "{pool:name}" still runs')
def remembered_runs(context, pool):
    assert units.is_running(context.scene.remembered[pool]["pid"])


@step('I remember the child of the engine of pool "{pool:name}"')
def remember_child(context, pool):
    child = engine.ask(context.scene.port(pool), "/self")["child"]
    assert units.is_running(child), child
    assert os.getsid(child) == child, f"process {child} is in session {os.getsid(child)}"
    context.scene.children[pool] = child


@step('the remembered child of pool "{pool:name}" is gone')
def child_is_gone(context, pool):
    assert not units.is_running(context.scene.children[pool])


@step('the engine of pool "{pool:name}" still runs and there is no file "{name:name}"')
def runs_without_file(context, pool, name):
    assert not (context.scene.runtime / name).exists(), f"{name} is still there"
    assert units.is_running(engine_pid(context, pool))


# What it writes


@step('the journal has a line "{text:words}" of the engine of pool "{pool:name}"')
def journal_has(context, text, pool):
    """By unit, and by pool: both ways are documented."""
    for selected in (["--unit=pool@*"], [f"POOL_ID={pool}", "_TRANSPORT=stdout"]):
        entry = journal.wait_for(context.scene.since, lambda e: journal.message(e) == text,
                                 f"the journal has {text!r} of pool {pool}", *selected)
        assert entry["_SYSTEMD_UNIT"].startswith(f"pool@{pool}:"), entry


@step('the lines of the engine of pool "{pool:name}" carry')
def lines_carry(context, pool):
    found = journal.entries(context.scene.since, f"POOL_ID={pool}", "_TRANSPORT=stdout")
    assert found, "there are none"
    for entry in found:
        wrong = {row["field"]: entry.get(row["field"]) for row in context.table
                 if entry.get(row["field"]) != row["value"]}
        assert not wrong, wrong

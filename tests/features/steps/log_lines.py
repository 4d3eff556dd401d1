# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon's own lines: in the journal, or as JSON in a file."""
import json
import os
import pathlib
import signal

from behave import step

from support import api, daemon, journal, match, step_types, wait  # noqa: F401
from support.shell import run

STDERR = pathlib.Path("/run/pool-managerd-test.jsonl")
IGNORED = "7d2e4f6a8b0c4d1e9f3a5b7c9d1e3f17"
SUPPRESSED = "94b6f3d20c8e4175a0d97e1c5b3af757"
LOADED = pathlib.Path("/run/pool-managerd-test-secret")


def values(entry):
    """The fields of an entry; what is a number is one."""
    return {name: int(value) if isinstance(value, str) and value.isdigit() else value
            for name, value in entry.items()}


def lines_about(context, pool):
    run("journalctl", "--sync")
    return journal.entries(context.scene.since, f"_SYSTEMD_UNIT={daemon.UNIT}", f"POOL_ID={pool}")


@step('each line of the daemon about pool "{pool:name}" has')
def each_has(context, pool):
    found = lines_about(context, pool)
    assert len(found) >= 4, [journal.message(entry) for entry in found]
    # Before the start there is no generation.
    for entry in found:
        table = [row for row in context.table if row["field"] != "POOL_GENERATION" or "POOL_GENERATION" in entry]
        match.check(table, values(entry), journal.message(entry))


@step('no line of the daemon about pool "{pool:name}" has the field "{field:name}"')
def none_has(context, pool, field):
    found = [journal.message(entry) for entry in lines_about(context, pool) if field in entry]
    assert not found, found


@step('the last line of the daemon about pool "{pool:name}" has')
def last_has(context, pool):
    entry = lines_about(context, pool)[-1]
    match.check(context.table, values(entry), journal.message(entry))


# JSON lines


@step('the unit of the daemon writes its errors to a file')
def to_a_file(context):
    STDERR.unlink(missing_ok=True)
    context.scene.on_close(lambda: STDERR.unlink(missing_ok=True))
    daemon.drop_in(f"[Service]\nStandardError=append:{STDERR}")


@step('each line of that file is a JSON object')
def each_is_json(context):
    text = STDERR.read_bytes().decode()
    assert text.endswith("\n"), text[-200:]
    for line in text.splitlines():
        entry = json.loads(line)
        assert {"timestamp", "priority", "level", "message", "message_id"} <= set(entry), line
        assert all(name == name.lower() for name in entry), line


@step('a line of that file with the message_id "{message_id:name}" has')
def line_has(context, message_id):
    entry = next(entry for entry in map(json.loads, STDERR.read_text().splitlines())
                 if entry["message_id"] == message_id)
    match.check(context.table, entry, entry["message"])


# What one request has caused


def preload_as(context, pool, correlation, body):
    context.scene.answer = api.request("POST", f"/pools/{pool}/preload", {"prepared": body},
                                       headers={"X-Correlation-Id": correlation})


@step('I preload pool "{pool:name}", whose engine prints "{text:words}", with the correlation id "{correlation:name}"')
def preload_printing(context, pool, text, correlation):
    preload_as(context, pool, correlation, context.scene.prepared(pool, ["--print", text]))
    assert context.scene.answer.status == 200, str(context.scene.answer)


@step('I preload pool "{pool:name}" differently with the correlation id "{correlation:name}"')
def preload_differently(context, pool, correlation):
    preload_as(context, pool, correlation, context.scene.prepared(pool, ["--print", "another"]))


@step('I stop pool "{pool:name}" with the correlation id "{correlation:name}"')
def stop_as(context, pool, correlation):
    context.scene.answer = api.request("POST", f"/pools/{pool}/stop", headers={"X-Correlation-Id": correlation})
    assert context.scene.answer.status == 200, str(context.scene.answer)


@step('the journal tells with the correlation id "{correlation:name}"')
def tells(context, correlation):
    """In this order, and nothing else of the daemon's; the engine says more than is asked for here."""
    wanted = [row["what"] for row in context.table]
    journal.wait_for(context.scene.since, lambda e: wanted[-1] in journal.message(e), f"the journal tells {wanted[-1]!r}",
                     f"CORRELATION_ID={correlation}")
    run("journalctl", "--sync")
    said = [journal.message(entry) for entry in journal.entries(context.scene.since, f"CORRELATION_ID={correlation}")]
    told = [line for line in said if line.startswith("Pool ") or any(line.startswith(each) for each in wanted)]
    assert len(told) == len(wanted) and sorted(wanted) == sorted(
        next((each for each in wanted if line.startswith(each)), line) for line in told), "\n".join(said)
    own = [line for line in told if line.startswith("Pool ")]
    order = [each for each in wanted if each.startswith("Pool ")]
    assert all(line.startswith(each) for line, each in zip(own, order)), "\n".join(own)


@step('the journal tells nothing with the correlation id "{correlation:name}"')
def tells_nothing(context, correlation):
    run("journalctl", "--sync")
    said = journal.entries(context.scene.since, f"CORRELATION_ID={correlation}")
    assert not said, [journal.message(entry) for entry in said]


# What must not be there


@step('clients use the token "{good:name}" and the wrong token "{bad:name}" for engines with secrets')
def use_secrets(context, good, bad):
    """A start that is good and a crash after it, one that fails, and bodies and requests that are refused."""
    LOADED.write_text("credential-b61d20\n")
    context.scene.on_close(lambda: LOADED.unlink(missing_ok=True))
    secrets = {"env": {"API_KEY": "env-5e9c04"}, "credentials": {"key": str(LOADED)}}

    def post(token, pool, body):
        return api.request("POST", f"/pools/{pool}/preload", {"prepared": body}, timeout=60,
                           headers={"Authorization": f"Bearer {token}"}).status

    assert post(bad, "p", context.scene.prepared("p", **secrets)) == 401
    assert post(good, "p", context.scene.prepared("p", **secrets)) == 200
    assert post(good, "q", context.scene.prepared("q", ["--exit-at-once", "3"], **secrets)) == 500
    assert post(good, "r", context.scene.prepared("r", credentials={"key": f"{LOADED}.not-there"},
                                                  env=secrets["env"])) == 500
    assert post(good, "s", context.scene.prepared("s", env={"API_KEY": ["env-refused-77"]})) == 400
    assert post(good, "s", context.scene.prepared("s", env={"API=KEY": "env-refused-77"})) == 400
    headers = {"Authorization": f"Bearer {good}"}
    before = api.request("GET", "/pools/p/status", headers=headers).json
    os.kill(before["pid"], signal.SIGKILL)

    def look():
        now = api.request("GET", "/pools/p/status", headers=headers).json
        return now["state"] == "ready" and now["generation"] > before["generation"]

    wait.until(look, "pool p is ready again", 30)
    run("systemctl", "stop", daemon.UNIT)


@step('nothing in the journal contains')
def contains_nothing(context):
    run("journalctl", "--sync")
    # All fields of all units, as they are; but for what the one who tests has run himself.
    said = run("journalctl", "--no-pager", "--quiet", "--output=export", "--all",
               f"--since=@{context.scene.since:.6f}").stdout
    assert said.count("\nMESSAGE_ID=") > 10, said[:1000]
    for row in context.table:
        where = [line for line in said.splitlines() if row["secret"] in line]
        assert not where, f"{row['what it is']}: {where[:5]}"


@step('a handoff file whose name has two lines, "MESSAGE=forged" and a control character')
def forged_name(context):
    folder = daemon.RUNTIME / "engines"
    folder.mkdir(exist_ok=True)
    (folder / "x\nMESSAGE=forged\x1b.json").write_text("{")


@step('no line in the journal is forged')
def none_forged(context):
    run("journalctl", "--sync")
    for entry in journal.entries(context.scene.since):
        assert journal.message(entry) != "forged", entry
        # "<0>" at the beginning of a line of the engine's is a part of the line.
        assert int(entry.get("PRIORITY", 6)) > 0, entry
    own = journal.entries(context.scene.since, f"_SYSTEMD_UNIT={daemon.UNIT}")
    assert own and not [entry for entry in own if "\n" in journal.message(entry) or "\x1b" in journal.message(entry)]


# Floods


@step('{count:d} handoff files that are none')
def files_that_are_none(context, count):
    folder = daemon.RUNTIME / "engines"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"none-{number}.json").write_text("this is no JSON")


@step('the daemon has logged {count:d} times that a handoff file is ignored')
def ignored_times(context, count):
    run("journalctl", "--sync")
    found = journal.entries(context.scene.since, f"MESSAGE_ID={IGNORED}")
    assert len(found) == count, [journal.message(entry) for entry in found]


@step('the daemon has logged that {count:d} more were suppressed')
def suppressed(context, count):
    entry = journal.wait_for(context.scene.since, lambda e: True, "the daemon logs a suppression",
                             f"MESSAGE_ID={SUPPRESSED}")
    assert entry["SUPPRESSED_COUNT"] == str(count) and entry["SUPPRESSED_MESSAGE_ID"] == IGNORED, entry


@step('the journal has some, but not more than {most:d} lines of the engine of pool "{pool:name}"')
def some_lines(context, most, pool):
    """journald allows a few times the burst where the disk has room."""
    run("journalctl", "--sync")
    count = len(journal.entries(context.scene.since, f"POOL_ID={pool}", f"SYSLOG_IDENTIFIER={pool}"))
    assert 0 < count <= most, f"there are {count}"


# Explanations


@step('the catalog of the journal is brought up to date')
def update_catalog(context):
    run("journalctl", "--update-catalog")


@step('journalctl explains the line "{line:words}" of the daemon by "{text:words}"')
def explains(context, line, text):
    run("journalctl", "--sync")
    said = run("journalctl", "--no-pager", "--quiet", "--catalog", f"--since=@{context.scene.since:.6f}",
               f"_SYSTEMD_UNIT={daemon.UNIT}").stdout.splitlines()
    at = next((number for number, each in enumerate(said) if line in each), None)
    assert at is not None, said
    assert any(text in each for each in said[at:at + 4]), said[at:at + 4]

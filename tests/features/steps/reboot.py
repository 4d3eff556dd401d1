# SPDX-License-Identifier: LGPL-2.1-or-later
import json

from behave import step

from support import api, daemon, journal, step_types, units, wait  # noqa: F401
from support.shell import TESTER, run
from support.values import octets

OTHER_BOOT = "0123456789abcdef0123456789abcdef"
# The clock of the boot before was that much ahead.
AHEAD_USEC = 3600 * 1000000


def kept(pool):
    return daemon.STATE / "pools" / f"{pool}.json"


def age(value):
    """What was written, as another boot would have written it."""
    if isinstance(value, list):
        return [age(item) for item in value]
    if not isinstance(value, dict):
        return value
    aged = {name: age(item) for name, item in value.items()}
    for name, item in aged.items():
        if name.endswith("_mono_usec") and isinstance(item, int):
            aged[name] = item + AHEAD_USEC
        elif name.endswith("_mono_usec"):
            aged[name] = [time + AHEAD_USEC for time in item]
    return aged


@step('the host is rebooted')
def is_rebooted(context):
    """All that a reboot does to us, short of one: units, /run and the boot are gone; the daemon does not run yet."""
    run("systemctl", "stop", daemon.UNIT)
    run("systemctl", "stop", *units.engines(), units.SLICE)
    run("systemctl", "reset-failed")
    daemon.empty(daemon.RUNTIME)
    for path in [*(daemon.STATE / "pools").glob("*.json"), *(daemon.STATE / "declared").glob("*.json")]:
        path.write_text(json.dumps({**age(json.loads(path.read_text())), "boot_id": OTHER_BOOT}))


@step('the daemon is started by every boot')
def by_every_boot(context):
    """As `systemctl enable` does, for what this machine boots to."""
    run("systemctl", "add-wants", "bed.target", daemon.UNIT)


@step('the machine has started the daemon')
def has_started(context):
    wait.until(api.is_ready, "the daemon is ready", 60)


@step('the runtime directory is emptied')
def is_emptied(context):
    daemon.empty(daemon.RUNTIME)


@step('I remember until when the breaker of pool "{pool:name}" is open')
def remember_open(context, pool):
    context.scene.remembered[pool] = context.scene.status(pool)


@step('the breaker of pool "{pool:name}" is open as long as remembered')
def open_as_long(context, pool):
    """The wall clock may have been set meanwhile, which is what a reboot is known for: not here."""
    before, now = context.scene.remembered[pool], context.scene.status(pool)
    difference = now["circuit_opens_until_ms"] - before["circuit_opens_until_ms"]
    assert abs(difference) <= 100, f"by {difference} ms"


@step('nothing is kept of pool "{pool:name}"')
def is_not_kept(context, pool):
    assert not kept(pool).exists(), kept(pool).read_text()


@step('what is kept of pool "{pool:name}" is written with {content:words}')
def write_kept(context, pool, content):
    kept(pool).write_bytes(octets(content))


@step('what was kept of pool "{pool:name}" is set aside')
def kept_aside(context, pool):
    assert not kept(pool).exists()
    assert kept(pool).with_name(f"{pool}.json.bad").is_file()


@step('the daemon has complained {count:d} times of the state directory')
def complained(context, count):
    """Once each time that it was started."""
    run("journalctl", "--sync")
    found = [journal.message(entry) for entry in journal.entries(context.scene.since, f"_SYSTEMD_UNIT={daemon.UNIT}")
             if int(entry["PRIORITY"]) <= 4 and "state directory" in journal.message(entry)]
    assert len(found) == count, found


@step("the user's daemon is stopped")
def user_daemon_stopped(context):
    run("systemctl", "--user", "stop", daemon.UNIT, user=TESTER)


@step('the state directory of the user\'s daemon has the file "{name:name}"')
def user_state_has(context, name):
    """Older ones of systemd have it where the configuration is."""
    assert any((place / name).is_file() for place in daemon.USER_STATES), [str(place) for place in daemon.USER_STATES]

# SPDX-License-Identifier: LGPL-2.1-or-later
"""The shutdown of the host, with the real logind. What it ends in is a target that does nothing."""

import json
import pathlib

from behave import step

from support import journal, step_types, units, wait  # noqa: F401
from support.shell import run

LOGIND = "systemd-logind.service"
TARGET = "poweroff.target"
HARMLESS = pathlib.Path(f"/run/systemd/system/{TARGET}")
DELAY = pathlib.Path("/run/systemd/logind.conf.d/50-test.conf")


class Host:
    """Cannot go down until closed."""

    def __init__(self):
        HARMLESS.parent.mkdir(parents=True, exist_ok=True)
        HARMLESS.write_text("[Unit]\nDescription=The host would be off now\nDefaultDependencies=no\n")
        run("systemctl", "daemon-reload")
        shown = units.properties(TARGET, "FragmentPath")["FragmentPath"]
        assert shown == str(HARMLESS), f"a shutdown would be one: {shown}"
        self.restart_logind()

    def restart_logind(self):
        run("systemctl", "reset-failed", LOGIND, check=False)
        run("systemctl", "restart", LOGIND)

    def close(self):
        run("systemctl", "stop", LOGIND, TARGET)
        DELAY.unlink(missing_ok=True)
        HARMLESS.unlink()
        run("systemctl", "daemon-reload")


def inhibitors():
    """Ours, of those that logind lists."""
    listed = run("busctl", "--json=short", "call", "org.freedesktop.login1", "/org/freedesktop/login1",
                 "org.freedesktop.login1.Manager", "ListInhibitors").stdout
    return [one for one in json.loads(listed)["data"][0] if one[1] == "pool-managerd"]


def is_off():
    return units.properties(TARGET, "ActiveState")["ActiveState"] == "active"


@step('a host with logind')
def host(context):
    context.scene.host = Host()
    context.scene.sockets.append(context.scene.host)


@step('logind delays a shutdown for at most {seconds:d} s')
def delay(context, seconds):
    DELAY.parent.mkdir(parents=True, exist_ok=True)
    DELAY.write_text(f"[Login]\nInhibitDelayMaxSec={seconds}\n")
    context.scene.host.restart_logind()


@step('logind is stopped')
def stop(context):
    run("systemctl", "stop", LOGIND)


@step('logind is started')
def start(context):
    run("systemctl", "start", LOGIND)


@step('logind is restarted')
def restart(context):
    context.scene.host.restart_logind()


@step('logind is killed and forgets its inhibitors')
def lose(context):
    run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", LOGIND)
    run("systemctl", "stop", LOGIND, check=False)
    for path in pathlib.Path("/run/systemd/inhibit").iterdir():
        path.unlink()
    context.scene.host.restart_logind()


@step('logind does not run')
def is_stopped(context):
    assert units.properties(LOGIND, "ActiveState")["ActiveState"] == "inactive"


@step('the shutdown of the host is inhibited')
def inhibited(context):
    wait.until(inhibitors, "logind lists an inhibitor of the daemon")
    wait.until(lambda: len(inhibitors()) == 1, "it is a single one")
    what, _, _, mode, uid, _ = inhibitors()[0]
    assert (what, mode, uid) == ("shutdown", "delay", 0), inhibitors()


@step('the shutdown of the host is not inhibited')
def not_inhibited(context):
    wait.until(lambda: not inhibitors(), "logind lists no inhibitor of the daemon")


@step('the host is shut down')
def shut_down(context):
    run("systemctl", "poweroff")


@step('the host still runs')
def still_runs(context):
    assert not is_off(), "the host would be off"


@step('the host goes down')
def goes_down(context):
    wait.until(is_off, "the host would be off")


@step('the daemon logs that the host shuts down with {count:d} leases out')
def logs_shutdown(context, count):
    journal.wait_for(context.scene.since, lambda e: f"{count} leases are out" in journal.message(e),
                     "the daemon logs the shutdown", "MESSAGE_ID=d3a9471e5c2840b6b7f08e21c6954a13")


@step('the daemon logs that the host does not shut down after all')
def logs_called_off(context):
    journal.wait_for(context.scene.since, lambda e: True, "the daemon logs the end of it",
                     "MESSAGE_ID=47c0e8b2f61d4d95a03b9c7e5d1f82a6")

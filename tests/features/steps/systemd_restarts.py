# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon stands on is started anew under it."""

from behave import step

from support import daemon, units
from support.shell import run


def restart(unit):
    old = units.properties(unit, "MainPID")["MainPID"]
    run("systemctl", "restart", unit)
    new = units.properties(unit, "MainPID")["MainPID"]
    assert new not in ("0", old), f"{unit} was not restarted"


@step('systemd is executed anew')
def execute_anew(context):
    run("systemctl", "daemon-reexec")


@step('journald is restarted')
def restart_journald(context):
    restart("systemd-journald.service")


@step('the bus is restarted')
def restart_bus(context):
    """It ends with its connection, and systemd starts it again."""
    context.scene.daemon_may_die = True
    old = daemon.main_pid()
    restart("dbus.service")
    daemon.wait_for_another(old)


@step('the bus dies')
def kill_bus(context):
    context.scene.daemon_may_die = True
    old = daemon.main_pid()
    run("systemctl", "kill", "--signal=KILL", "dbus.service")
    daemon.wait_for_another(old)

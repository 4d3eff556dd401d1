# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import signal

from behave import step

from support import api, daemon, step_types, wait  # noqa: F401
from support.shell import TESTER, run


def user_main_pid():
    return int(run("systemctl", "--user", "show", daemon.UNIT, "--property=MainPID", "--value", user=TESTER).stdout)


@step('the service manager of a user runs')
def manager_runs(context):
    daemon.start_user_manager()


@step("the user's daemon runs")
def daemon_runs(context):
    context.scene.runtime = daemon.USER_RUNTIME
    run("systemctl", "--user", "start", daemon.UNIT, user=TESTER)


@step("the user's daemon is killed by SIGKILL")
def daemon_killed(context):
    old = user_main_pid()
    os.kill(old, signal.SIGKILL)
    wait.until(lambda: user_main_pid() not in (0, old), f"systemd starts the user's daemon again after pid {old}")
    wait.until(api.is_ready, "the new daemon is ready")

# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real polkitd: its rules, its absence, its end."""

import pathlib
import re
import signal
import subprocess

from behave import step

from support import bus, step_types  # noqa: F401
from support.shell import TESTER, as_tester, run

UNIT = "polkit.service"
ACTIONS = bus.NAME + "."
RULES = pathlib.Path("/etc/polkit-1/rules.d/10-scenario.rules")
METHODS = pathlib.Path(__file__).resolve().parents[3] / "docs/dbus/methods.md"
QUESTIONS = "type='method_call',destination='org.freedesktop.PolicyKit1'"


def restart():
    """The next question starts it, with the rules and the groups as they are then."""
    run("systemctl", "kill", "--signal=SIGCONT", UNIT, check=False)
    run("systemctl", "stop", UNIT)
    run("systemctl", "reset-failed", UNIT, check=False)


class Undo:
    """What a scenario did to the machine, and how that is undone when it ends."""

    def __init__(self, undo):
        self.undo = undo

    def close(self):
        self.undo()
        restart()


def undo_later(context, undo=lambda: None):
    context.scene.sockets.append(Undo(undo))


def write_rule(context, condition):
    undo_later(context, lambda: RULES.unlink(missing_ok=True))
    RULES.write_text("polkit.addRule(function(action, subject) {\n"
                     f"    if (subject.user == {TESTER!r} && {condition})\n"
                     "        return polkit.Result.YES;\n});\n")
    RULES.chmod(0o644)
    restart()


@step('polkit\'s rules allow somebody else the verb "{verb:name}" for pool "{pool:name}"')
def allow(context, verb, pool):
    write_rule(context, f'action.lookup("verb") == "{verb}" && action.lookup("pool") == "{pool}" && '
               f'action.id == "{ACTIONS}{verb}"')


@step('somebody else is in the group "{group:name}"')
def in_group(context, group):
    undo_later(context, lambda: run("gpasswd", "-d", TESTER, group))
    run("gpasswd", "-a", TESTER, group)
    restart()


@step('polkit is not there')
def absent(context):
    undo_later(context, lambda: run("systemctl", "unmask", "--runtime", UNIT))
    run("systemctl", "mask", "--runtime", "--now", UNIT)


@step('polkit hangs')
def hangs(context):
    undo_later(context)
    run("systemctl", "start", UNIT)
    run("systemctl", "kill", "--signal=SIGSTOP", UNIT)


@step('polkit dies')
def dies(context):
    run("systemctl", "kill", "--signal=SIGKILL", UNIT)


@step('polkit is being asked whether somebody else may do "{method:name}" for pool "{pool:name}"')
def being_asked(context, method, pool):
    context.scene.monitor = bus.Monitor(QUESTIONS)
    context.scene.caller = subprocess.Popen(
        as_tester(["dbus-send", "--system", "--print-reply", "--reply-timeout=60000", f"--dest={bus.NAME}", bus.PATH,
                   f"{bus.MANAGER}.{method}", f"string:{pool}"]),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    context.scene.question = context.scene.monitor.wait_for(
        lambda m: m.get("member") == "CheckAuthorization", "the daemon asks polkit")


@step('the caller gets the error "{error:name}", which contains "{text:words}"')
def caller_gets(context, error, text):
    _, complaint = context.scene.caller.communicate(timeout=15)
    assert bus.ERRORS + error in complaint and text in complaint, complaint


@step('the caller is killed')
def caller_killed(context):
    # runuser passes it on: the program itself is what is connected to the bus.
    context.scene.caller.send_signal(signal.SIGTERM)
    context.scene.caller.communicate(timeout=15)


@step('the question to polkit is cancelled')
def cancelled(context):
    number = context.scene.question["payload"]["data"][-1]
    context.scene.monitor.wait_for(
        lambda m: m.get("member") == "CancelCheckAuthorization" and m["payload"]["data"] == [number],
        f"the question {number} is cancelled")


@step('polkit knows the actions of the documentation, and no others of the daemon')
def knows_actions(context):
    documented = {ACTIONS + verb for verb in
                  re.findall(r"^\|(?:[^|]*\|){3} `([\w-]+)` \|", METHODS.read_text(), re.MULTILINE)}
    known = {line for line in run("pkaction").stdout.split() if line.startswith(ACTIONS)}
    assert known == documented != set(), f"{known} are not {documented}"

# SPDX-License-Identifier: LGPL-2.1-or-later
from behave import step

from support import engine, step_types, units, wait  # noqa: F401
from support.shell import TESTER, TESTER_UID, run


@step('nothing is left in pools.slice')
def nothing_left(context):
    assert not units.slice_processes(), f"processes {units.slice_processes()}"
    assert not units.engines(), units.engines()


@step('no unit has failed')
def none_failed(context):
    assert not units.engines("failed"), units.engines("failed")


@step('the unit of pool "{pool:name}" has')
def unit_has(context, pool):
    wanted = {row["property"]: row["value"] for row in context.table}
    shown = units.properties(context.scene.status(pool)["unit"], *wanted)
    assert shown == wanted, shown


@step('the unit of pool "{pool:name}" comes to have')
def unit_comes_to_have(context, pool):
    wanted = {row["property"]: row["value"] for row in context.table}
    unit = context.scene.status(pool)["unit"]
    wait.until(lambda: units.properties(unit, *wanted) == wanted, f"{unit} has {wanted}")


@step('the main pid of the unit of pool "{pool:name}" is that of its engine')
def main_pid(context, pool):
    pid = engine.ask(context.scene.port(pool), "/self")["pid"]
    shown = units.properties(context.scene.status(pool)["unit"], "MainPID")["MainPID"]
    assert int(shown) == pid == context.scene.status(pool)["pid"], f"{shown} {pid}"


@step('"{command:name}" is run on the unit of pool "{pool:name}"')
def command_on_unit(context, command, pool):
    run(*command.split(), context.scene.status(pool)["unit"])


@step("the unit of pool \"{pool:name}\" belongs to the user's service manager")
def belongs_to_user(context, pool):
    unit = context.scene.status(pool)["unit"]
    shown = run("systemctl", "--user", "show", unit, "--property=ActiveState", user=TESTER).stdout
    assert shown == "ActiveState=active\n", shown
    pid = context.scene.status(pool)["pid"]
    group = open(f"/proc/{pid}/cgroup", encoding="utf-8").read()
    assert f"user@{TESTER_UID}.service/" in group and "/pools.slice/" in group, group

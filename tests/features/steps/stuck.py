# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processes that not even SIGKILL ends: the freezer of cgroup v1 keeps them in the kernel until it lets go."""

import pathlib

from behave import step

from support import step_types, wait  # noqa: F401
from support.shell import run

FREEZER = pathlib.Path("/run/test-freezer")


def group(pool):
    return FREEZER / f"test-{pool}"


def mount():
    """Of the host, which has to have that controller: mounted where nobody else looks."""
    FREEZER.mkdir(exist_ok=True)
    if not FREEZER.is_mount():
        run("mount", "-t", "cgroup", "-o", "freezer", "none", str(FREEZER))


def thaw(pool):
    (group(pool) / "freezer.state").write_text("THAWED", encoding="ascii")
    wait.until(lambda: not (group(pool) / "cgroup.procs").read_text(encoding="ascii"), "the frozen process has gone")
    group(pool).rmdir()
    run("umount", str(FREEZER))


@step('the remembered child of pool "{pool:name}" hangs in the kernel')
def hangs(context, pool):
    mount()
    group(pool).mkdir(exist_ok=True)
    context.scene.on_close(lambda: group(pool).exists() and thaw(pool))
    (group(pool) / "cgroup.procs").write_text(str(context.scene.children[pool]), encoding="ascii")
    (group(pool) / "freezer.state").write_text("FROZEN", encoding="ascii")
    wait.until(lambda: (group(pool) / "freezer.state").read_text(encoding="ascii").strip() == "FROZEN", "it is frozen")


@step('the remembered child of pool "{pool:name}" hangs no more')
def hangs_no_more(context, pool):
    thaw(pool)


@step('the error names the remembered child of pool "{pool:name}"')
def names_child(context, pool):
    text = context.scene.answer.json["error"]
    assert f"process {context.scene.children[pool]} " in text, text

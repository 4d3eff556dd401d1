# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import os
import re

from behave import step

from support import engine, match, step_types, wait  # noqa: F401
from support.values import octets


def path(context, name):
    return context.scene.runtime / name


@step('there is a file "{name:name}"')
def is_there(context, name):
    assert path(context, name).is_file(), f"there is no {path(context, name)}"


@step('there is no file "{name:name}"')
def is_not_there(context, name):
    assert not os.path.lexists(path(context, name)), f"{path(context, name)} is there"


@step('the file "{name:name}" holds the pid of the engine of pool "{pool:name}"')
def holds_pid(context, name, pool):
    text = path(context, name).read_text()
    assert re.fullmatch(r"[1-9][0-9]*\n?", text), repr(text)
    assert int(text) == engine.ask(context.scene.port(pool), "/self")["pid"], text


@step('the file "{name:name}" is older than the first health check of pool "{pool:name}"')
def is_older(context, name, pool):
    written = path(context, name).stat().st_mtime_ns // 1_000_000
    first = engine.ask(context.scene.port(pool), "/requests")["first_unix_ms"]
    assert written <= first, f"written {written - first} ms after the first health check"


@step('the file "{name:name}" has')
def has(context, name):
    match.check(context.table, json.loads(path(context, name).read_text()), name)


@step('the flags in the file "{name:name}" are those of the preload of pool "{pool:name}"')
def has_flags(context, name, pool):
    flags = json.loads(path(context, name).read_text())["flags"]
    assert flags == context.scene.bodies[pool]["flags"], flags


@step('the file "{name:name}" is pretty JSON')
def is_pretty(context, name):
    """Each member on a line of its own, deeper ones further in."""
    text = path(context, name).read_text()
    for member in json.loads(text):
        assert re.search(rf'^ +"{member}": ?', text, re.MULTILINE), f"{member} does not begin a line:\n{text}"
    assert text.startswith("{\n") and text.endswith("}\n"), text


@step('the file "{name:name}" is a link to the file "{target:name}"')
def is_link(context, name, target):
    link = path(context, name)
    assert link.is_symlink(), f"{link} is no link"
    assert link.resolve() == path(context, target).resolve() and link.exists(), os.readlink(link)


@step('the file "{name:name}" does not lead to a file that is gone')
def no_dead_link(context, name):
    link = path(context, name)
    assert not link.is_symlink() or link.exists(), f"{link} leads to {os.readlink(link)}"


@step('the file "{name:name}" contains the lines')
def contains_lines(context, name):
    wanted = [row["line"] for row in context.table]

    def look():
        lines = path(context, name).read_text().splitlines()
        return [line for line in lines if line in wanted] == wanted

    wait.until(look, f"{name} contains {wanted} in this order", seconds=5)


@step('the file "{name:name}" is written with {content:words}')
def write(context, name, content):
    path(context, name).write_bytes(octets(content))


@step('the file "{name:name}" is removed')
def remove(context, name):
    path(context, name).unlink()

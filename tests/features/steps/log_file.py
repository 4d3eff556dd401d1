# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import re

from behave import step

from support import step_types, wait  # noqa: F401
from support.engine_script import engine_script

# So much more of it is more than one line, and more than one write.
GROWTH = 4096


def wait_for_growth(path):
    """By a few dozen lines from now on."""
    size = path.stat().st_size
    wait.until(lambda: path.stat().st_size >= size + GROWTH, f"{path} grows beyond {size} bytes")


@step('I preload pool "{pool:name}" with an engine that numbers its lines')
def preload_numbering(context, pool):
    body = context.scene.prepared(pool, binary_path="/usr/bin/python3")
    body["flags"] = [str(engine_script("numbering_engine.py")), str(body["port"])]
    answer = context.scene.preload(pool, body)
    assert answer.status == 200, str(answer)


@step('the file "{name:name}" has grown')
def has_grown(context, name):
    wait_for_growth(context.scene.runtime / name)


@step('the file "{name:name}" is renamed to "{target:name}" while it grows')
def rename_growing(context, name, target):
    """As logrotate does without copytruncate; what is written afterwards follows the file."""
    source, renamed = context.scene.runtime / name, context.scene.runtime / target
    wait_for_growth(source)
    source.rename(renamed)
    wait_for_growth(renamed)


@step('the file "{name:name}" is emptied while it grows')
def empty_growing(context, name):
    """As logrotate does with copytruncate, once it has made its copy."""
    path = context.scene.runtime / name
    wait_for_growth(path)
    os.truncate(path, 0)
    wait_for_growth(path)


def numbered_lines(context, names):
    text = "".join((context.scene.runtime / name).read_text() for name in names)
    assert text.endswith("\n"), f"the last line has no end: {text[-100:]!r}"
    lines = [re.fullmatch(r"([0-9a-f]{32}) (out|err|end) (\d+)", line) or line for line in text.splitlines()]
    foreign = [line for line in lines if isinstance(line, str)]
    assert not foreign, f"lines that the engine did not write so: {foreign[:5]}"
    return [(line[1], line[2], int(line[3])) for line in lines]


def expected_of(start, first, last):
    for number in range(first, last + 1):
        yield start, "out", number
        yield start, "err", number
    yield start, "end", last


def check_run(lines, first):
    """The lines of one start, from number `first` to its last word."""
    start, last = lines[0][0], lines[-1][2]
    expected = list(expected_of(start, first, last))
    if lines != expected:
        missing, extra = set(expected) - set(lines), set(lines) - set(expected)
        raise AssertionError(f"{len(lines)} lines, should be {len(expected)}; missing: {sorted(missing)[:3]}, "
                             f"of nobody: {sorted(extra)[:3]}, twice: {len(lines) - len(set(lines))}")


@step('each numbered line of {starts:d} start is there once and in order, in "{names:name}"')
@step('each numbered line of {starts:d} starts is there once and in order, in "{names:name}"')
def each_line_once(context, starts, names):
    lines = numbered_lines(context, names.split(", "))
    ends = [index for index, line in enumerate(lines) if line[1] == "end"]
    assert len(ends) == starts and ends[-1] == len(lines) - 1, f"{len(ends)} starts have said their last word"
    for begin, end in zip([0, *(index + 1 for index in ends)], ends):
        check_run(lines[begin:end + 1], 1)


@step('the numbered lines in the file "{name:name}" are without a gap up to the last')
def no_gap(context, name):
    lines = numbered_lines(context, [name])
    assert lines[0][2] > 1, "nothing was cut off at the start"
    if lines[0][1] == "err":
        lines = lines[1:]
    check_run(lines, lines[0][2])

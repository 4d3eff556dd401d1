# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import pathlib
import shlex
import signal
import subprocess

from behave import step

from support import match, step_types  # noqa: F401
from support.running import Running, plain
from support.shell import TESTER, run
from support.values import expand

FOLDER = pathlib.Path("/run/pool-managerd-tests")


def command(context, text):
    return shlex.split(expand(text, file=getattr(context.scene, "file", "")))


# Running it


@step('the file of a preload of pool "{pool:name}"')
def preload_file(context, pool):
    preload_file_with(context, pool, "")


@step('the file of a preload of pool "{pool:name}" whose engine gets "{flags:words}"')
def preload_file_with(context, pool, flags):
    FOLDER.mkdir(exist_ok=True)
    context.scene.file = FOLDER / f"{pool}.json"
    context.scene.file.write_text(json.dumps({"prepared": context.scene.prepared(pool, shlex.split(flags))}))


@step('I run "{text:words}"')
def i_run(context, text):
    context.scene.result = run(*command(context, text), check=False)


@step('I run "{text:words}" with the file as input')
def i_run_with_file(context, text):
    context.scene.result = run(*command(context, text), check=False, text=context.scene.file.read_text())


@step('I run "{text:words}" with "{given:words}" as input')
def i_run_with_input(context, text, given):
    context.scene.result = run(*command(context, text), check=False, text=given)


@step('somebody else runs "{text:words}"')
@step('the user runs "{text:words}"')
def others_run(context, text):
    context.scene.result = run(*command(context, text), check=False, user=TESTER)


@step('I run "{text:words}" and read only its first line')
def i_run_head(context, text):
    process = subprocess.Popen(command(context, text), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    context.scene.result = subprocess.CompletedProcess(text, process.wait(30), "", errors)


# What came of it


def described(result):
    return f"exit status {result.returncode}\n{result.stdout}{result.stderr}"


@step('it exits with {status:d}')
def exits_with(context, status):
    assert context.scene.result.returncode == status, described(context.scene.result)


@step('it does not exit with {status:d}')
def exits_without(context, status):
    assert context.scene.result.returncode not in (status, 126, 127), described(context.scene.result)
    assert context.scene.result.returncode > 0, described(context.scene.result)


@step('it was not ended by a signal other than SIGPIPE')
def no_signal(context):
    result = context.scene.result
    assert result.returncode >= 0 or result.returncode == -signal.SIGPIPE, described(result)


@step('it prints "{text:words}"')
def prints(context, text):
    assert text in context.scene.result.stdout, described(context.scene.result)


@step('it prints a line with {cells:words}')
def prints_line(context, cells):
    wanted = json.loads(f"[{cells}]")
    lines = [line.split() for line in plain(context.scene.result.stdout).splitlines()]
    assert any(all(cell in line for cell in wanted) for line in lines), described(context.scene.result)


@step('it prints {count:d} lines')
@step('it prints {count:d} line')
def prints_lines(context, count):
    assert len(context.scene.result.stdout.splitlines()) == count, described(context.scene.result)


@step('no line is wider than {columns:d} columns')
def not_wider(context, columns):
    lines = plain(context.scene.result.stdout).splitlines()
    assert lines and all(len(line) <= columns for line in lines), described(context.scene.result)


@step('it prints colours')
def prints_colours(context):
    assert "\x1b[" in context.scene.result.stdout, described(context.scene.result)


@step('it prints no colours')
def prints_no_colours(context):
    result = context.scene.result
    assert "\x1b[" not in result.stdout and result.stdout, described(result)


@step('it does not print "{text:words}"')
def prints_not(context, text):
    result = context.scene.result
    assert text not in plain(result.stdout), described(result)


@step('it prints "{text:words}" once')
def prints_once(context, text):
    result = context.scene.result
    assert plain(result.stdout).count(text) == 1, described(result)


@step('it prints nothing')
def prints_nothing(context):
    assert context.scene.result.stdout == "", described(context.scene.result)


@step('it complains of nothing')
def complains_of_nothing(context):
    assert context.scene.result.stderr == "", described(context.scene.result)


@step('it prints JSON with')
def prints_json(context):
    match.check(context.table, json.loads(context.scene.result.stdout), "what it printed")


@step('it complains of "{text:words}"')
def complains(context, text):
    assert text in context.scene.result.stderr, described(context.scene.result)


# Running beside the scenario


def start(context, text, columns=None):
    context.scene.running = Running(command(context, text), columns)
    context.scene.sockets.append(context.scene.running)


@step('"{text:words}" runs')
def runs(context, text):
    start(context, text)


@step('"{text:words}" runs on a terminal')
def runs_on_terminal(context, text):
    start(context, text, columns=200)


@step('"{text:words}" runs and has printed "{printed:words}"')
def runs_and_printed(context, text, printed):
    start(context, text)
    context.scene.running.wait_for(printed)


@step('it goes on to print "{text:words}"')
@step('the terminal shows "{text:words}"')
def goes_on(context, text):
    context.scene.running.wait_for(text)


@step('it goes on to complain of "{text:words}"')
def goes_on_to_complain(context, text):
    context.scene.running.wait_for_error(text)


@step('it is interrupted')
def interrupted(context):
    context.scene.running.process.send_signal(signal.SIGINT)


@step('it is sent {name:w}')
def is_sent(context, name):
    context.scene.running.process.send_signal(getattr(signal, name))


@step('the key Ctrl-C is pressed')
def key_pressed(context):
    context.scene.running.type("\x03")


@step('I run "{text:words}" on a terminal of {columns:d} columns')
def i_run_on_terminal(context, text, columns):
    start(context, text, columns)
    context.scene.result = context.scene.running.end()


@step('it ends with {status:d}')
def ends_with(context, status):
    context.scene.result = context.scene.running.end()
    exits_with(context, status)

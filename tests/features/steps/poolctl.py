# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import os
import pathlib
import pty
import select
import shlex
import signal
import subprocess
import time

from behave import step

from support import match, step_types  # noqa: F401
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
    lines = [line.split() for line in context.scene.result.stdout.splitlines()]
    assert any(all(cell in line for cell in wanted) for line in lines), described(context.scene.result)


@step('it prints {count:d} lines')
@step('it prints {count:d} line')
def prints_lines(context, count):
    assert len(context.scene.result.stdout.splitlines()) == count, described(context.scene.result)


@step('it prints JSON with')
def prints_json(context):
    match.check(context.table, json.loads(context.scene.result.stdout), "what it printed")


@step('it complains of "{text:words}"')
def complains(context, text):
    assert text in context.scene.result.stderr, described(context.scene.result)


# Running beside the scenario


class Running:
    """A program whose output is read while it runs."""

    def __init__(self, words, terminal=False):
        self.seen = ""
        if terminal:
            self.master, slave = pty.openpty()
            self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave)
            os.close(slave)
            self.stream = os.fdopen(self.master, "rb", buffering=0)
        else:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=subprocess.PIPE)
            self.stream = self.process.stdout

    def wait_for(self, text, seconds=15):
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            left = deadline - time.monotonic()
            readable = left > 0 and select.select([self.stream], [], [], left)[0]
            assert readable, f"waited {seconds} s in vain for {text!r}; came: {self.seen}"
            try:
                chunk = os.read(self.stream.fileno(), 65536)
            except OSError:  # a terminal that nobody has open any more
                chunk = b""
            assert chunk, f"it ended before {text!r}; came: {self.seen}"
            self.seen += chunk.decode(errors="replace")

    def end(self, seconds=30):
        status = self.process.wait(seconds)
        errors = self.process.stderr.read().decode() if self.process.stderr else self.seen
        return subprocess.CompletedProcess("", status, self.seen, errors)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.stream.close()
        if self.process.stderr:
            self.process.stderr.close()


def start(context, text, terminal=False):
    context.scene.running = Running(command(context, text), terminal)
    context.scene.sockets.append(context.scene.running)


@step('"{text:words}" runs')
def runs(context, text):
    start(context, text)


@step('"{text:words}" runs on a terminal')
def runs_on_terminal(context, text):
    start(context, text, terminal=True)


@step('"{text:words}" runs and has printed "{printed:words}"')
def runs_and_printed(context, text, printed):
    start(context, text)
    context.scene.running.wait_for(printed)


@step('it goes on to print "{text:words}"')
@step('the terminal shows "{text:words}"')
def goes_on(context, text):
    context.scene.running.wait_for(text)


@step('it is interrupted')
def interrupted(context):
    context.scene.running.process.send_signal(signal.SIGINT)


@step('it ends with {status:d}')
def ends_with(context, status):
    context.scene.result = context.scene.running.end()
    exits_with(context, status)

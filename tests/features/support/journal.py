# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reading the machine's journal."""

import json
import subprocess

from support import wait
from support.shell import run


def text(since, *matches):
    """The journal since a Unix time, for people."""
    return run("journalctl", "--no-pager", "--quiet", "--output=short-precise", f"--since=@{since:.6f}",
               *matches, check=False).stdout


def entries(since, *matches):
    lines = run("journalctl", "--no-pager", "--quiet", "--output=json", "--all", f"--since=@{since:.6f}",
                *matches).stdout
    return [json.loads(line) for line in lines.splitlines()]


def lines(since, *matches):
    """The lines of all messages since a Unix time, as they are read: after hours there are too many to keep."""
    command = ["journalctl", "--no-pager", "--quiet", "--output=cat", "--all", f"--since=@{since:.6f}", *matches]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as reading:
        yield from reading.stdout
    assert reading.returncode == 0, f"journalctl ended with status {reading.returncode}"


def wait_for(since, wanted, what, *matches, seconds=15.0):
    """The first entry since a Unix time for which `wanted(entry)` is true; one to come is waited for."""
    found = {}

    def look(line):
        entry = json.loads(line)
        if wanted(entry):
            found.update(entry)
        return bool(found)

    follow = subprocess.Popen(["journalctl", "--no-pager", "--quiet", "--output=json", "--all", "--follow",
                               "--lines=all", f"--since=@{since:.6f}", *matches],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        wait.Lines(follow.stdout).wait_for(look, what, seconds)
    finally:
        follow.kill()
        follow.wait()
        follow.stdout.close()
    return found


def message(entry):
    """The text of an entry; bytes that are no UTF-8 come as numbers."""
    value = entry.get("MESSAGE") or ""
    return bytes(value).decode(errors="replace") if isinstance(value, list) else value

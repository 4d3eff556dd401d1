# SPDX-License-Identifier: LGPL-2.1-or-later
"""Running the programs that an administrator would run."""

import subprocess

from support.wait import PATIENCE

TESTER = "tester"  # somebody who is not root; the machine has this account
TESTER_UID = 1000


def as_tester(command):
    """The command as that user, with the variables of a login session."""
    runtime = f"/run/user/{TESTER_UID}"
    return ["runuser", "-u", TESTER, "--", "env", f"XDG_RUNTIME_DIR={runtime}",
            f"DBUS_SESSION_BUS_ADDRESS=unix:path={runtime}/bus", *command]


def run(*command, check=True, timeout=60, text=None, user=None):
    """Runs to the end; `text` is its standard input. With `check` anything but status 0 fails the step."""
    if user == TESTER:
        command = as_tester(command)
    done = subprocess.run(command, input=text, stdin=subprocess.DEVNULL if text is None else None,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                          timeout=timeout * PATIENCE, check=False, cwd="/")
    assert not check or done.returncode == 0, (
        f"{' '.join(command)} exited with {done.returncode}\n{done.stdout}{done.stderr}")
    return done

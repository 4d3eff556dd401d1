# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon under test: started, configured and put back to nothing through systemd."""

import json
import os
import pathlib
import shutil

from support import api, units, wait
from support.shell import TESTER, TESTER_UID, run

UNIT = "pool-managerd.service"
SOCKET = "pool-managerd.socket"
PROGRAM = "/usr/sbin/pool-managerd"
CGROUP = pathlib.Path(f"/sys/fs/cgroup/system.slice/{UNIT}")
RUNTIME = pathlib.Path("/run/pool-managerd")
STATE = pathlib.Path("/var/lib/pool-managerd")
USER_RUNTIME = pathlib.Path(f"/run/user/{TESTER_UID}/pool-managerd")
# The second one with a systemd older than 254.
USER_STATES = [pathlib.Path(os.path.expanduser(f"~{TESTER}/{place}/pool-managerd"))
               for place in (".local/state", ".config")]
# What holds wherever a scenario does not say otherwise: the machine has no GPU.
DEFAULTS = pathlib.Path("/etc/pool-managerd/pool-managerd.conf.d/10-test-machine.conf")
# Where pools are declared.
POOLS = pathlib.Path("/etc/pool-managerd/pools.d")
CONFIG = pathlib.Path("/etc/pool-managerd/pool-managerd.conf.d/50-test.conf")
DROP_IN = pathlib.Path(f"/run/systemd/system/{UNIT}.d/50-test.conf")


def is_sanitized():
    """Whether it was built with the address sanitizer."""
    return b"__asan_init" in pathlib.Path(PROGRAM).read_bytes()


def prepare_for_leak_check():
    """A daemon built with the address sanitizer looks for leaks at its end, and for that traces itself.

    The system calls for that have to be allowed, and nobody may send the SIGCONT that systemd sends after
    SIGTERM: it takes back the SIGSTOP by which tracing begins, and the leak check waits for ever.
    """
    if not is_sanitized():
        return
    stop = pathlib.Path(__file__).with_name("stop_gently.py")
    for kind in ("system", "user"):
        path = pathlib.Path(f"/run/systemd/{kind}/{UNIT}.d/10-sanitizer.conf")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"[Service]\nSystemCallFilter=@debug\nExecStop=+/usr/bin/python3 -IS {stop}\n")
    # The model provisioner may not trace itself, and nobody has to know what it leaks at its end.
    for kind in ("system", "user"):
        path = pathlib.Path(f"/run/systemd/{kind}/pool-provision@.service.d/10-sanitizer.conf")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("[Service]\nEnvironment=ASAN_OPTIONS=detect_leaks=0\n")
    run("systemctl", "daemon-reload")


def empty(directory):
    """Removes what is in a folder, not the folder: the unit may own it."""
    for path in directory.iterdir() if directory.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def stop():
    """Stops it; returns how it ended, in systemd's words."""
    run("systemctl", "stop", SOCKET, UNIT, check=False)
    return units.properties(UNIT, "Result")["Result"]


def clean():
    """No daemon, no engine, no file of theirs, no configuration but that of the machine."""
    if CGROUP.exists() or units.slices() or units.are_transient():  # to stop what is not there takes its time, too
        run("systemctl", "stop", SOCKET, UNIT, units.SLICE, units.ENGINES, check=False)
        units.kill_slice()
    run("systemctl", "reset-failed", check=False)
    empty(RUNTIME)
    empty(STATE)
    DEFAULTS.parent.mkdir(parents=True, exist_ok=True)
    DEFAULTS.write_text("[GPU]\nPolicy=optional\n")
    empty(POOLS)
    CONFIG.unlink(missing_ok=True)
    if DROP_IN.exists():
        DROP_IN.unlink()
        run("systemctl", "daemon-reload")


def clean_user():
    """The same for the test user's service manager, which goes with everything that it runs."""
    run("systemctl", "stop", f"user@{TESTER_UID}.service", check=False)
    for directory in USER_STATES:
        empty(directory)


def configure(text):
    CONFIG.parent.mkdir(parents=True, exist_ok=True)
    CONFIG.write_text(text + "\n")


def configuration():
    """What the daemon says of it; root and everybody else are told the same."""
    return json.loads(run("poolctl", "config", "--json=short").stdout)


def drop_in(text):
    """Changes the daemon's unit for this scenario."""
    DROP_IN.parent.mkdir(parents=True, exist_ok=True)
    DROP_IN.write_text(text + "\n")
    run("systemctl", "daemon-reload")


def start(check=True):
    """Starts it; returns when it says that it is ready."""
    return run("systemctl", "start", UNIT, check=check)


def main_pid():
    return int(units.properties(UNIT, "MainPID")["MainPID"])


def wait_for_another(old):
    """Waits until systemd has started the daemon anew and it has recovered."""
    wait.until(lambda: main_pid() not in (0, old), f"systemd starts {UNIT} again after pid {old}")
    wait.until(api.is_ready, "the new daemon is ready")


def start_user_manager():
    run("systemctl", "start", f"user@{TESTER_UID}.service")
    run("systemctl", "--user", "start", "dbus.socket", user=TESTER)

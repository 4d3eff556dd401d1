# SPDX-License-Identifier: LGPL-2.1-or-later
"""One throw-away machine: a real systemd as PID 1 in a container that leaves nothing behind.

Everything is mounted in a private mount namespace of this process, so all of it goes when the
process goes, however it goes. Below it runs

    unshare (own PID namespace, killed with us) -> systemd-nspawn -> systemd -> bed-command.service

in a cgroup of its own, which is the root of the cgroup tree that the machine sees. The command's
output and exit status come back through named pipes on a tmpfs (relay.py).
"""

import collections
import ctypes
import fcntl
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

import cgroup
from relay import BOOT_SECONDS, EXIT_BED, PIPES, POWEROFF_SECONDS, Relay
from rootfs import BedError, cache_directory, locked, say

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
CONTROL = "/run/bed"
CLONE_NEWNS = 0x00020000

# First in the machine's PID namespace: joins the cgroup, makes it the root of what can be seen.
ENTER = """
echo 0 >"$1/cgroup.procs" && shift && exec unshare --cgroup sh -c '
    umount -l /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"' sh "$@"
"""

Bind = collections.namedtuple("Bind", "source guest writable")


def mount(*arguments):
    done = subprocess.run(
        ["mount", *map(str, arguments)], text=True, stderr=subprocess.PIPE, check=False
    )
    if done.returncode != 0:
        raise BedError(f"cannot mount: {done.stderr.strip()}")


def own_mount_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        raise BedError(f"cannot make a mount namespace: {os.strerror(ctypes.get_errno())}")
    mount("--make-rprivate", "/")


class Machine:
    """The file systems of one machine, below a tmpfs that only this process sees."""

    boot_seconds, poweroff_seconds = BOOT_SECONDS, POWEROFF_SECONDS

    def __init__(self, root, binds):
        self.base = cache_directory() / ".machine"
        self.base.mkdir(exist_ok=True)
        # Sources are looked up before anything is mounted over them.
        binds = [bind._replace(source=os.path.realpath(bind.source)) for bind in binds]
        mount("-t", "tmpfs", "-o", "mode=0755", "bed", self.base)
        for name in ("upper", "work", "root", "control", "binds"):
            (self.base / name).mkdir()
        self.root, self.control = self.base / "root", self.base / "control"
        self.binds = [self._hold(number, bind) for number, bind in enumerate(binds)]
        self._mount_root(root)
        self._copy_unit("bed.target")
        self._copy_unit("bed-command.service")
        for name in PIPES:
            os.mkfifo(self.control / name)
            os.chmod(self.control / name, 0o666)
        # nspawn keeps notes in /run, and the host's cgroup tree may be of the old kind.
        mount("-t", "tmpfs", "-o", "mode=0755", "bed", "/run")
        if not (cgroup.TREE / "cgroup.controllers").exists():
            mount("-t", "cgroup2", "cgroup2", cgroup.TREE)

    def _hold(self, number, bind):
        """A second name for what is bound, out of reach of the mounts that follow."""
        held = self.base / "binds" / str(number)
        if os.path.isdir(bind.source):
            held.mkdir()
        else:
            held.touch()
        mount("--rbind", bind.source, held)
        return bind._replace(source=str(held))

    def _mount_root(self, root):
        # Mount options end at a comma, and lowers at a colon: a link keeps any path out of them.
        lower, upper, work = (self.base / name for name in ("lower", "upper", "work"))
        lower.symlink_to(os.path.realpath(root))
        mount(
            "-t",
            "overlay",
            "-o",
            f"lowerdir={lower},upperdir={upper},workdir={work}",
            "bed",
            self.root,
        )

    def _copy_unit(self, name, target=None):
        path = self.root / "etc/systemd/system" / (target or name)
        path.parent.mkdir(mode=0o755, exist_ok=True)
        shutil.copyfile(HERE / "guest" / name, path)
        path.chmod(0o644)

    def install(self, tree):
        """Unpacks over the root as a package would be: /lib stays a link, modes of folders stay."""
        pack = subprocess.Popen(
            ["tar", "-C", tree, "--owner=0", "--group=0", "-c", "."], stdout=subprocess.PIPE
        )
        unpack = subprocess.run(
            ["tar", "-C", self.root, "--keep-directory-symlink", "--no-overwrite-dir", "-x"],
            stdin=pack.stdout,
            check=False,
        )
        if unpack.returncode != 0 or pack.wait() != 0:
            raise BedError(f"cannot lay {tree} over the machine")

    def set_terminal(self):
        """The command gets the console as its terminal, instead of pipes."""
        self._copy_unit("shell.conf", "bed-command.service.d/shell.conf")

    def set_command(self, command, environment, directory, keep, terminal):
        exports = "".join(
            f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()
        )
        redirection = "" if terminal else f">{CONTROL}/stdout 2>{CONTROL}/stderr </dev/null"
        # The quick way cuts the journal off; the other one ends it properly.
        poweroff = (
            "journalctl --sync\nsystemctl --force poweroff"
            if keep
            else "systemctl --force --force poweroff"
        )
        (self.control / "command").write_text(
            f"echo started >{CONTROL}/status\n"
            f"(\ncd {shlex.quote(directory)} || exit {EXIT_BED}\n"
            f"{exports}exec {shlex.join(command)}\n) {redirection}\n"
            f"echo exit $? >{CONTROL}/status\n{poweroff}\n"
        )

    def boot(self, group, terminal):
        return self._start(group, self._nspawn(terminal), terminal)

    @staticmethod
    def _start(group, command, terminal, **more):
        """The command, with all that it starts, in the cgroup and a PID namespace of its own."""
        streams = (
            {}
            if terminal
            else {
                "stdin": subprocess.DEVNULL,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.STDOUT,
                "start_new_session": True,
            }
        )
        return subprocess.Popen(
            [
                "setpriv",
                "--pdeathsig",
                "KILL",
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "sh",
                "-c",
                ENTER,
                "sh",
                str(group),
                *command,
            ],
            **streams,
            **more,
        )

    def _nspawn(self, terminal):
        binds = [
            (
                f"--bind{'' if bind.writable else '-ro'}={bind.source}:"
                + bind.guest.replace("\\", "\\\\").replace(":", "\\:")
            )
            for bind in self.binds
        ]
        return [
            "systemd-nspawn",
            "--quiet",
            f"--directory={self.root}",
            "--boot",
            "--keep-unit",
            "--register=no",
            "--machine=bed",
            "--hostname=bed",
            "--private-network",
            f"--console={'interactive' if terminal else 'pipe'}",
            # Without these two the kernel does not enforce a unit's device rules, silently.
            "--capability=all",
            "--system-call-filter=bpf",
            "--link-journal=no",
            "--resolv-conf=off",
            "--timezone=off",
            "--settings=no",
            f"--bind={self.control}:{CONTROL}",
            *binds,
            "--",
            "--unit=bed.target",
            f"--show-status={'no' if terminal else 'yes'}",
        ]

    def keep(self):
        """Copies the writable layer to where it stays, and says where that is."""
        kept = tempfile.mkdtemp(prefix="pool-managerd-bed-", dir="/var/tmp")
        subprocess.run(["cp", "-a", f"{self.base}/upper/.", kept], check=True)
        say(f"kept {kept} (journalctl -D {kept}/var/log/journal)")


def guest_directory():
    """Where the command starts: here, where that is in the machine too."""
    here = pathlib.Path.cwd()
    return str(here) if here.is_relative_to(REPOSITORY) else "/"


def check_host(terminal):
    for tool in ("systemd-nspawn", "setpriv", "unshare", "mount", "tar"):
        if not shutil.which(tool):
            raise BedError(f"{tool} is missing: run tests/tools/install-deps")
    if terminal and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BedError("a shell needs a terminal; use `bed run` for commands")


def run(
    root,
    command,
    *,
    install=None,
    binds=(),
    environment=None,
    keep=False,
    timeout=None,
    terminal=False,
    make=Machine,
):
    """Boots what `make` makes on `root`, runs the command in it; returns the exit status of bed."""
    check_host(terminal)
    directory = guest_directory()
    with locked(root, fcntl.LOCK_SH):
        own_mount_namespace()
        machine = make(root, [Bind(REPOSITORY, str(REPOSITORY), False), *binds])
        if install:
            machine.install(install)
        if terminal:
            machine.set_terminal()
        machine.set_command(command, environment or {}, directory, keep, terminal)
        try:
            with cgroup.own() as group:
                return watch(machine, group, timeout, terminal)
        finally:
            if keep:
                machine.keep()


def watch(machine, group, timeout, terminal):
    process = machine.boot(group, terminal)
    relay = Relay(
        machine.control,
        process.stdout.fileno() if process.stdout else None,
        machine.boot_seconds,
        machine.poweroff_seconds,
    )
    try:
        missed = relay.run(process, timeout)
    finally:
        process.kill()
        process.wait()
    cgroup.wait_until_empty(group)
    relay.drain()
    return relay.verdict(missed, timeout)

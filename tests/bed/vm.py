# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same machine with a kernel of its own: qemu instead of systemd-nspawn.

All control groups are there, memory limits bite, loop devices and disk images can be used, and it
can be rebooted. The root, with all that is bound into it, is the host's, through virtiofs; the
pipes are ports of virtio-serial. The processor is emulated where there is no /dev/kvm, or only one
inside of another virtual machine.
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess

import machine
from rootfs import BedError

QEMU = "qemu-system-x86_64"
# With Debian 12 a part of qemu, later a package of its own.
FILE_SERVERS = ("/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd")
# Under /tmp there may be binds; the others only take time, in an emulation much of it.
MASKED = (
    "tmp.mount",
    "systemd-journal-catalog-update.service",
    "systemd-update-done.service",
    "systemd-random-seed.service",
    "systemd-pstore.service",
)
PROCESSORS = 2
MEMORY = "1G"


def file_server():
    for path in FILE_SERVERS:
        if os.access(path, os.X_OK):
            return path
    raise BedError("virtiofsd is missing: run tests/tools/install-deps vm")


class VirtualMachine(machine.Machine):
    # An emulated processor on a busy host is slow.
    boot_seconds, poweroff_seconds = 900, 120

    def __init__(self, kernel, root, binds):
        self.kernel = kernel
        modules = machine.Bind(kernel / "lib/modules", "/usr/lib/modules", False)
        super().__init__(root, [*binds, modules])
        for bind in self.binds:
            self._bind(bind)
        self._copy_unit("vm.conf", "bed-command.service.d/vm.conf")
        self._copy_unit("vm-system.conf", "../system.conf.d/vm.conf")
        self.lib = self.root / "var/lib/bed"
        self.lib.mkdir(mode=0o755)
        shutil.copyfile(machine.HERE / "guest/vm-connect", self.lib / "connect")

    def _bind(self, bind):
        place = self.root / bind.guest.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if os.path.isdir(bind.source):
            place.mkdir(exist_ok=True)
        else:
            place.touch()
        machine.mount("--rbind", bind.source, place)
        if not bind.writable:
            machine.mount("-o", "remount,bind,ro", place)

    def set_command(self, *arguments):
        super().set_command(*arguments)
        shutil.copyfile(self.control / "command", self.lib / "command")

    def boot(self, group, terminal):
        """qemu, with the file server as its sibling in the machine's PID namespace."""
        path = self.base / "files.sock"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        listener.listen(1)
        listener.set_inheritable(True)
        serve = [
            file_server(),
            f"--fd={listener.fileno()}",
            "--thread-pool-size=0",
            "-o",
            f"source={self.root},cache=always,xattr,announce_submounts,sandbox=chroot",
        ]
        script = 'serve=$1; shift; $serve & exec "$@"'
        with listener:
            return self._start(
                group,
                ["sh", "-c", script, "sh", " ".join(serve), *self._qemu(path, terminal)],
                terminal,
                pass_fds=[listener.fileno()],
            )

    def _qemu(self, files, terminal):
        fast = has_kvm()
        kernel_line = (
            "root=machine rootfstype=virtiofs rw console=ttyS0 TERM=dumb panic=-1 quiet "
            "mitigations=off "
            f"systemd.unit=bed.target systemd.show_status={'no' if terminal else 'yes'} "
            + " ".join(f"systemd.mask={unit}" for unit in MASKED)
        )
        arguments = [
            QEMU, "-nodefaults", "-no-user-config", "-display", "none",
            "-accel", "kvm" if fast else "tcg,thread=multi", "-cpu", "host" if fast else "max",
            "-smp", str(PROCESSORS), "-m", MEMORY,
            "-object", f"memory-backend-memfd,id=memory,size={MEMORY},share=on",
            "-machine", "q35,memory-backend=memory",
            "-kernel", str(self.kernel / "vmlinuz"), "-append", kernel_line,
            "-serial", "stdio", "-nic", "none",
            "-chardev", f"socket,id=files,path={files}",
            "-device", "vhost-user-fs-pci,chardev=files,tag=machine",
            "-device", "virtio-rng-pci",
            "-device", "virtio-serial-pci",
        ]  # fmt: skip
        for name in machine.PIPES:
            arguments += ["-chardev", f"file,id={name},path={self.control / name}"]
            arguments += ["-device", f"virtserialport,chardev={name},name={name}"]
        return arguments


def has_kvm():
    """Not in a virtual machine: there /dev/kvm may be something that fails, or hangs in the guest."""
    return os.access("/dev/kvm", os.R_OK | os.W_OK) and not re.search(
        r"^flags\b.*\bhypervisor\b", pathlib.Path("/proc/cpuinfo").read_text(), re.M
    )


def check_host():
    for tool in (QEMU, "depmod"):
        if not shutil.which(tool):
            raise BedError(f"{tool} is missing: run tests/tools/install-deps vm")
    file_server()

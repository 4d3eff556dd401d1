# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel of the virtual machines: Debian's, unpacked beside the roots, never installed."""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

from rootfs import BedError, apt_options, cache_directory, locked, mirror, remove, say

# This one has virtio and virtiofs built in and needs no initramfs, unlike bookworm's; any systemd
# runs on it.
PACKAGE, SUITE = "linux-image-cloud-amd64", "forky"


def directory():
    # With a dot: what is not a root is not the business of rootfs.clean.
    path = cache_directory() / ".kernels"
    path.mkdir(exist_ok=True)
    return path


def kernel_name():
    recipe = pathlib.Path(__file__).read_bytes()
    return f"{SUITE}-{hashlib.sha256(recipe).hexdigest()[:16]}"


def unpack(target):
    command = [
        "setpriv", "--pdeathsig", "KILL",
        "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
        "mmdebstrap", "--mode=root", "--variant=extract", "--format=directory",
        *apt_options(), f"--include={PACKAGE}", SUITE, str(target), mirror(),
    ]  # fmt: skip
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", "TMPDIR": "/tmp"},
    )
    if done.returncode != 0:
        tail = "\n".join(f"    {line}" for line in done.stdout.splitlines()[-20:])
        raise BedError(f"cannot unpack {PACKAGE} of {SUITE}:\n{tail}")


def pick(tree, target):
    """Moves the kernel and its modules out of the packages, and lists what each module needs."""
    images = sorted([*tree.glob("boot/vmlinuz-*"), *tree.glob("usr/lib/modules/*/vmlinuz")])
    modules = [path for path in (tree / "usr/lib/modules", tree / "lib/modules") if path.is_dir()]
    if not images or not modules:
        raise BedError(f"{PACKAGE} holds no kernel where one is known to be")
    (target / "lib").mkdir(parents=True)
    shutil.copy2(images[-1], target / "vmlinuz")
    shutil.move(modules[0], target / "lib/modules")
    (version,) = os.listdir(target / "lib/modules")
    subprocess.run(["depmod", "-b", target, version], check=True)


def prepare():
    """The folder with `vmlinuz` and `lib/modules`."""
    path = directory() / kernel_name()
    with locked(directory() / "lock", fcntl.LOCK_EX):
        if not path.is_dir():
            say(f"unpacking {PACKAGE} of {SUITE}")
            with tempfile.TemporaryDirectory(prefix=".new-", dir=directory()) as new:
                unpack(pathlib.Path(new) / "tree")
                pick(pathlib.Path(new) / "tree", pathlib.Path(new) / "kernel")
                os.rename(pathlib.Path(new) / "kernel", path)
    return path


def clean():
    for path in directory().iterdir():
        if path.is_dir() and path.name != kernel_name():
            say(f"removing {path}")
            remove(path)

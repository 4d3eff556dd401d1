# SPDX-License-Identifier: LGPL-2.1-or-later
"""A system of its own for the fake engine to run in."""

import re
import shutil

from support import engine
from support.shell import run

NAME = "another system"


def make(root):
    """The program and what it is linked against, and nothing else."""
    linked = re.findall(r"(?:=> )?(/\S+) \(0x", run("ldd", engine.FAKE).stdout)
    for source in (engine.FAKE, *linked):
        target = root / source.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    for place in ("proc", "sys", "dev", "tmp", "run", "etc", "var/tmp", "var/cache", "usr/lib", "root", "home"):
        (root / place).mkdir(parents=True, exist_ok=True)
    (root / "etc/this-is").write_text(NAME)
    # What podman binds, or wants to be there; it could not make it in a root that is read-only.
    (root / "etc/mtab").symlink_to("/proc/mounts")
    for name in ("etc/hosts", "etc/resolv.conf", "etc/hostname", str(engine.MODEL).lstrip("/")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()

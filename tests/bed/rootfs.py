# SPDX-License-Identifier: LGPL-2.1-or-later
"""The root file systems of the test machines: built by mmdebstrap, cached by what they hold."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = HERE / "packages"
CUSTOMIZE = HERE / "customize"
# Everything that decides what a root holds. A change to any of them is another root.
RECIPE = [pathlib.Path(__file__).resolve(), CUSTOMIZE, HERE.parent / "tools" / "make-gguf"]
DIGEST = 16  # characters of it in the name of a root
DEFAULT_MIRROR = "http://deb.debian.org/debian"


class BedError(Exception):
    """Something that the person who runs bed has to know; the text says what to do."""


def say(text):
    print(f"bed: {text}", file=sys.stderr, flush=True)


def suites():
    return sorted(path.name for path in PACKAGES.iterdir() if path.name != "common")


def cache_directory():
    path = pathlib.Path(os.environ.get("POOL_MANAGERD_BED_CACHE", "/var/cache/pool-managerd-bed"))
    path.mkdir(mode=0o755, parents=True, exist_ok=True)
    return path


def release(suite):
    """The Debian release of a suite: forky-bench is forky with more packages."""
    return suite.partition("-")[0]


def packages(suite):
    lists = dict.fromkeys(("common", release(suite), suite))
    lines = "".join((PACKAGES / name).read_text() for name in lists)
    names = (line.partition("#")[0].strip() for line in lines.splitlines())
    return sorted({name for name in names if name})


def root_name(suite):
    digest = hashlib.sha256("\n".join(packages(suite)).encode())
    for path in RECIPE:
        digest.update(path.read_bytes())
    return f"{suite}-{digest.hexdigest()[:DIGEST]}"


@contextlib.contextmanager
def locked(path, how):
    """Holds flock `how` on the file or directory; yields False when it is LOCK_NB and taken."""
    flags = os.O_RDONLY | os.O_CLOEXEC | (0 if path.is_dir() else os.O_CREAT)
    fd = os.open(path, flags, 0o644)
    try:
        fcntl.flock(fd, how)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(fd)


def mirror():
    """The Debian mirror that this host's own apt uses."""
    if chosen := os.environ.get("POOL_MANAGERD_BED_MIRROR"):
        return chosen
    targets = subprocess.run(
        ["apt-get", "indextargets", "Created-By: Packages", "--format", "$(LABEL) $(REPO_URI)"],
        text=True,
        stdout=subprocess.PIPE,
        check=False,
    ).stdout
    # The label is known once apt has lists. Before that, a path as of Debian's mirrors will do.
    for pattern in (r"^Debian (\S+)$", r"^ ?(\S+/debian/?)$"):
        if found := re.search(pattern, targets, re.MULTILINE):
            return found[1].rstrip("/")
    return DEFAULT_MIRROR


def apt_options():
    """A mirror may lag behind its own dates; a proxy of the host's apt is a proxy of ours."""
    options = ['Acquire::Check-Valid-Until "false"']
    for name in ("Acquire::http::Proxy", "Acquire::https::Proxy"):
        dump = subprocess.run(
            ["apt-config", "dump", "--format", "%v", name],
            text=True,
            stdout=subprocess.PIPE,
            check=False,
        )
        if value := dump.stdout.strip():
            options.append(f'{name} "{value}"')
    return [f"--aptopt={option}" for option in options]


def build_command(suite, target, source):
    """mmdebstrap in its own mount and process namespaces: its mounts and children go with it."""
    include = ",".join(packages(suite))
    return [
        "setpriv",
        "--pdeathsig",
        "KILL",
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        "--format=directory",
        *apt_options(),
        "--dpkgopt=force-unsafe-io",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        f"--include={include}",
        f"--customize-hook={CUSTOMIZE}",
        release(suite),
        str(target),
        source,
    ]


def remove(path):
    shutil.rmtree(path, ignore_errors=True)


def build(suite, path):
    """Builds the root beside its place and renames it when it is whole."""
    for tool in ("mmdebstrap", "setpriv", "unshare"):
        if not shutil.which(tool):
            raise BedError(f"{tool} is missing: run tests/tools/install-deps")
    for leftover in path.parent.glob(f".new-{suite}-{'?' * DIGEST}"):
        remove(leftover)
    target = path.parent / f".new-{path.name}"
    source = mirror()
    log = path.parent / f"{suite}.log"
    say(
        f"building the {suite} machine: {len(packages(suite))} packages and what they need, "
        f"from {source}"
    )
    start = time.monotonic()
    try:
        with open(log, "w", encoding="utf-8", errors="replace") as out:
            done = subprocess.run(
                build_command(suite, target, source),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
                env={**os.environ, "LC_ALL": "C.UTF-8", "TMPDIR": "/tmp"},
            )
        if done.returncode != 0:
            raise BedError(build_failure(suite, source, log))
        target.chmod(0o755)
        os.rename(target, path)
    finally:
        remove(target)
    say(f"built {path} in {time.monotonic() - start:.0f} s")


def build_failure(suite, source, log):
    text = log.read_text(errors="replace")
    tail = "\n".join("    " + line for line in text.splitlines()[-20:])
    unreachable = re.search(
        r"Could not (resolve|connect)|Unable to connect|Failed to fetch|"
        r"Temporary failure|Connection (refused|timed out)",
        text,
    )
    reason = (
        f"the mirror {source} cannot be reached (POOL_MANAGERD_BED_MIRROR names another)"
        if unreachable
        else f"mmdebstrap failed; all of its output is in {log}"
    )
    return f"cannot build the {suite} machine: {reason}\n{tail}"


def prepare(suite):
    """The path of the suite's root; builds it when there is none of its content."""
    if suite not in suites():
        raise BedError(f"no suite {suite!r}: there are {', '.join(suites())}")
    cache = cache_directory()
    path = cache / root_name(suite)
    if not path.is_dir():
        with locked(cache / f"{suite}.lock", fcntl.LOCK_EX):
            if not path.is_dir():
                build(suite, path)
    return path


def clean():
    """Removes the roots that no current package list asks for, unless a machine runs on one."""
    cache = cache_directory()
    current = {root_name(suite) for suite in suites()}
    for path in sorted(cache.iterdir()):
        if not path.is_dir() or path.name in current or path.name.startswith("."):
            continue
        with locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB) as free:
            if not free:
                say(f"{path} is in use, kept")
                continue
            say(f"removing {path}")
            remove(path)

# SPDX-License-Identifier: LGPL-2.1-or-later
import fcntl
import json
import os
import pathlib
import shutil
import socket
import struct

from behave import step

from support import engine, engine_root, step_types, units  # noqa: F401
from support.shell import run

SIOCSIFADDR, SIOCSIFFLAGS = 0x8916, 0x8914


def of_process(context, pool):
    """/proc/PID/status of the pool's main process."""
    status = pathlib.Path(f"/proc/{context.scene.status(pool)['pid']}/status").read_text()
    return dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)


def attempt(context, pool, kind, where):
    return engine.ask(context.scene.port(pool), f"/{kind}?path={where}")["error"]


def attempts(context, pool, kind, names):
    return {name: attempt(context, pool, kind, name) for name in names.split()}


@step('the process of pool "{pool:name}" has no capabilities, and its system calls are filtered')
def no_capabilities(context, pool):
    rows = of_process(context, pool)
    sets = {name: int(rows[name], 16) for name in ("CapPrm", "CapEff", "CapAmb")}
    assert not any(sets.values()), sets
    assert rows["Seccomp"] == "2" and rows["NoNewPrivs"] == "1", rows


def user(context, pool):
    return of_process(context, pool)["Uid"].split()[0]


@step('the engines of pool "{one:name}" and pool "{other:name}" have different users')
def different_users(context, one, other):
    context.scene.remembered[one] = user(context, one)
    assert user(context, other) != context.scene.remembered[one]


@step('the engine of pool "{pool:name}" has the same user as before')
def same_user(context, pool):
    assert user(context, pool) == context.scene.remembered[pool]


@step('the unit of pool "{pool:name}" is rated {limit:f} or better by "systemd-analyze security"')
def pool_is_rated(context, pool, limit):
    unit_is_rated(context, context.scene.status(pool)["unit"], limit)


@step('the unit "{unit:name}" is rated {limit:f} or better by "systemd-analyze security"')
def unit_is_rated(context, unit, limit):
    found = json.loads(run("systemd-analyze", "security", "--no-pager", "--json=short", unit).stdout)
    exposed = {item["name"]: item["exposure"] for item in found if item.get("exposure") not in (None, "", 0)}
    judged = run("systemd-analyze", "security", "--no-pager", f"--threshold={round(limit * 10)}", unit, check=False)
    last = judged.stdout.strip().splitlines()[-1]
    assert judged.returncode == 0, f"{last}: {exposed}"
    print(last)


@step('the engine of pool "{pool:name}" works in "{folder:name}", which is private')
def works_in(context, pool, folder):
    found = pathlib.Path(os.readlink(f"/proc/{context.scene.status(pool)['pid']}/cwd"))
    wanted = pathlib.Path(folder)
    assert found.relative_to("/var/cache/private") == wanted.relative_to("/var/cache"), found
    state = wanted.resolve().stat()
    assert state.st_mode & 0o777 == 0o700 and str(state.st_uid) == user(context, pool), state


@step('the engine of pool "{pool:name}" can {kind:w} "{names:words}"')
def can(context, pool, kind, names):
    found = attempts(context, pool, kind, names)
    assert not any(found.values()), found


@step('the engine of pool "{pool:name}" cannot {kind:w} "{names:words}"')
def cannot(context, pool, kind, names):
    found = attempts(context, pool, kind, names)
    assert all(found.values()), found


@step('the engine of pool "{pool:name}" cannot write to "{name:name}"')
def cannot_write(context, pool, name):
    assert attempt(context, pool, "open", name) in ("EROFS", "EACCES")


@step('there are the files')
def there_are_files(context):
    for row in context.table:
        name, _, target = row["file"].partition(" -> ")
        path = pathlib.Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        context.scene.on_close(lambda top=path.parents[-3]: shutil.rmtree(top, ignore_errors=True))
        if target:
            path.symlink_to(target)
        else:
            path.write_bytes(b"GGUF")
            path.chmod(0o666)


@step('the address {address:name} is that of another host')
def other_host(context, address):
    """It leads nowhere further than here, but is none of this host's loopback network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
        def set_address(text):
            packed = struct.pack("16sHH4s8x", b"lo:9", socket.AF_INET, 0, socket.inet_aton(text))
            fcntl.ioctl(ask, SIOCSIFADDR, packed)
        set_address(address)
        context.scene.on_close(lambda: fcntl.ioctl(
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM), SIOCSIFFLAGS, struct.pack("16sH22x", b"lo:9", 0)))


@step('a packet of the engine of pool "{pool:name}" to {address:name} is sent')
def is_sent(context, pool, address):
    assert attempt(context, pool, "send", address) is None


@step('a packet of the engine of pool "{pool:name}" to {address:name} is refused')
def is_refused(context, pool, address):
    assert attempt(context, pool, "send", address) == "EPERM"


@step('there is a folder "{folder:name}" with a system of its own and the engine in it')
def own_system(context, folder):
    root = pathlib.Path(folder)
    context.scene.on_close(lambda: shutil.rmtree(root, ignore_errors=True))
    engine_root.make(root)


@step('the root folder of the engine of pool "{pool:name}" is "{folder:name}"')
def root_is(context, pool, folder):
    inside = pathlib.Path(f"/proc/{context.scene.status(pool)['pid']}/root")
    assert (inside / "etc/this-is").read_text() == engine_root.NAME
    assert not (inside / "etc/passwd").exists()

# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import os
import pathlib
import shutil
import stat

from behave import step

from support import daemon, engine, step_types  # noqa: F401

# A major number that is for examples: no driver has it, so what the kernel lets through ends with ENXIO.
EXAMPLE = 42
DRIVER = pathlib.Path("/run/test-driver")


@step('the machine has the device nodes "{names:words}"')
def has_nodes(context, names):
    for minor, name in enumerate(names.split()):
        os.mknod(name, stat.S_IFCHR | 0o666, os.makedev(EXAMPLE, minor))
        context.add_cleanup(os.unlink, name)
        os.chmod(name, 0o666)


@step("the driver tells of the GPUs")
def has_gpus(context):
    """As NVIDIA's does in /proc; only the daemon sees it."""
    for row in context.table:
        folder = DRIVER / "nvidia/gpus" / row["address"]
        folder.mkdir(parents=True)
        (folder / "information").write_text(
            f"Model: \t\t An example\nGPU UUID: \t {row['uuid']}\nDevice Minor: \t {row['minor']}\n")
    context.add_cleanup(shutil.rmtree, DRIVER)
    daemon.drop_in(f"[Service]\nBindReadOnlyPaths={DRIVER}:/proc/driver")


def opened(context, pool, name):
    return engine.ask(context.scene.port(pool), f"/open?path={name}")["error"]


@step('the kernel lets the engine of pool "{pool:name}" open "{names:words}"')
def may_open(context, pool, names):
    found = {name: opened(context, pool, name) for name in names.split()}
    assert set(found.values()) == {"ENXIO"}, found


@step('the kernel keeps the engine of pool "{pool:name}" off "{names:words}"')
def may_not_open(context, pool, names):
    found = {name: opened(context, pool, name) for name in names.split()}
    assert set(found.values()) == {"EPERM"}, found


@step('the state file of pool "{pool:name}" has the mask "{mask:name}", as earlier versions took it')
def earlier_version(context, pool, mask):
    path = daemon.RUNTIME / "state" / f"{pool}.json"
    state = json.loads(path.read_text())
    for part in ("spec", "registry"):
        state[part]["device_mask"] = mask
    path.write_text(json.dumps(state))

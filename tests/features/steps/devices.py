# SPDX-License-Identifier: LGPL-2.1-or-later
import pathlib
import shutil
import tempfile

from behave import step

from support import api, daemon, match, nvml, step_types, wait  # noqa: F401

GPUS = (
    "gpu 0000:41:00.0 GPU-11111111-aaaa 81920 80000 NVIDIA H100 80GB HBM3",
    "gpu 0000:c1:00.0 GPU-22222222-bbbb 24576 1024 NVIDIA RTX 4090",
)


@step('the host has two NVIDIA GPUs of unequal size')
def two_gpus(context):
    context.scene.driver = nvml.Driver(context.scene.on_close)
    context.scene.driver.tell("driver 550.54.15", *GPUS)
    daemon.drop_in("[Service]\n" + context.scene.driver.environment())


@step('the host has two NVIDIA GPUs of unequal size, and nvidia-smi')
def two_gpus_and_tool(context):
    """Then engines may be required to use them. It is there, nobody needs to run it."""
    two_gpus(context)
    tool = context.scene.driver.folder / "nvidia-smi"
    tool.write_text("#!/bin/sh\nexit 1\n")
    tool.chmod(0o755)
    context.scene.driver.folder.chmod(0o755)
    daemon.drop_in(f"[Service]\n{context.scene.driver.environment()} PATH={context.scene.driver.folder}")


@step('the library "{name:name}" is that of an old driver')
def old_library(context, name):
    (context.scene.driver.folder / name).symlink_to(nvml.LIBRARIES / "libnvidia-ml-old.so.1")


@step('the configuration names that library "{name:name}"')
def library_configured(context, name):
    daemon.configure(f"[GPU]\nNvmlLibrary={context.scene.driver.folder / name}")


@step('the driver says from now on')
def driver_says(context):
    context.scene.driver.add(*context.text.splitlines())


@step('the GPUs are as they were')
def gpus_as_they_were(context):
    context.scene.driver.tell("driver 550.54.15", *GPUS)


@step('process {pid:d} has {mib:d} MiB of GPU {index:d}')
def has_memory(context, pid, mib, index):
    context.scene.driver.add(f"process {index} {pid} {mib}")


@step('the engine of pool "{pool:name}" has {mib:d} MiB of GPU {index:d}')
def engine_has_memory(context, pool, mib, index):
    has_memory(context, context.scene.status(pool)["pid"], mib, index)


@step('the driver hangs')
def driver_hangs(context):
    context.scene.driver.hang()


@step('the driver answers again')
def driver_answers(context):
    context.scene.driver.answer_again()


@step('the driver of the GPUs is unloaded')
def driver_unloaded(context):
    context.scene.driver.file.unlink()


def devices():
    answer = api.request("GET", "/devices", timeout=20)
    assert answer.status == 200, str(answer)
    return answer.json


@step('the devices have')
def devices_have(context):
    match.check(context.table, devices(), "the devices")


@step('the devices have, within {seconds:d} seconds')
def devices_have_soon(context, seconds):
    table = context.table

    def complaint():
        try:
            match.check(table, devices(), "the devices")
        except (AssertionError, IndexError) as error:
            return str(error)
        return ""

    try:
        wait.until(lambda: not complaint(), "the devices are as the table says", seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}: {complaint()}") from None


@step('the answer tells of {count:d} devices')
def count_devices(context, count):
    found = context.scene.answer.json["devices"]
    assert len(found) == count, found


@step('the answer came within {seconds:d} seconds')
def came_within(context, seconds):
    assert context.scene.answer.seconds <= seconds, str(context.scene.answer)


@step('the PATH of the daemon has an nvidia-smi that prints')
def nvidia_smi_prints(context):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nvidia-smi-", dir="/run"))
    context.scene.on_close(lambda: shutil.rmtree(folder))
    (folder / "gpus").write_text(context.text + "\n")
    program = folder / "nvidia-smi"
    program.write_text(f'#!/bin/sh\ncase $1 in --query-gpu=*) /bin/cat {folder}/gpus;; esac\n')
    for path in (folder, program):
        path.chmod(0o755)
    daemon.drop_in(f"[Service]\nEnvironment=PATH={folder}")

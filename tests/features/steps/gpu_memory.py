# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import pathlib

from behave import step

from support import api, step_types, wait  # noqa: F401


def holders(gpu):
    answer = api.request("GET", "/devices", timeout=20)
    assert answer.status == 200, str(answer)
    return {p["pool_id"] for p in answer.json["devices"][gpu]["processes"]}


@step('pool "{pool:name}" is ready, with {mib:d} MiB of GPU {gpu:d}')
def ready_with_memory(context, pool, mib, gpu):
    answer = context.scene.preload(pool, context.scene.prepared(pool))
    assert answer.status == 200, str(answer)
    context.scene.gpu_pid = answer.json["pid"]
    context.scene.driver.add(f"process {gpu} {context.scene.gpu_pid} {mib}")
    wait.until(lambda: pool in holders(gpu), f"the daemon sees pool {pool} on GPU {gpu}", 10)


@step('the memory of pool "{pool:name}" is given back')
def given_back(context, pool):
    driver = context.scene.driver
    driver.tell(*(line for line in driver.lines if f" {context.scene.gpu_pid} " not in line))


@step('the answer warns that GPU {gpu:d} holds {mib:d} MiB of the remembered process')
def warns_of_memory(context, gpu, mib):
    expected = (f"GPU {gpu} has not given back the engine's memory: {mib} MiB held by its process "
                f"{context.scene.gpu_pid}")
    assert context.scene.answer.json["warnings"] == [expected], str(context.scene.answer)


@step('the answer warns that "{text:words}"')
def warns(context, text):
    warnings = context.scene.answer.json["warnings"]
    assert len(warnings) == 1 and text in warnings[0], str(context.scene.answer)


@step('the state file of pool "{pool:name}" names who holds the memory')
def saved(context, pool):
    path = pathlib.Path(f"/run/pool-managerd/state/{pool}.json")
    wait.until(lambda: json.loads(path.read_text())["held_pid"] == context.scene.gpu_pid,
               f"{path} has the process")

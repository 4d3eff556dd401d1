# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import os
import pathlib
import shutil
import signal

from behave import step

from support import api, daemon, engine, match, step_types, units, wait  # noqa: F401
from support.engine_script import engine_script
from support.models import MODELS, SECOND, model, prepared
from support.shell import run

ASKED = pathlib.Path("/var/cache/pool-managerd/models/asked")


def wait_path(name):
    """What the provisioner reads from before it goes on."""
    return model(name).with_name(f"{name}.gguf.wait")


def provisioner():
    """The path of a program that runs the script: units execute binaries."""
    script = engine_script("model_provisioner.py")
    program = script.with_name("model-provisioner")
    program.write_text(f'#!/bin/sh\nexec /usr/bin/python3 {script} "$1" {MODELS} {ASKED}\n')
    program.chmod(0o755)
    return program


# What there is


@step('the daemon runs with a model provisioner')
def runs_with_provisioner(context):
    ASKED.parent.mkdir(parents=True, exist_ok=True)
    ASKED.unlink(missing_ok=True)
    for path in MODELS.glob("*.go"):
        path.unlink()
    daemon.configure(f"[Reload]\nModelProvisioner={provisioner()}\n" + (context.text or ""))
    run("systemctl", "stop", daemon.UNIT)
    daemon.start()


@step('there are the models')
def there_are_models(context):
    MODELS.mkdir(parents=True, exist_ok=True)
    for row in context.table:
        model(row["model"]).write_text(f"GGUF {row['kind']}\n", encoding="ascii")
        wait_path(row["model"]).unlink(missing_ok=True)
        os.mkfifo(wait_path(row["model"]))


@step('pool "{pool:name}" is ready with the model "{name:name}"')
def is_ready_with(context, pool, name):
    answer = context.scene.preload(pool, prepared(context, pool, name))
    assert answer.status == 200, str(answer)


@step('pool "{pool:name}" is ready with the model "{name:name}" and')
def is_ready_with_fields(context, pool, name):
    fields = {row["field"]: json.loads(row["value"]) for row in context.table}
    answer = context.scene.preload(pool, prepared(context, pool, name, **fields))
    assert answer.status == 200, str(answer)


# Reloads


def body_of(context, pool, reference):
    body = {"new_model_ref": reference}
    for row in context.table or ():
        body[row["field"]] = json.loads(row["value"])
    return body


@step('I reload pool "{pool:name}" to "{reference:words}"')
@step('I reload pool "{pool:name}" to "{reference:words}" with')
def reload(context, pool, reference):
    context.scene.answer = api.request("POST", f"/pools/{pool}/reload", body_of(context, pool, reference), timeout=120)


@step('I reload pool "{pool:name}" to a prepared engine with the model "{name:name}"')
@step('I reload pool "{pool:name}" to a prepared engine with the model "{name:name}" and')
def reload_prepared(context, pool, name):
    fields = {row["field"]: json.loads(row["value"]) for row in context.table or ()}
    body = {"new_model_ref": name, "prepared": prepared(context, pool, name, **fields)}
    context.scene.answer = api.request("POST", f"/pools/{pool}/reload", body, timeout=120)


@step('a reload of pool "{pool:name}" to "{reference:words}" is under way')
def is_under_way(context, pool, reference):
    context.scene.reload = api.Call("POST", f"/pools/{pool}/reload", {"new_model_ref": reference})
    wait.until(lambda: context.scene.status(pool)["state"] != "ready" or not context.scene.reload.is_alive(),
               f"pool {pool} is being reloaded")
    still_waits(context, pool)


@step('a reload of pool "{pool:name}" to "{reference:words}" waits for the provisioner')
def waits_for_provisioner(context, pool, reference):
    is_under_way(context, pool, reference)
    wait.until(lambda: reference in asked(), "the provisioner is asked")


@step('the reload of pool "{pool:name}" still waits')
def still_waits(context, pool):
    call = context.scene.reload
    assert call.is_alive(), f"it has ended: {call.answer or call.failure}"


@step('the reload of pool "{pool:name}" is answered with {status:d}')
def is_answered(context, pool, status):
    context.scene.answer = context.scene.reload.wait()
    assert context.scene.answer.status == status, str(context.scene.answer)


@step('the connection of the reload of pool "{pool:name}" is gone')
def connection_is_gone(context, pool):
    context.scene.reload.join(30)
    assert context.scene.reload.failure, f"it was answered: {context.scene.reload.answer}"


@step('the model "{name:name}" may go on')
def may_go_on(context, name):
    path = model(name)
    path.with_name(path.name + ".go").touch()
    # Open to the end of the scenario, so that it does not matter who comes first.
    fifo = os.open(wait_path(name), os.O_RDWR)
    context.scene.on_close(lambda: os.close(fifo))
    os.write(fifo, b"x")


@step('the main process of pool "{pool:name}" is killed')
def main_process_is_killed(context, pool):
    os.kill(context.scene.status(pool)["pid"], signal.SIGKILL)


@step('there is a second model for the real llama-server')
def there_is_a_second(context):
    MODELS.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(engine.LLAMA_MODEL, SECOND)


@step('I reload pool "{pool:name}" to the second model')
def reload_to_second(context, pool):
    context.scene.answer = api.request("POST", f"/pools/{pool}/reload", {"new_model_ref": str(SECOND)}, timeout=120)


# What came of it


def asked():
    return ASKED.read_text(encoding="utf-8").split("\n")[:-1] if ASKED.exists() else []


@step('the provisioner was asked for "{references:words}"')
def was_asked(context, references):
    assert asked() == references.split(), asked()


@step('the provisioner was not asked')
def was_not_asked(context):
    assert not asked(), asked()


@step('no provisioner is left')
def none_is_left(context):
    def gone():
        return not run("systemctl", "list-units", "--all", "--plain", "--no-legend", "pool-provision@*").stdout.strip()
    wait.until(gone, "no unit of a provisioner is left")
    left = list((daemon.RUNTIME / "provision").glob("*"))
    assert not left, left


@step('pool "{pool:name}" serves the model "{name:name}"')
def serves(context, pool, name):
    path = str(model(name))
    status = context.scene.status(pool)
    told = engine.ask(context.scene.port(pool), "/model")
    assert status["state"] == "ready" and status["ready"] and not status["draining"], status
    assert status["model_path"] == path and told["model"] == path, f"{status} {told}"
    handoff = json.loads(pathlib.Path(daemon.RUNTIME / "engines" / f"{pool}-r0.json").read_text(encoding="utf-8"))
    assert handoff["model"]["path"] == path and handoff["pid"] == status["pid"], handoff


@step('the engine of pool "{pool:name}" was given')
def was_given(context, pool):
    arguments = engine.ask(context.scene.port(pool), "/model")["arguments"]
    wanted = [row["argument"] for row in context.table]
    assert arguments[1:] == wanted, arguments


@step('the handoff of pool "{pool:name}" has')
def handoff_has(context, pool):
    path = daemon.RUNTIME / "engines" / f"{pool}-r0.json"
    match.check(context.table, json.loads(path.read_text(encoding="utf-8")), str(path))


@step('a control plane reloads pool "{pool:name}" to "{reference:words}", and drains it')
def control_plane(context, pool, reference):
    """As orchestratord does: the paths of version 2, the answers it reads."""
    answer = api.request("POST", f"/v2/pools/{pool}/reload",
                         {"new_model_ref": reference, "drain_deadline_ms": 5000}, timeout=120)
    assert answer.status == 200, str(answer)
    assert answer.json["pool_id"] == pool and answer.json["success"] and not answer.json["rolled_back"], answer.json
    assert isinstance(answer.json["new_engine_version"], str) and answer.json["duration_ms"] >= 0, answer.json
    answer = api.request("POST", f"/v2/pools/{pool}/drain", {"deadline_ms": 5000})
    assert answer.status == 202, str(answer)
    operation = answer.json["operation"]
    ended = wait.until(lambda: api.request("GET", f"/v2/operations/{operation}").json.get("result"), "the drain ends")
    assert ended["force_stopped"] is False and ended["final_lease_count"] == 0, ended
    assert not units.engines(), units.engines()

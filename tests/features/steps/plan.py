# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import os

from behave import step

from support import api, engine, match, step_types, units, wait  # noqa: F401
from support.values import table_fields

MIB = 1024 * 1024


def body(context, pool):
    flags, fields = table_fields(context.table) if context.table else ([], {})
    return {"prepared": context.scene.prepared(pool, flags, **fields)}


@step('I plan pool "{pool:name}"')
@step('I plan pool "{pool:name}" with')
def plan(context, pool):
    context.scene.answer = api.request("POST", "/plan", body(context, pool))


@step('the file of a preload of pool "{pool:name}" with')
def file_with(context, pool):
    context.scene.file = engine.MODEL.with_name(f"{pool}.json")
    context.scene.file.write_text(json.dumps(body(context, pool)))


@step('the shares of the plan sum to 1')
def sum_of_shares(context):
    shares = [gpu["share_ppm"] for gpu in context.scene.answer.json["gpus"]]
    assert sum(shares) == 1000000, shares


@step('the model "{path:name}" has {mib:d} MiB in {parts:d} parts')
def large_model(context, path, mib, parts):
    """Holes cost nothing; the name is that of the first part."""
    for part in range(1, parts + 1):
        file = engine.MODEL.with_name(f"{path}-{part:05}-of-{parts:05}.gguf")
        file.touch()
        os.truncate(file, mib * MIB // parts)
        context.scene.on_close(file.unlink)


@step('{mib:d} MiB of GPU {index:d} are free from now on')
def free_from_now_on(context, mib, index):
    driver = context.scene.driver
    lines, seen = list(driver.lines), -1
    for number, line in enumerate(lines):
        words = line.split(" ", 5)
        seen += words[0] == "gpu"
        if words[0] == "gpu" and seen == index:
            lines[number] = " ".join([*words[:4], str(mib), words[5]])
    driver.tell(*lines)


@step('the engine of pool "{pool:name}" was started with "{arguments:words}" behind its flags')
def started_with(context, pool, arguments):
    flags = context.scene.bodies[pool]["flags"]
    found = units.command_line(context.scene.status(pool)["pid"])
    assert found[1:] == [*flags, *arguments.split()], found


@step('I begin a preload of pool "{pool:name}" with')
def begin(context, pool):
    answer = api.request("POST", f"/pools/{pool}/preload", body(context, pool),
                         headers={"Prefer": "respond-async"})
    assert answer.status == 202, str(answer)
    context.scene.operation = answer.json["operation"]


@step('that operation comes to have')
def operation_comes_to_have(context):
    table, seen = context.table, {}

    def good():
        seen["answer"] = api.request("GET", f"/operations/{context.scene.operation}")
        try:
            match.check(table, seen["answer"].json, "the operation")
        except AssertionError:
            return False
        return True

    try:
        wait.until(good, "the operation is as the table says")
    except AssertionError as error:
        raise AssertionError(f"{error}: {seen['answer']}") from None


@step('pool "{pool:name}" has no unit yet')
def no_unit(context, pool):
    status = context.scene.status(pool)
    assert status["state"] == "preflight" and status["pid"] is None, status
    assert not [name for name in units.engines() if name.startswith(f"pool@{pool}:")], units.engines()

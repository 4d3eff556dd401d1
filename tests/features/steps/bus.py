# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import pathlib
import shlex
import xml.etree.ElementTree as xml

from behave import step

from support import bus, daemon, match, step_types  # noqa: F401
from support.shell import TESTER, run
from support.values import octets


DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs/dbus"


def arguments(context, method, pool, flags=()):
    """What a method of the manager takes, signature first."""
    if "Preload" in method:
        return ["ss", pool, json.dumps({"prepared": context.scene.prepared(pool, flags)})]
    return ["s", pool]


def remember_reply(context, method, reply):
    context.scene.reply = reply
    if method in ("Preload", "Stop"):
        context.scene.operation = reply[0]


def pool_path(pool):
    return bus.call(bus.MANAGER, "GetPool", "s", pool)[0]


# Calls that work


@step('I call "{method:name}" for pool "{pool:name}"')
def call(context, method, pool):
    remember_reply(context, method, bus.call(bus.MANAGER, method, *arguments(context, method, pool)))


@step('I call "{method:name}" for pool "{pool:name}" whose engine gets "{flags:words}"')
def call_with_flags(context, method, pool, flags):
    reply = bus.call(bus.MANAGER, method, *arguments(context, method, pool, shlex.split(flags)))
    remember_reply(context, method, reply)


@step('I call "{method:name}" of the object of pool "{pool:name}"')
def call_object(context, method, pool):
    context.scene.reply = bus.call(bus.POOL, method, path=pool_path(pool))


@step('the call answered JSON with')
def answered_json(context):
    match.check(context.table, json.loads(context.scene.reply[0]), "the reply")


@step('the call answered an operation number')
def answered_operation(context):
    assert context.scene.operation > 0, context.scene.reply


@step('the pools on the bus are')
def pools_are(context):
    listed = bus.call(bus.MANAGER, "ListPools")[0]
    assert [(row["id"], row["state"]) for row in context.table] == [(p[0], p[1]) for p in listed], listed


@step('"GetPool" leads to the object of pool "{pool:name}"')
def get_pool(context, pool):
    assert bus.properties(bus.POOL, pool_path(pool))["PoolId"] == pool


@step('the property "{name:name}" of the manager is {value:d}')
def manager_property(context, name, value):
    assert bus.properties(bus.MANAGER, bus.PATH)[name] == value


@step('the property "Version" of the manager is that of "pool-managerd --version"')
def manager_version(context):
    printed = run(daemon.PROGRAM, "--version").stdout.split()[-1]
    assert bus.properties(bus.MANAGER, bus.PATH)["Version"] == printed


@step('the bus properties of pool "{pool:name}" have')
def pool_properties(context, pool):
    match.check(context.table, bus.properties(bus.POOL, pool_path(pool)), f"pool {pool}")


@step('the bus description of pool "{pool:name}" is its status over HTTP')
def description(context, pool):
    described = json.loads(bus.call(bus.POOL, "Describe", path=pool_path(pool))[0])
    status = context.scene.status(pool)
    for moving in ("uptime_ms", "last_heartbeat_ms"):
        described.pop(moving), status.pop(moving)
    assert described == status, f"{described} is not {status}"


# Introspection


def interface(path, name):
    found = bus.introspect(path).find(f"./interface[@name='{name}']")
    assert found is not None, f"{path} has no interface {name}"
    return found


def members(found):
    """What an interface offers, out of its XML: (kind, name, [(type, name, direction)], access)."""
    return {(member.tag, member.get("name"), member.get("type"), member.get("access"),
             tuple((arg.get("type"), arg.get("name"), arg.get("direction")) for arg in member.findall("arg")))
            for member in found}


@step('the object of the daemon offers what "{file:name}" says')
def offers(context, file):
    documented = xml.fromstring((DOCS / file).read_text()).find("./interface")
    assert members(interface(bus.PATH, bus.MANAGER)) == members(documented)


@step('the object of pool "{pool:name}" offers what "{file:name}" says')
def pool_offers(context, pool, file):
    documented = xml.fromstring((DOCS / file).read_text()).find("./interface")
    assert members(interface(pool_path(pool), bus.POOL)) == members(documented)


@step('the manager is an ObjectManager')
def is_object_manager(context):
    interface(bus.PATH, "org.freedesktop.DBus.ObjectManager")


# Signals


@step("I watch the daemon's signals")
def watch(context):
    context.scene.monitor = bus.Monitor()


@step('the signal "OperationEnded" came for that operation with')
def operation_ended(context):
    operation = context.scene.operation
    signal = context.scene.monitor.wait_for(
        lambda s: s.get("member") == "OperationEnded" and s["payload"]["data"][0] == operation,
        f"operation {operation} ends")
    names = ("operation", "kind", "pool_id", "error_code", "error_text", "answer")
    match.check(context.table, dict(zip(names, signal["payload"]["data"])), "OperationEnded")


@step('a signal announced the object of pool "{pool:name}"')
def announced(context, pool):
    path = pool_path(pool)
    context.scene.monitor.wait_for(
        lambda s: s.get("member") == "InterfacesAdded" and s["payload"]["data"][0] == path
        and bus.POOL in s["payload"]["data"][1], f"{path} is announced")


@step('a signal said that "{name:name}" of pool "{pool:name}" became "{value:name}"')
def changed(context, name, pool, value):
    path = f"{bus.PATH}/pool/{pool}"

    def is_it(signal):
        if signal.get("member") != "PropertiesChanged" or signal.get("path") != path:
            return False
        changes = signal["payload"]["data"][1]
        return name in changes and changes[name]["data"] == value

    context.scene.monitor.wait_for(is_it, f"{name} of {path} becomes {value}")


@step('a signal said that "{name:name}" of the manager became {value:d}')
def manager_changed(context, name, value):
    context.scene.monitor.wait_for(
        lambda s: s.get("member") == "PropertiesChanged" and s.get("path") == bus.PATH
        and s["payload"]["data"][1].get(name, {}).get("data") == value, f"{name} becomes {value}")


# Calls that fail


@step('I read the bus properties of pool "{pool:name}"')
def read_properties(context, pool):
    context.scene.failure = bus.try_call("org.freedesktop.DBus.Properties", "GetAll", f"string:{bus.POOL}",
                                         path=f"{bus.PATH}/pool/{pool}")


def try_preload(context, pool, text, user=None, method="PreloadAndWait"):
    context.scene.failure = bus.try_call(bus.MANAGER, method, f"string:{pool}", f"string:{text}", user=user)


@step('I call "PreloadAndWait" for pool "{pool:name}" with the text {text:words}')
def preload_text(context, pool, text):
    try_preload(context, pool, octets(text).decode())


@step('I call "PreloadAndWait" for pool "{pool:name}" with an engine that exits at once')
def preload_exits(context, pool):
    try_preload(context, pool, json.dumps(context.scene.prepared(pool, ["--exit-at-once", "3"])))


@step('I call "PreloadAndWait" for pool "{pool:name}" with its own PreparedEngine')
def preload_own(context, pool):
    try_preload(context, pool, json.dumps(context.scene.prepared(pool)))


@step('I call "{method:name}" for pool "{pool:name}" by hand')
def call_by_hand(context, method, pool):
    context.scene.failure = bus.try_call(bus.MANAGER, method, f"string:{pool}")


@step('somebody else calls "{method:name}" for pool "{pool:name}"')
def others_call(context, method, pool):
    if "Preload" in method:
        try_preload(context, pool, json.dumps(context.scene.prepared(pool)), TESTER, method)
    else:
        context.scene.failure = bus.try_call(bus.MANAGER, method, f"string:{pool}", user=TESTER)


@step('somebody else calls "{method:name}"')
def others_read(context, method):
    context.scene.failure = bus.try_call(bus.MANAGER, method, user=TESTER)


@step('somebody else reads the properties of pool "{pool:name}"')
def others_read_properties(context, pool):
    context.scene.failure = bus.try_call("org.freedesktop.DBus.Properties", "GetAll", f"string:{bus.POOL}",
                                         path=pool_path(pool), user=TESTER)


@step('the call succeeded')
def call_succeeded(context):
    assert context.scene.failure[0] is None, context.scene.failure


@step('the call failed with "{error:name}"')
def call_failed(context, error):
    assert context.scene.failure[0] == bus.ERRORS + error, context.scene.failure


@step('the call failed with "{one:name}" or "{other:name}"')
def call_failed_somehow(context, one, other):
    assert context.scene.failure[0] in (bus.ERRORS + one, bus.ERRORS + other), context.scene.failure


@step('the error over the bus contains "{text:words}"')
def bus_error_contains(context, text):
    assert text in context.scene.failure[1], context.scene.failure


@step('somebody else asks for the bus name')
def others_ask_for_name(context):
    context.scene.result = run("dbus-send", "--system", "--print-reply", "--dest=org.freedesktop.DBus",
                               "/org/freedesktop/DBus", "org.freedesktop.DBus.RequestName",
                               f"string:{bus.NAME}", "uint32:0", check=False, user=TESTER)


@step('the bus refuses it')
def bus_refuses(context):
    result = context.scene.result
    assert "org.freedesktop.DBus.Error.AccessDenied" in result.stderr, f"{result.stdout}{result.stderr}"

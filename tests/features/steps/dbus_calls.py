# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls of any method with arguments in JSON; {url of p} is that of the external engine of pool p."""

import json
import os
import random
import re
import signal
import subprocess
import time

from behave import step

from support import bus, bus_client, daemon, match, step_types, values  # noqa: F401
from support.shell import TESTER, run

# With these a call fails that never reached a method of ours.
STANDARD_ERRORS = ("org.freedesktop.DBus.Error.InvalidArgs", "org.freedesktop.DBus.Error.UnknownMethod")


def parse(context, text):
    text = re.sub(r"\{url of ([^}]+)\}", lambda m: context.scene.external[m[1]].url, text)
    return json.loads(values.expand(text))


def client(context):
    if not hasattr(context.scene, "client"):
        context.scene.client = bus_client.Client()
        context.scene.sockets.append(context.scene.client)
    return context.scene.client


# One call


@step('I call "{method:name}" over the bus with {arguments:words}')
def i_call(context, method, arguments):
    types = bus.signature(bus.MANAGER, method)
    given = bus.busctl_arguments(types, parse(context, arguments))
    context.scene.reply = bus.call(bus.MANAGER, method, *given)


@step('I try "{method:name}" over the bus with {arguments:words}')
def i_try(context, method, arguments):
    types = bus.signature(bus.MANAGER, method)
    target = (bus.NAME, bus.PATH, bus.MANAGER, method)
    context.scene.failure = client(context).call(target, types, parse(context, arguments))


@step('somebody else tries "{method:name}" over the bus with {arguments:words}')
def others_try(context, method, arguments):
    types = bus.signature(bus.MANAGER, method)
    given = bus.dbus_send_arguments(types, parse(context, arguments))
    context.scene.failure = bus.try_call(bus.MANAGER, method, *given, user=TESTER)


@step('the bus replied {expected:words}')
def replied(context, expected):
    assert context.scene.reply == parse(context, expected), context.scene.reply


@step('the reply of the bus warns about "{text:name}"')
def replied_warning(context, text):
    assert any(text in warning for warning in context.scene.reply[1]), context.scene.reply


@step('the operation ended with')
def operation_told(context):
    number = context.scene.reply[0]
    heard = context.scene.monitor.wait_for(
        lambda s: s.get("member") == "OperationEnded" and s["payload"]["data"][0] == number,
        f"operation {number} ends")
    names = ("operation", "kind", "pool_id", "error_code", "error_text", "answer")
    match.check(context.table, dict(zip(names, heard["payload"]["data"])), "OperationEnded")
    described = json.loads(bus.call(bus.MANAGER, "GetOperation", "t", str(number))[0])
    assert (described["id"], described["kind"]) == (number, heard["payload"]["data"][1]), described


# Signals and events


@step('a signal "{member:name}" told of pool "{pool:name}"')
def told(context, member, pool):
    path = "/org/llamaorch/PoolManager1/pool/" + re.sub(
        r"[^A-Za-z0-9]", lambda m: f"_{ord(m[0]):02x}", pool)
    context.scene.monitor.wait_for(
        lambda s: s.get("member") == member and s.get("interface") == bus.MANAGER
        and s["payload"]["data"] == [pool, path], f"{member} of {pool}")


@step('a signal said that the object of pool "{pool:name}" is gone')
def object_gone(context, pool):
    context.scene.monitor.wait_for(
        lambda s: s.get("member") == "InterfacesRemoved" and s["payload"]["data"][0].endswith(f"/{pool}")
        and bus.POOL in s["payload"]["data"][1], f"the object of {pool} is gone")


@step('an event "{kind:name}" of pool "{pool:name}" was told, and is in the list')
def event_told(context, kind, pool):
    heard = context.scene.monitor.wait_for(
        lambda s: s.get("member") == "Event" and s["payload"]["data"][1:3] == [kind, pool],
        f"the event {kind} of {pool}")
    number = heard["payload"]["data"][0]
    run_id, first, events = bus.call(bus.MANAGER, "ListEvents", "t", str(number - 1))
    assert run_id == bus.properties(bus.MANAGER, bus.PATH)["RunId"]
    assert first <= number and events[0] == heard["payload"]["data"], (first, events[0])
    json.loads(events[0][3])


@step('the property "RunId" of the manager is another one than before')
def run_id_changed(context):
    assert bus.properties(bus.MANAGER, bus.PATH)["RunId"] != context.scene.run_id


@step('I remember the property "RunId" of the manager')
def remember_run_id(context):
    context.scene.run_id = bus.properties(bus.MANAGER, bus.PATH)["RunId"]


# Logs


@step('the pipe of "OpenLogs" for pool "{pool:name}" gives the line "{text:words}"')
def logs(context, pool, text):
    """The client that reads the pipe is systemd's own library in a process of its own."""
    script = (
        "import ctypes, os\n"
        "sd = ctypes.CDLL('libsystemd.so.0'); bus = ctypes.c_void_p(); reply = ctypes.c_void_p()\n"
        "assert sd.sd_bus_open_system(ctypes.byref(bus)) >= 0\n"
        f"target = [word.encode() for word in ({bus.NAME!r}, {bus.PATH!r}, {bus.MANAGER!r}, 'OpenLogs')]\n"
        "assert sd.sd_bus_call_method(bus, *target, None, ctypes.byref(reply), b'sttbb',\n"
        f"    {pool!r}.encode(), ctypes.c_uint64(2**64 - 1), ctypes.c_uint64(0), 0, 0) >= 0\n"
        "fd = ctypes.c_int(); assert sd.sd_bus_message_read(reply, b'h', ctypes.byref(fd)) > 0\n"
        "copy = os.dup(fd.value); os.set_blocking(copy, True)\n"
        "print(open(copy, errors='replace').read())\n")
    printed = run("/usr/bin/python3", "-c", script).stdout
    assert text in printed, printed


# Malformed calls


def snapshot():
    """All that the daemon knows of pools, in its words and in its files."""
    files = {path.name: path.read_bytes() for path in sorted((daemon.RUNTIME / "state").glob("*"))}
    return bus.call(bus.MANAGER, "Describe")[0], files


@step('I remember all that the daemon knows')
def remember_all(context):
    context.scene.known = snapshot()
    context.scene.remembered_daemon = daemon.main_pid()


@step('the daemon knows the same as before')
def knows_the_same(context):
    now = snapshot()
    assert now == context.scene.known, f"{context.scene.known} became {now}"
    assert daemon.main_pid() == context.scene.remembered_daemon


BAD_IDS = ("", ".", "..", "../p", "p/..", "-p", "_p", "p p", "p\n", "ü", "p" * 65, "p" * 70000, "%70", "p\u202e", "*")
BAD_TEXTS = ("{", "}", "[]", "null", "1", '"p"', "{}}", '{"a":}', '{"a":1,"a":2}', "[" * 17 + "]" * 17, "{" * 1000,
             '{"\\u0000": 1}', '{"a": "\\ud800"}', "\x7f", "nan", "'", '{"a": 99999999999999999999}',
             " " * (1024 * 1024 + 1))
BAD_PATCHES = ('{"slots_total": 0}', '{"slots_total": -1}', '{"slots_total": "4"}', '{"slots_total": 1.5}',
               '{"slots_free": true}', '{"engine_version": 7}', '{"engine_version": ["a"]}', '{"perf_hints": []}',
               '{"device_mask": {}}', '{"version": true}', '{"engine_digest": "\\u0001"}')
BAD_HANDOFFS = ("{}", '{"url": 1}', '{"url": ""}', '{"url": "ftp://h"}', '{"url": "http://"}', '{"url": "http://h:0"}',
                '{"url": "http://h:99999"}', '{"url": "http://127.0.0.1:1", "pool_id": "q"}',
                '{"url": "http://127.0.0.1:1", "replica_id": "../r"}', '{"url": "http://127.0.0.1:1", "slots_total": "2"}',
                '{"url": "http://127.0.0.1:1", "model": "m"}')
BAD_BODIES = {"Preload": BAD_TEXTS + BAD_HANDOFFS, "PreloadAndWait": BAD_TEXTS, "Update": BAD_TEXTS + BAD_PATCHES,
              "RegisterHandoff": BAD_TEXTS + BAD_HANDOFFS}
FILL = {"s": "", "t": 0, "b": False}


def corpus():
    """(method, signature, values) of calls that must all be refused."""
    methods = {method.get("name"): bus.signature(bus.MANAGER, method.get("name"))
               for method in bus.introspect(bus.PATH).findall(f"./interface[@name='{bus.MANAGER}']/method")}
    with_pool = {name: types for name, types in methods.items()
                 if types[:1] == "s" and name not in ("GetOperation", "ListEvents")}
    for name, types in with_pool.items():
        for bad in BAD_IDS:
            yield name, types, [bad, *(FILL[kind] for kind in types[1:])]
    for name, bodies in BAD_BODIES.items():
        for bad in bodies:
            yield name, "ss", ["p", bad]
    for name, types in methods.items():
        yield name, types + "u", [*(FILL[kind] for kind in types), 5]
        yield name, "uuuuu", [1, 2, 3, 4, 5]
    for bad in (0, 2 ** 64 - 2, 2 ** 63):
        yield "Heartbeat", "st", ["p", bad]
        yield "AcquireLease", "sstb", ["p", "", bad, False]
    for bad in ("a\nb", "x" * 129, "\x1b[0m"):
        yield "AcquireLease", "sstb", ["p", bad, 2 ** 64 - 1, False]
    for bad in ("", "1", "1.", ".1", "0.0", "1.1.1", "-1.1", "1.99999999999999999999", "x" * 100000):
        yield "ReleaseLease", "ss", ["p", bad]
    yield "GetOperation", "t", [2 ** 64 - 1]
    yield "NoSuchMethod", "", []


@step('each call of the corpus of malformed calls gets a clean error')
def malformed(context):
    wrong, count = [], 0
    for method, types, given in corpus():
        count += 1
        name, text = client(context).call((bus.NAME, bus.PATH, bus.MANAGER, method), types, given)
        known = name is not None and (name.startswith(bus.ERRORS) or name in STANDARD_ERRORS)
        if not known or not text or name == bus.ERRORS + "Internal":
            wrong.append((method, [str(value)[:40] for value in given], name, text))
    assert count >= 300, f"there are only {count}"
    assert not wrong, wrong


# Leases of somebody who is not root


HOLD = """
import sys; sys.path.insert(0, sys.argv[1])
from support import bus
from support.bus_client import Client
client, target, pool = Client(), (bus.NAME, bus.PATH, bus.MANAGER), sys.argv[2]
print(client.call((*target, "AcquireLease"), "sstb", (pool, "", 2 ** 64 - 1, False)),
      client.call((*target, "ReleaseLease"), "ss", (pool, "1.1")))
"""


@step('somebody else takes a lease of pool "{pool:name}" and gives it back on the same connection')
def take_and_give_back(context, pool):
    features = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    printed = run("/usr/bin/python3", "-B", "-c", HOLD, features, pool, user=TESTER).stdout.strip()
    assert printed == "(None, '') (None, '')", printed


@step('{count:d} clients take leases of pool "{pool:name}" and leave, while the daemon is killed {times:d} times')
def clients_leave(context, count, pool, times):
    """Each is gone before, while, or after its call is carried out: the pauses are of all lengths."""
    context.scene.daemon_may_die = True
    target = bus.NAME, bus.PATH, bus.MANAGER, "AcquireLease"
    for number in range(count):
        leaving = bus_client.Client()
        leaving.send(target, "sstb", [pool, "", 2 ** 64 - 1, False])
        time.sleep(random.Random(number).random() ** 4 * 0.05)
        if number % (count // times) == count // times - 1:
            old = daemon.main_pid()
            os.kill(old, signal.SIGKILL)
            leaving.close()
            daemon.wait_for_another(old)
        leaving.close()


@step('"busctl" sends "{method:name}" for pool "{pool:name}" and does not wait for the answer')
def send_and_go(context, method, pool):
    given = bus.busctl_arguments(bus.signature(bus.MANAGER, method), [pool, "", 2 ** 64 - 1, False])
    subprocess.run(["busctl", "--expect-reply=no", "call", bus.NAME, bus.PATH, bus.MANAGER, method, *given], check=True)

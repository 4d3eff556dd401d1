# SPDX-License-Identifier: LGPL-2.1-or-later
"""The D-Bus interface, through busctl."""

import json
import subprocess
import xml.etree.ElementTree as xml

from support import wait
from support.shell import run

NAME = "org.llamaorch.PoolManager1"
PATH = "/org/llamaorch/PoolManager1"
MANAGER = NAME + ".Manager"
POOL = NAME + ".Pool"
ERRORS = NAME + ".Error."
PING = "org.llamaorch.tests.Ping"


def call(interface, method, *arguments, path=PATH, user=None):
    """The values of the reply. `arguments`: signature, then values, as busctl takes them."""
    reply = run("busctl", "--json=short", "--timeout=60", "call", NAME, path, interface, method, *arguments,
                user=user).stdout
    return json.loads(reply)["data"] if reply.strip() else []


def properties(interface, path):
    """Name -> value, without the types."""
    values = call("org.freedesktop.DBus.Properties", "GetAll", "s", interface, path=path)[0]
    return {name: value["data"] for name, value in values.items()}


def introspect(path):
    return xml.fromstring(run("busctl", "introspect", "--xml-interface", NAME, path).stdout)


def try_call(interface, method, *arguments, path=PATH, user=None):
    """(error name, text) of a call that should fail, (None, reply) when it did not."""
    done = run("dbus-send", "--system", "--print-reply", "--reply-timeout=60000", f"--dest={NAME}", path,
               f"{interface}.{method}", *arguments, check=False, user=user)
    if done.returncode == 0:
        return None, done.stdout
    assert done.stderr.startswith("Error "), f"dbus-send: {done.stderr}"
    name, _, text = done.stderr.removeprefix("Error ").partition(": ")
    return name, text.strip()


def signature(interface, method, path=PATH):
    """Of the arguments that the live object says the method takes."""
    found = introspect(path).find(f"./interface[@name='{interface}']/method[@name='{method}']")
    assert found is not None, f"{interface} has no method {method}"
    return "".join(arg.get("type") for arg in found.findall("arg") if arg.get("direction", "in") == "in")


def busctl_arguments(types, values):
    """What busctl takes for basic values."""
    given = ["true" if value is True else "false" if value is False else str(value) for value in values]
    return [types, *given] if types else []


def dbus_send_arguments(types, values):
    """What dbus-send takes for the same."""
    names = {"s": "string", "t": "uint64", "b": "boolean", "u": "uint32"}
    return [f"{names[kind]}:{str(value).lower() if kind == 'b' else value}"
            for kind, value in zip(types, values, strict=True)]


class Monitor:
    """What passes over the bus from now on; unless `match` says otherwise, what the daemon sends."""

    def __init__(self, match=f"type='signal',sender='{NAME}'"):
        self.process = subprocess.Popen(
            ["busctl", "monitor", "--json=short", f"--match={match}",
             f"--match=type='signal',interface='{PING}'"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.lines = wait.Lines(self.process.stdout)
        wait.until(self._hears, "busctl monitors the bus")

    def _hears(self):
        """Not every busctl says when it has begun: a signal of our own that it shows is the proof."""
        run("busctl", "emit", "/", PING, "Ping")
        try:
            self.lines.wait_for(lambda line: PING in line, "the ping", seconds=0.1)
        except AssertionError:
            return False
        return True

    def wait_for(self, wanted, what, seconds=15.0):
        """The first signal, as busctl's JSON, for which `wanted(signal)` is true."""
        return json.loads(self.lines.wait_for(lambda line: wanted(json.loads(line)), what, seconds))

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

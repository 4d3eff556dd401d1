# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls over D-Bus with wrong types and values. Every one of them must fail."""

from corpus import ABSENT, ENTRY, READY, Bus, short
from corpus.bodies import NO_JSON, NO_OBJECT

MANAGER = "org.llamaorch.PoolManager1.Manager"
POOL = "org.llamaorch.PoolManager1.Pool"
PROPERTIES = "org.freedesktop.DBus.Properties"
ROOT = "/org/llamaorch/PoolManager1"
MIB = 1024 * 1024
FOREVER = 2**64 - 1

# Method, its signature, and values that are good but for the pool.
METHODS = (
    ("Preload", "ss", ("{}",)), ("PreloadAndWait", "ss", ("{}",)), ("Stop", "s", ()),
    ("StopAndWait", "s", ()), ("Restart", "s", ()), ("RestartAndWait", "s", ()),
    ("Register", "s", ()), ("Deregister", "sb", (True,)), ("Update", "ss", ("{}",)),
    ("RegisterHandoff", "ss", ('{"url":"http://127.0.0.1:29998"}',)), ("Heartbeat", "st", (FOREVER,)),
    ("AcquireLease", "sstb", ("", FOREVER, False)), ("ReleaseLease", "ss", ("1.1",)),
    ("ReleaseAnonymousLease", "s", ()), ("ResetBreaker", "s", ()), ("AllowRestart", "s", ()),
    ("SetResources", "ss", ('{"cpu_weight":1}',)), ("GetHealth", "s", ()), ("OpenLogs", "sttbb", (1, 0, False, False)), ("GetPool", "s", ()),
)
BAD_IDS = ("", ".", "..", "-a", "a/b", "a b", "a" * 65, "a\nb", "\u00e9", "a@b", "a" * 100_000, "*")
# (method, signature, values)
BAD_VALUES = (
    ("AcquireLease", "sstb", (READY, "o" * 129, FOREVER, False)),
    ("AcquireLease", "sstb", (READY, "a\nb", FOREVER, False)),
    ("AcquireLease", "sstb", (READY, "", 0, False)),
    ("AcquireLease", "sstb", (ENTRY, "", FOREVER, False)),
    ("ReleaseLease", "ss", (READY, "")), ("ReleaseLease", "ss", (READY, "1.01")),
    ("ReleaseLease", "ss", (READY, "1.18446744073709551617")),
    ("ReleaseLease", "ss", (READY, "a" * 100_000)), ("ReleaseLease", "ss", (READY, "9999.1")),
    ("GetOperation", "t", (0,)), ("GetOperation", "t", (FOREVER,)),
    ("OpenLogs", "sttbb", (ABSENT, 1, 0, False, False)),
    ("RegisterHandoff", "ss", (ENTRY, '{"url":"ftp://x"}')), ("RegisterHandoff", "ss", (ENTRY, "{}")),
    ("Update", "ss", (ENTRY, '{"slots_total":-1}')), ("Update", "ss", (ENTRY, '{"version":[]}')),
    ("Update", "ss", (ENTRY, '{"perf_hints":[]}')),
    ("SetResources", "ss", (READY, '{"cpu_weight":0}')), ("SetResources", "ss", (READY, "{}")),
    ("Preload", "ss", (READY, '{"pool_id":"other"}')), ("Preload", "ss", (READY, '{"prepared":[]}')),
    ("Deregister", "sb", (READY, False)),
)
NOT_THERE = ("Stop", "StopAndWait", "Restart", "RestartAndWait", "GetHealth", "GetPool",
             "ReleaseAnonymousLease", "ResetBreaker", "AllowRestart")
SIGNATURES = {  # a signature that no method has, and its values
    "": (), "u": (5,), "as": (["x"],), "ay": ([1],), "v": (("s", "x"),), "b": (True,),
    "sssssss": ("a",) * 7, "o": ("/",), "d": (1.5,),
}


def bad_json():
    texts = [text for text in (*NO_JSON, *NO_OBJECT) if "\0" not in text]
    for text in texts:
        yield Bus(f"Preload {short(text)}", "Preload", "ss", (READY, text))
        yield Bus(f"Update {short(text)}", "Update", "ss", (ENTRY, text))
    for member in ("Preload", "Update", "RegisterHandoff"):
        yield Bus(f"{member} with 2 MiB", member, "ss", (ENTRY, "a" * 2 * MIB))


def objects():
    yield Bus("a method that is not there", "Nothing")
    yield Bus("a method with an empty interface", "Describe", interface="org.example.Nothing")
    yield Bus("an object that is not there", "Describe", path=ROOT + "/pool/nothing", interface=POOL)
    yield Bus("a path that is none of ours", "Stop", path="/org/example", interface=POOL)
    yield Bus("a pool method on the manager", "Describe", interface=POOL)
    yield Bus("a pool object of a bad id", "Stop", path=ROOT + "/pool/_2e_2e", interface=POOL)
    yield Bus("a property that is not there", "Get", "ss", (MANAGER, "Nothing"), PROPERTIES)
    yield Bus("properties of nothing", "GetAll", "s", ("org.example.Nothing",), PROPERTIES)
    yield Bus("writing a property", "Set", "ssv", (MANAGER, "PoolCount", ("t", 5)), PROPERTIES)
    yield Bus("writing a pool's property", "Set", "ssv", (POOL, "State", ("s", "ready")), PROPERTIES,
              f"{ROOT}/pool/{READY}")
    yield Bus("a property of a pool that is not there", "Get", "ss", (POOL, "State"), PROPERTIES,
              f"{ROOT}/pool/{ABSENT}")
    for signature, values in SIGNATURES.items():
        if signature:
            for member in ("Stop", "Describe", "Heartbeat"):
                yield Bus(f"{member} of a pool object with {signature}", member, signature, values,
                          POOL, f"{ROOT}/pool/{READY}")


def cases():
    for member, signature, rest in METHODS:
        for wrong, values in SIGNATURES.items():
            yield Bus(f"{member} with {wrong or 'nothing'}", member, wrong, values)
        for bad in BAD_IDS:
            yield Bus(f"{member} of {short(bad)!r}", member, signature, (bad, *rest))
    for member in NOT_THERE:
        yield Bus(f"{member} of a pool that is not there", member, "s", (ABSENT,))
    for member, signature, values in BAD_VALUES:
        yield Bus(f"{member} {short(repr(values))}", member, signature, values)
    yield from bad_json()
    yield from objects()

# SPDX-License-Identifier: LGPL-2.1-or-later
"""JSON objects with a field that has a wrong type, or a value out of range."""

from corpus import ENTRY, READY, compact, http, post, short

ENGINE = {"binary_path": "/bin/true", "flags": [], "host": "127.0.0.1", "port": 29999,
          "model_path": "/etc/hostname", "engine_version": "1", "pool_id": READY}
BEYOND_64_BITS = 2**64
LONG = "a" * 4097

# What the contract wants to be a string, a whole number, an object, a list.
NO_STRING = (5, True, [], {}, 1.5)
NO_NUMBER = ("5", True, [], {}, 1.5, -1, BEYOND_64_BITS, -BEYOND_64_BITS)
NO_OBJECT = (5, "{}", True, [])

PREPARED = {
    "binary_path": (*NO_STRING, None, "", "relative", "./x", "/x\ny", "/" + LONG, "/\x7f"),
    "flags": (5, "--x", {}, None, [5], [None], [["x"]], ["a"] * 1025, ["a" * 65537]),
    "host": (*NO_STRING, None, "", "a b", "a\nb", "a/b", "x" * 300, "http://x", "a%b"),
    "port": (*NO_NUMBER, None, 0, 65536),
    "model_path": (*NO_STRING, None, "", "/x\ny", "/" + LONG),
    "engine_version": (*NO_STRING, None, "a\nb", LONG),
    "pool_id": (*NO_STRING, None, "", "other", "Ready", "ready ", "../ready", "a" * 65),
    "replica_id": (*NO_STRING, "", "-r", "a/b", "a b", "..", "r" * 65, "r\u00e9"),
    "device_mask": (5, True, [], {}, "a\nb", "0," * 1000),
    "engine": (*NO_STRING, "a\nb", LONG),
    "engine_digest": (*NO_STRING, "a\nb", LONG),
    "model_id": (*NO_STRING, "a\nb", LONG),
    "env": (*NO_OBJECT, {"A": 5}, {"A": []}, {"A=B": "x"}, {"": "x"}, {"1A": "x"}, {"A B": "x"},
            {"A\nB": "x"}, {f"A{i}": "" for i in range(257)}),
    "credentials": (*NO_OBJECT, {"a": 5}, {"a": "relative"}, {"a/b": "/x"}, {"": "/x"},
                    {"..": "/x"}, {f"a{i}": "/x" for i in range(65)}),
    "slots_total": (*NO_NUMBER, 0),
    "vram_bytes": NO_NUMBER,
    "ram_bytes": NO_NUMBER,
    "health": (*NO_OBJECT, {"path": 5}, {"path": "x"}, {"path": "/a b"}, {"path": "/a\r\nX: y"},
               {"path": "/" + LONG}, {"interval_ms": 0}, {"interval_ms": "5"},
               {"timeout_ms": -1}, {"timeout_ms": BEYOND_64_BITS}, {"failures": 0},
               {"failures": 1.5}),
    "stop_grace_ms": (*NO_NUMBER, 10**12),
    "resources": (*NO_OBJECT, {"memory_max": 0}, {"memory_max": "1G"}, {"cpu_weight": 0},
                  {"cpu_weight": 10001}, {"tasks_max": -1}, {"io_weight": 1.5}),
    "sandbox": NO_OBJECT,
    "policy": (*NO_OBJECT, {"backoff_max_ms": 0}, {"backoff_max_ms": "1m"},
               {"backoff_min_ms": -1}, {"breaker_open_ms": BEYOND_64_BITS}, {"restart_limit": 64},
               {"backoff_jitter_percent": 101}, {"breaker_failures": 1.5}, {"restart": True},
               {"restart": "always"}, {"restart": ""}),
}
PATCH = {
    "engine_version": (*NO_STRING, "a\nb", LONG),
    "engine_digest": (*NO_STRING, "a\nb", LONG),
    "engine_catalog_id": (*NO_STRING, "a\nb", LONG),
    "version": ([], {}, True, "a\nb", LONG),
    "device_mask": (5, True, [], {}, "a\nb", "0," * 1000),
    "slots_total": (*NO_NUMBER, 0),
    "slots_free": ("5", True, [], {}, 1.5, BEYOND_64_BITS),
    "perf_hints": (*NO_OBJECT, {"a": {"b": "x" * 5000}}),
}
HANDOFF = {
    "url": (*NO_STRING, None, "", "x", "/x", "ftp://h:1", "https:/h", "http://", "http://:80",
            "http://h:0", "http://h:65536", "http://h:-1", "http://h:x", "http://a b:1",
            "http://u:p@h:1", "http://[::1:80", "http://h:1\r\nX: y", "http://" + LONG,
            "javascript:1", "file:///etc/passwd", "unix:/x"),
    "pool_id": (*NO_STRING, "", "other", "a/b"),
    "replica_id": (*NO_STRING, "", "a/b", "..", "r" * 65),
    "engine_version": (*NO_STRING, "a\nb", LONG),
    "device_mask": (5, True, [], {}, "a\nb"),
    "slots_total": (*NO_NUMBER, 0),
    "model": NO_OBJECT,
    "flags": (5, "x", {}, [5]),
}
LEASE = {
    "owner": (*NO_STRING, "o" * 129, "a\nb", "a\x7f"),
    "ttl_ms": (*NO_NUMBER, 0),
}
HEARTBEAT = {"timestamp_ms": NO_NUMBER}
DRAIN = {"deadline_ms": (*NO_NUMBER, 10**12)}
RELOAD = {
    "new_model_ref": (*NO_STRING, None, "", "a\nb", "--cache-dir=/", "-", LONG),
    "drain_deadline_ms": (*NO_NUMBER, 10**12),
    "strategy": (*NO_STRING, "", "Drain", "green-blue"),
    "prepared": (*NO_OBJECT, {}, {**ENGINE, "port": 0}, {**ENGINE, "pool_id": "other"},
                 {**ENGINE, "replica_id": "r7"}, {**ENGINE, "device_mask": "7"},
                 {**ENGINE, "policy": {"restart": "x"}}),
}

# Numbers that are JSON but no number of ours, as they are written.
NUMBERS = ("1e400", "-0.5", "1" * 400, "1e-1", "18446744073709551616", "-9223372036854775809",
           "0.1e1000000000")


def variations(what, method, path, base, fields):
    for field, values in fields.items():
        for value in values:
            body = compact({**base, field: value})
            yield http(f"{what}: {field} {short(value)}", post(path, body, method=method), 400)


def cases():
    preload, leases = f"/pools/{READY}/preload", f"/pools/{READY}/leases"
    yield from variations("preload", "POST", preload, ENGINE, PREPARED)
    for field in ENGINE:
        body = {name: value for name, value in ENGINE.items() if name != field}
        yield http(f"preload: no {field}", post(preload, compact({"prepared": body})), 400)
    yield from variations("patch", "PATCH", f"/pools/{ENTRY}", {"version": "bad"}, PATCH)
    yield from variations("handoff", "POST", f"/pools/{ENTRY}/handoff",
                          {"url": "http://127.0.0.1:29998"}, HANDOFF)
    yield http("handoff: no url", post(f"/pools/{ENTRY}/handoff", "{}"), 400)
    yield from variations("lease", "POST", leases, {}, LEASE)
    yield from variations("drain", "POST", f"/pools/{READY}/drain", {}, DRAIN)
    yield from variations("reload", "POST", f"/pools/{READY}/reload", {"new_model_ref": "/m"}, RELOAD)
    yield http("reload: no new_model_ref", post(f"/pools/{READY}/reload", "{}"), 400)
    yield from variations("heartbeat", "POST", f"/pools/{ENTRY}/heartbeat", {}, HEARTBEAT)
    for number in NUMBERS:
        yield http(f"lease: ttl_ms {short(number)}", post(leases, f'{{"ttl_ms":{number}}}'), 400)
        yield http(f"preload: port {short(number)}",
                   post(preload, compact(ENGINE).replace("29999", number)), 400)

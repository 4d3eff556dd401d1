# SPDX-License-Identifier: LGPL-2.1-or-later
"""Malformed requests as data: what is sent, and what may come back.

The pools that they are aimed at: READY runs an engine and has leases, ENTRY is registered only,
OUTSIDE is an engine of somebody else, ABSENT is not there.
"""

import dataclasses
import json

READY, ENTRY, OUTSIDE, ABSENT = "ready", "entry", "outside", "absent"
JSON_TYPE = "Content-Type: application/json"


@dataclasses.dataclass(frozen=True)
class Http:
    """One exchange over a raw connection."""

    name: str
    parts: tuple            # of bytes; between them the server gets the time to read
    statuses: frozenset     # that may come back; empty: the connection is closed
    closes: bool = False    # it may also be closed without an answer
    foreign: bool = False   # it is no HTTP that reaches us: the library may answer by itself
    unfinished: bool = False  # we shut down our side once it is sent
    stalls: bool = False    # it may take as long as the server has patience
    aborts: bool = False    # we reset the connection instead of waiting for an answer
    stream: bool = False    # the answer has no end
    modern: bool = False    # libmicrohttpd before 1.0 misreads it, and does not show us what it read


@dataclasses.dataclass(frozen=True)
class Bus:
    """One call over D-Bus, with a body of any signature."""

    name: str
    member: str
    signature: str = ""
    values: tuple = ()
    interface: str = ""  # the manager's
    path: str = ""       # the manager's


def http(name, parts, *statuses, **how):
    parts = (parts,) if isinstance(parts, bytes) else tuple(parts)
    return Http(name, parts, frozenset(statuses), **how)


def octets(text):
    return text if isinstance(text, bytes) else text.encode()


def request(method, path, body=None, *headers, version="HTTP/1.1"):
    """A whole request; `body` None: without one. Bytes and texts may be mixed."""
    lines = [octets(method) + b" " + octets(path) + b" " + octets(version), b"Host: t"]
    lines += [octets(header) for header in headers]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(octets(body)))
    return b"\r\n".join(lines) + b"\r\n\r\n" + octets(body or b"")


def post(path, body, *headers, method="POST"):
    return request(method, path, body, *(headers or (JSON_TYPE,)))


def compact(value):
    return json.dumps(value, ensure_ascii=False)


def short(value, length=40):
    """A value for the name of a case."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= length else f"{text[:length]}… ({len(text)})"

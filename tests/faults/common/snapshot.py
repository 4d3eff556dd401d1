# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon's state as it can be seen from outside: its pools and its files."""

import stat

from support import api, daemon

# What goes on by itself while an engine runs.
MOVING = ("uptime_ms", "last_heartbeat_ms")


def take():
    return {"pools": pools(), "files": files()}


def pools():
    """Id -> status, without what moves."""
    answer = api.request("GET", "/pools")
    assert answer.status == 200, f"GET /pools: {answer}"
    listed = answer.json
    for pool in listed:
        for field in MOVING if pool["live"] else ():
            pool[field] = None
    return {pool["pool_id"]: pool for pool in listed}


def files():
    """Path -> what is there, for everything in the runtime directory."""
    seen = {}
    for path in sorted(daemon.RUNTIME.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            seen[str(path)] = f"-> {path.readlink()}"
        elif stat.S_ISREG(mode):
            seen[str(path)] = path.read_bytes()
        else:
            seen[str(path)] = stat.S_IFMT(mode)
    return seen


def differences(before, after, path=""):
    """The places where two snapshots differ, in words."""
    if isinstance(before, dict) and isinstance(after, dict):
        found = []
        for key in sorted({*before, *after}):
            place = f"{path}.{key}" if path else key
            found += differences(before.get(key), after.get(key), place)
        return found
    return [] if before == after else [f"{path} was {before!r:.300}, is {after!r:.300}"]

# SPDX-License-Identifier: LGPL-2.1-or-later
"""until-known (tests/bench/common/until-known.c), which does one thing and says how long until it is known."""

import json
import subprocess

PROGRAM = "/usr/lib/pool-managerd/tests/until-known"


def until_known(*arguments):
    """The milliseconds, by the way in which it got known: poll, answer, stream."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], text=True, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def healthy(port):
    """The options that look at an engine."""
    return ("--poll", f"{port}/health")


def post(path, port, target, body):
    """Writes a request for the action `post` into the file `path`; returns the action."""
    text = json.dumps(body) if isinstance(body, dict) else body
    kind = "application/json" if isinstance(body, dict) else "text/xml"
    path.write_text(f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
                    f"Content-Length: {len(text)}\r\n\r\n{text}", encoding="utf-8", newline="")
    return ("post", port, path)

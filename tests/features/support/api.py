# SPDX-License-Identifier: LGPL-2.1-or-later
"""The HTTP interface, as a client sees it."""

import http.client
import json
import socket
import threading
import time

from support.wait import PATIENCE

ADDRESS = ("127.0.0.1", 9200)
JSON_TYPE = {"Content-Type": "application/json"}


class Answer:
    def __init__(self, status, headers, body, seconds):
        self.status, self.headers, self.body, self.seconds = status, headers, body, seconds
        self.text = body.decode(errors="replace")

    @property
    def json(self):
        kind = self.headers.get("Content-Type", "")
        assert kind.startswith("application/json"), f"Content-Type is {kind!r}: {self.text[:500]}"
        return json.loads(self.body)

    def __str__(self):
        return f"{self.status} {self.text[:2000]}"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def request(method, path, body=None, headers=None, timeout=60, address=ADDRESS):
    """One request on a connection of its own. A dict as body is sent as JSON."""
    headers = dict(headers or {})
    timeout *= PATIENCE
    if isinstance(body, (dict, list)):
        body, headers = json.dumps(body).encode(), {**JSON_TYPE, **headers}
    start = time.monotonic()
    connection = (UnixConnection(address, timeout) if isinstance(address, str)
                  else http.client.HTTPConnection(*address, timeout=timeout))
    try:
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read(), time.monotonic() - start)
    finally:
        connection.close()


class Call(threading.Thread):
    """A request that goes on beside the scenario."""

    def __init__(self, method, path, body=None, timeout=180):
        super().__init__(daemon=True)
        self.arguments = (method, path, body, None, timeout)
        self.answer, self.failure = None, None
        self.start()

    def run(self):
        try:
            self.answer = request(*self.arguments)
        except (OSError, http.client.HTTPException) as error:
            self.failure = error

    def wait(self, seconds=30):
        self.join(seconds * PATIENCE)
        assert not self.is_alive(), f"{self.arguments[:2]} has no answer after {seconds} s"
        assert self.failure is None, f"{self.arguments[:2]}: {self.failure!r}"
        return self.answer


def pool_status(pool):
    """The status of a pool, or None when the daemon does not know it."""
    answer = request("GET", f"/pools/{pool}/status")
    if answer.status == 404:
        return None
    assert answer.status == 200, f"status of pool {pool}: {answer}"
    return answer.json


def is_ready():
    try:
        return request("GET", "/ready", timeout=5).status == 200
    except (OSError, http.client.HTTPException):
        return False

# SPDX-License-Identifier: LGPL-2.1-or-later
"""An answer over HTTP that goes on, read line by line."""

import collections
import http.client
import json
import time

from support import api

Event = collections.namedtuple("Event", "id type data")


class StreamRefused(AssertionError):
    def __init__(self, path, answer):
        super().__init__(f"{path}: {answer.status} {answer.read()!r}")
        self.status = answer.status


class Stream:
    def __init__(self, path, headers=None):
        self.path, self.buffered, self.events, self.ended = path, b"", [], False
        self.last_id = None
        self.connection = http.client.HTTPConnection(*api.ADDRESS, timeout=60)
        self.connection.request("GET", path, headers=headers or {})
        self.response = self.connection.getresponse()
        if self.response.status != 200:
            raise StreamRefused(path, self.response)

    def read_line(self, seconds=30.0):
        """The next line without its end, or None when the answer has ended."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self.buffered:
            left = deadline - time.monotonic()
            assert left > 0, f"{self.path}: no line within {seconds} s"
            self.connection.sock.settimeout(left)
            try:
                part = self.response.read1()
            except TimeoutError:
                raise AssertionError(f"{self.path}: no line within {seconds} s") from None
            if not part:
                self.ended = True
                return None
            self.buffered += part
        line, self.buffered = self.buffered.split(b"\n", 1)
        return line.decode()

    def read_event(self, seconds=30.0):
        """The next event; None when the stream has ended. Ids that come alone are noted, too."""
        fields = {}
        while (line := self.read_line(seconds)) is not None:
            if not line:
                self.last_id = fields.get("id", self.last_id)
                if "event" in fields:
                    event = Event(fields["id"], fields["event"], json.loads(fields["data"]))
                    self.events.append(event)
                    return event
                if fields:
                    return Event(self.last_id, None, None)
            elif not line.startswith(":"):
                key, _, value = line.partition(": ")
                fields[key] = value
        return None

    def wait_for(self, good, what, seconds=30.0):
        """The next event that is good; those before it are in `events`."""
        deadline = time.monotonic() + seconds
        while True:
            event = self.read_event(max(0.001, deadline - time.monotonic()))
            assert event is not None, f"{self.path} ended before {what}; came: {self.events}"
            if good(event):
                return event

    def close(self):
        self.connection.close()

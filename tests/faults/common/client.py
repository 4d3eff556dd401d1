# SPDX-License-Identifier: LGPL-2.1-or-later
"""A keep-alive HTTP client for asyncio that shows every break of a connection as what it is."""

import asyncio
import json
import time

from support import api


class Cut(Exception):
    """The connection or the daemon ended before the answer: nobody knows whether it was done."""


class Silent(Cut):
    """The connection is there, and no answer comes."""


class Answer:
    def __init__(self, status, headers, body, seconds):
        self.status, self.headers, self.body, self.seconds = status, headers, body, seconds

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The code of an error answer; None where it is not the API's own."""
        try:
            code = self.json.get("code")
        except (ValueError, AttributeError):
            return None
        return code if self.headers.get("content-type", "").startswith("application/json") else None

    def __str__(self):
        return f"{self.status} {self.body[:300].decode(errors='replace').strip()}"


class Client:
    def __init__(self, address=api.ADDRESS, timeout=60):
        self.address, self.timeout = address, timeout
        self.reader = self.writer = None

    async def request(self, method, path, body=None):
        """The answer. Raises Cut; the next request opens a new connection then."""
        content = b"" if body is None else json.dumps(body).encode()
        kind = "" if body is None else "Content-Type: application/json\r\n"
        head = f"{method} {path} HTTP/1.1\r\nHost: t\r\n{kind}Content-Length: {len(content)}\r\n\r\n"
        start = time.monotonic()
        try:
            answer = await asyncio.wait_for(self._exchange(head.encode() + content), self.timeout)
        except asyncio.TimeoutError as error:
            self.close()
            raise Silent(f"{method} {path}: no answer within {self.timeout} s") from error
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            raise Cut(f"{method} {path}: {error!r}") from error
        except asyncio.CancelledError:
            self.close()
            raise
        if answer.status == 503 and b"the daemon is stopping" in answer.body:
            raise Cut(f"{method} {path}: {answer}")
        answer.seconds = time.monotonic() - start
        return answer

    async def _exchange(self, request):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(*self.address)
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        chunked = headers.get("transfer-encoding") == "chunked"
        body = await (self._chunks() if chunked else
                      self.reader.readexactly(int(headers.get("content-length", 0))))
        if headers.get("connection") == "close":
            self.close()
        return Answer(int(lines[0].split()[1]), headers, body, 0)

    async def _chunks(self):
        """A body whose length nobody knew: metrics of many pools."""
        body = b""
        while True:
            size = int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16)
            body += (await self.reader.readexactly(size + 2))[:size]
            if size == 0:
                return body

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

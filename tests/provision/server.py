# SPDX-License-Identifier: LGPL-2.1-or-later
"""An HTTP server that answers as it was told, right or wrong, and remembers what it was asked."""

import dataclasses
import http.server
import re
import socket
import threading


@dataclasses.dataclass
class Answer:
    """What one request is answered with; a file by default, and correctly."""

    body: bytes = b""
    status: int = 200
    etag: str = '"v1"'
    last_modified: str = ""
    headers: dict = dataclasses.field(default_factory=dict)
    ranges: bool = True  # Range is honoured
    if_range: bool = True  # so is If-Range
    most: int = None  # a part has so many bytes at most, whatever was asked for
    framing: str = "length"  # or "chunked", or "close": the end is where the connection ends
    cut: int = None  # the connection breaks after so many bytes of the body
    hold: int = None  # after so many bytes of the body, nothing until `released`
    released: threading.Event = dataclasses.field(default_factory=threading.Event)

    def judge(self, asked):
        """The status, and the first byte of the body that is sent."""
        if self.status != 200:
            return self.status, 0
        if self.etag and asked.get("If-None-Match") == self.etag:
            return 304, 0
        if self.last_modified and asked.get("If-Modified-Since") == self.last_modified:
            return 304, 0
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.get("Range", ""))
        current = asked.get("If-Range") in (None, self.etag, self.last_modified)
        if not wanted or not self.ranges or (self.if_range and not current):
            return 200, 0
        first = int(wanted[1])
        return (206, first) if first < len(self.body) else (416, 0)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path.partition("?")[0]
        with self.server.lock:
            self.server.asked.append((path, self.headers))
            answers = self.server.answers.get(path, [Answer(status=404)])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        status, first = answer.judge(self.headers)
        body = answer.body[first:] if status in (200, 206) else answer.headers.get("body", b"")
        if status == 206:
            body = body[: answer.most]
        self.send_head(answer, status, first, body)
        if status != 304:
            self.send_body(answer, body)

    def send_head(self, answer, status, first, body):
        self.send_response(status)
        for name, value in answer.headers.items():
            if name != "body":
                self.send_header(name, value)
        if answer.etag:
            self.send_header("ETag", answer.etag)
        if answer.last_modified:
            self.send_header("Last-Modified", answer.last_modified)
        size = len(answer.body)
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{first + len(body) - 1}/{size}")
        if status == 416:
            self.send_header("Content-Range", f"bytes */{size}")
        if answer.framing == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        elif answer.framing == "length" and status != 304:
            self.send_header("Content-Length", str(len(body)))
        else:
            self.close_connection = status != 304
        self.end_headers()

    def send_body(self, answer, body):
        end = min(x for x in (answer.cut, answer.hold, len(body)) if x is not None)
        self.send_bytes(answer, body[:end])
        if answer.cut is not None:
            self.connection.shutdown(socket.SHUT_WR)
            self.close_connection = True
            return
        if answer.hold is not None:
            answer.released.wait()
            self.send_bytes(answer, body[end:])
        if answer.framing == "chunked":
            self.wfile.write(b"0\r\n\r\n")

    def send_bytes(self, answer, data):
        if not data:
            return
        with self.server.lock:
            self.server.sent += len(data)
        if answer.framing == "chunked":
            data = b"%x\r\n%s\r\n" % (len(data), data)
        self.wfile.write(data)


class ModelServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, tls=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.answers = {}  # path -> the answers to come; the last one stays
        self.asked = []  # (path, headers) of each request
        self.sent = 0  # bytes of bodies
        self.scheme = "https" if tls else "http"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}).start()

    def handle_error(self, request, client_address):
        pass  # a client that was killed, or that has seen enough

    def close(self):
        for answers in self.answers.values():
            for answer in answers:
                answer.released.set()
        self.shutdown()
        self.server_close()

    def url(self, path, user=""):
        return f"{self.scheme}://{user}127.0.0.1:{self.server_port}{path}"

# SPDX-License-Identifier: LGPL-2.1-or-later
"""An engine that takes its model bit by bit, as it is told: reading_engine.py PORT MODEL maps|reads|delegates

GET /take?percent=N goes on until so much of it is there; from 100 on, health checks pass. The one that delegates leaves
all of that to another process.
"""

import http.server
import json
import mmap
import os
import sys
import urllib.parse


class Mapped:
    """Maps the file and touches its pages."""

    def __init__(self, fd, size):
        self.pages = mmap.mmap(fd, size, prot=mmap.PROT_READ)

    def take(self, start, end):
        for offset in range(start, end, mmap.PAGESIZE):
            self.pages[offset]


class Kept:
    """Reads the file into memory of its own."""

    def __init__(self, fd, _size):
        self.fd, self.parts = fd, []

    def take(self, start, end):
        part = bytearray(end - start)
        assert os.preadv(self.fd, [part], start) == len(part)
        self.parts.append(part)


class Engine(http.server.BaseHTTPRequestHandler):
    model, size, taken = None, 0, 0

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/take":
            percent = int(urllib.parse.parse_qs(url.query)["percent"][0])
            end = Engine.size * percent // 100 // mmap.PAGESIZE * mmap.PAGESIZE
            Engine.model.take(Engine.taken, end)
            Engine.taken = end
        healthy = Engine.taken == Engine.size or url.path == "/take"
        body = json.dumps({"taken": Engine.taken}).encode()
        self.send_response(200 if healthy else 503)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """What it is asked, the scenario knows."""


def main():
    port, path, way = sys.argv[1:]
    fd = os.open(path, os.O_RDONLY)
    Engine.size = os.fstat(fd).st_size
    if way == "delegates" and (worker := os.fork()):
        os.waitpid(worker, 0)
        return
    Engine.model = {"maps": Mapped, "reads": Kept, "delegates": Mapped}[way](fd, Engine.size)
    http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Engine).serve_forever()


main()

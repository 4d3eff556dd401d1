# SPDX-License-Identifier: LGPL-2.1-or-later
"""An engine that numbers its lines, on both streams in turn, until SIGTERM: numbering_engine.py PORT

Each start says who it is in every line, and how many it wrote in the last one.
"""

import http.server
import os
import signal
import sys
import threading

PAUSE_SECONDS = 0.0005


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        """Nothing but the numbered lines."""


def main():
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    start, number = os.environ["INVOCATION_ID"], 0
    while not stopped.is_set():
        number += 1
        os.write(1, f"{start} out {number}\n".encode())
        os.write(2, f"{start} err {number}\n".encode())
        stopped.wait(PAUSE_SECONDS)
    os.write(1, f"{start} end {number}\n".encode())


main()

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An engine that says whether its handoff is there: witness_engine.py PORT FILE

It does so at each health check, and when it is asked to stop.
"""

import http.server
import os
import signal
import sys
import threading


def say(when):
    os.write(1, f"{when}: the handoff is {'there' if os.path.exists(sys.argv[2]) else 'gone'}\n".encode())


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        say("checked")
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        """Nothing but its own lines."""


def main():
    # Blocked before there are threads, so that it waits for whoever takes it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.sigwait({signal.SIGTERM})
    say("asked to stop")


main()

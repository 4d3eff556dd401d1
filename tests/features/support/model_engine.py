# SPDX-License-Identifier: LGPL-2.1-or-later
"""An engine that behaves as its model says: model_engine.py --port=PORT --model PATH [--again=PATH]

The model's file is "GGUF" and a word: "good"; "slow": unhealthy until the file PATH.go is there; "bad": exits with
status 3; "dumb": listens, and is never healthy. /model tells what it serves.
"""

import argparse
import http.server
import json
import os
import sys


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--again")
    options = parser.parse_args()
    with open(options.model, encoding="ascii") as file:
        kind = file.read().split()[1]
    if kind == "bad":
        print("error: this model is bad", file=sys.stderr, flush=True)
        sys.exit(3)

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            good = kind == "good" or (kind == "slow" and os.path.exists(options.model + ".go"))
            self.send_response(200 if good or self.path == "/model" else 503)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps({"model": options.model, "arguments": sys.argv[1:]}).encode())

        def log_message(self, *_):
            """Nothing: the health checks alone would fill the journal."""

    http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Answers).serve_forever()


main()

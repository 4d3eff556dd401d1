# SPDX-License-Identifier: LGPL-2.1-or-later
"""pool-managerd with as many pools as are asked for, each with an engine that runs."""

import concurrent.futures
import http.client
import json
import pathlib
import subprocess
import threading

PORT = 9200
FIRST_ENGINE_PORT = 20000
CONFIG = pathlib.Path("/etc/pool-managerd/pool-managerd.conf.d/50-bench.conf")
ENGINE = "/usr/lib/pool-managerd/tests/fake-engine"
MODEL = pathlib.Path("/var/lib/pool-managerd-bench/model.gguf")
PARALLEL = 8


class Daemon:
    name = "pool-managerd"
    port = PORT

    def __init__(self):
        CONFIG.parent.mkdir(parents=True, exist_ok=True)
        CONFIG.write_text("[GPU]\nPolicy=optional\n", encoding="ascii")
        MODEL.parent.mkdir(parents=True, exist_ok=True)
        MODEL.write_bytes(b"GGUF")
        self.pools = 0
        self.thread = threading.local()
        subprocess.run(["systemctl", "start", "pool-managerd.service"], check=True)
        self.pid = int(subprocess.check_output(
            ["systemctl", "show", "--value", "--property=MainPID", "pool-managerd.service"], text=True))

    def request(self, method, path, body):
        """On a connection of the thread's own, which is kept."""
        if not hasattr(self.thread, "connection"):
            self.thread.connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
        self.thread.connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self.thread.connection.getresponse()
        text = answer.read().decode()
        assert answer.status == 200, f"{method} {path}: {answer.status} {text}"

    def preload(self, number):
        port = FIRST_ENGINE_PORT + number
        self.request("POST", f"/pools/pool-{number}/preload", {"prepared": {
            "pool_id": f"pool-{number}", "binary_path": ENGINE, "flags": ["--port", str(port)], "host": "127.0.0.1",
            "port": port, "model_path": str(MODEL), "engine_version": "bench"}})

    def grow(self, count):
        """Until there are `count` pools."""
        with concurrent.futures.ThreadPoolExecutor(PARALLEL) as workers:
            list(workers.map(self.preload, range(self.pools, count)))
        self.pools = max(count, self.pools)

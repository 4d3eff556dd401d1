# SPDX-License-Identifier: LGPL-2.1-or-later
"""pool-managerd with as many pools as are asked for, each with an engine that runs."""

import concurrent.futures
import http.client
import json
import subprocess
import threading

from common import daemon, engines

PORT = 9200
FIRST_ENGINE_PORT = 20000
PARALLEL = 8


class Daemon:
    name = "pool-managerd"
    port = PORT

    def __init__(self):
        engines.prepare()
        self.pools = 0
        self.thread = threading.local()
        daemon.start_daemon()
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
        prepared = engines.FAKE.prepared(f"pool-{number}", FIRST_ENGINE_PORT + number)
        self.request("POST", f"/pools/pool-{number}/preload", {"prepared": prepared})

    def grow(self, count):
        """Until there are `count` pools."""
        with concurrent.futures.ThreadPoolExecutor(PARALLEL) as workers:
            list(workers.map(self.preload, range(self.pools, count)))
        self.pools = max(count, self.pools)

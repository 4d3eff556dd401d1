# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one scenario knows."""

import itertools
import time

from support import api, daemon, engine

# Never the same port twice: a connection that is not quite gone would be another scenario's trouble.
_ports = itertools.count(20000)


class Scene:
    def __init__(self):
        self.since = time.time()
        self.runtime = daemon.RUNTIME
        self.daemon_may_die = False
        self.answer = None      # the last one over HTTP
        self.result = None      # of the last program that was run
        self.calls = {}         # pool -> its preload under way
        self.stops = {}         # pool -> its stop under way
        self.remembered = {}    # pool -> its status at some time
        self.bodies = {}        # pool -> the PreparedEngine that was sent last
        self.children = {}      # pool -> pid of the child that its engine left behind
        self.leases = {}        # pool -> the ids of its leases, in the order they were taken
        self.leases_asked = {}  # (pool, lease) -> when it was asked for, monotonic
        self.external = {}      # pool -> its engine that somebody else started
        self.locker = None      # who holds the registry lock beside the daemon
        self.request = None     # one that is under way
        self.monitor = None
        self.sockets = []
        self.closing = []       # what is to be undone at the end
        self._ports = {}

    def port(self, pool):
        if pool not in self._ports:
            self._ports[pool] = next(_ports)
        return self._ports[pool]

    def prepared(self, pool, flags=(), /, **fields):
        self.bodies[pool] = engine.prepared(pool, self.port(pool), flags, **fields)
        return self.bodies[pool]

    def prepared_llama(self, pool):
        self.bodies[pool] = engine.prepared_llama(pool, self.port(pool))
        return self.bodies[pool]

    def preload(self, pool, body):
        self.answer = api.request("POST", f"/pools/{pool}/preload", {"prepared": body}, timeout=180)
        return self.answer

    def start_preload(self, pool, body):
        self.calls[pool] = api.Call("POST", f"/pools/{pool}/preload", {"prepared": body})

    def status(self, pool):
        status = api.pool_status(pool)
        assert status is not None, f"the daemon does not know pool {pool}"
        return status

    def on_close(self, undo):
        self.closing.append(undo)

    def close(self):
        for undo in self.closing:
            undo()
        for sock in self.sockets:
            sock.close()
        if self.monitor:
            self.monitor.close()

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kills a process at a moment that this process has no part in."""

import os
import signal
import struct
import time

ORDER = struct.Struct("id")


class Killer:
    """A child that is told whom to kill and when, and then does nothing but wait for the moment."""

    def __init__(self):
        orders, self.orders = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            os.close(self.orders)
            try:
                self.serve(orders)
            finally:
                os._exit(0)
        os.close(orders)

    @staticmethod
    def serve(orders):
        while len(order := os.read(orders, ORDER.size)) == ORDER.size:
            pid, seconds = ORDER.unpack(order)
            time.sleep(seconds)
            os.kill(pid, signal.SIGKILL)

    def order(self, pid, seconds):
        os.write(self.orders, ORDER.pack(pid, seconds))

    def close(self):
        os.close(self.orders)
        os.waitpid(self.child, 0)

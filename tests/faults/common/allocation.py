# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lets allocations of the daemon fail: the other side of tests/faults/fail-malloc.c."""

import mmap
import pathlib
import struct

LIBRARY = "/usr/lib/pool-managerd/tests/fail-malloc.so"
FILE = pathlib.Path("/run/fail-malloc/orders")
# calls, failed, from, until, one_in, seed
NUMBER = struct.Struct("Q")
CALLS, FAILED, FROM, UNTIL, ONE_IN, SEED = range(6)
SIZE = 6 * NUMBER.size
FOREVER = 2**64 - 1


class Allocation:
    def __init__(self):
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_bytes(bytes(SIZE))
        with FILE.open("r+b") as file:
            self.shared = mmap.mmap(file.fileno(), SIZE)

    @staticmethod
    def drop_in():
        return (f"Environment=LD_PRELOAD={LIBRARY} FAIL_MALLOC_FILE={FILE}\n"
                f"ReadWritePaths={FILE.parent}\n")

    def get(self, which):
        return NUMBER.unpack_from(self.shared, which * NUMBER.size)[0]

    def put(self, which, value):
        NUMBER.pack_into(self.shared, which * NUMBER.size, value)

    def fail(self, after, how_many=1, one_in=0, seed=0):
        """From the call on that comes after so many others; of `how_many` all, or one in so many."""
        self.put(UNTIL, 0)
        self.put(ONE_IN, one_in)
        self.put(SEED, seed)
        first = self.get(CALLS) + 1 + after
        self.put(FROM, first)
        self.put(UNTIL, min(FOREVER, first + how_many))

    def stop(self):
        self.put(UNTIL, 0)

    @property
    def failed(self):
        return self.get(FAILED)

    @property
    def calls(self):
        return self.get(CALLS)

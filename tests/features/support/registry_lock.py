# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lock of the registry, as another program would take it."""

import fcntl
import os
import struct

from support import daemon, wait

PATH = daemon.RUNTIME / "registry.lock"
_FLOCK = "hhqqi4x"  # l_type, l_whence, l_start, l_len, l_pid: a length of 0 is the whole file
SHARED, EXCLUSIVE = fcntl.F_RDLCK, fcntl.F_WRLCK


class RegistryLock:
    """Holds it until close(). It belongs to the open file, so that this process is another one than the daemon."""

    def __init__(self, kind):
        self.file = open(PATH, "r+b")
        wait.until(lambda: self._try(kind), f"{PATH} can be locked")

    def _try(self, kind):
        try:
            fcntl.fcntl(self.file, fcntl.F_OFD_SETLK, struct.pack(_FLOCK, kind, os.SEEK_SET, 0, 0, 0))
        except (BlockingIOError, PermissionError):
            return False
        return True

    def close(self):
        self.file.close()

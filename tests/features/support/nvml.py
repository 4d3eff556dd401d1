# SPDX-License-Identifier: LGPL-2.1-or-later
"""NVIDIA's management library for a machine without a GPU: tests/nvml/fake-nvml.c says what can be told to it."""

import os
import pathlib
import shutil
import tempfile

LIBRARIES = pathlib.Path("/usr/lib/pool-managerd/tests/nvml")


class Driver:
    def __init__(self, on_close):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nvml-", dir="/run"))
        on_close(lambda: shutil.rmtree(self.folder))
        self.file = self.folder / "driver"
        self.fifo = self.folder / "fifo"
        self.lines = []
        os.mkfifo(self.fifo)

    def environment(self):
        return f"Environment=LD_LIBRARY_PATH={LIBRARIES} FAKE_NVML={self.file}"

    def tell(self, *lines):
        """It is so from now on, all at once."""
        self.lines = list(lines)
        temporary = self.file.with_suffix(".new")
        temporary.write_text("".join(line + "\n" for line in lines))
        temporary.rename(self.file)

    def add(self, *lines):
        self.tell(*self.lines, *lines)

    def hang(self):
        self.add(f"hang {self.fifo}")

    def answer_again(self):
        """Waits for somebody who waits for it."""
        with open(self.fifo, "w", encoding="ascii") as fifo:
            self.tell(*(line for line in self.lines if not line.startswith("hang ")))
            fifo.write("x")

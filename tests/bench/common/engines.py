# SPDX-License-Identifier: LGPL-2.1-or-later
"""The engines that are started to measure who starts them."""

import pathlib

from support import engine as scenarios

PLACE = pathlib.Path("/var/lib/pool-managerd-bench")
PROGRAMS = pathlib.Path("/usr/lib/pool-managerd/tests")
MODEL = PLACE / "model.gguf"


class Engine:
    def __init__(self, name, program, model, flags):
        self.name, self.program, self.model, self.flags = name, str(program), str(model), flags

    def arguments(self, port):
        return [*self.flags, "--host", "127.0.0.1", "--port", str(port)]

    def command(self, port):
        return [self.program, *self.arguments(port)]

    def prepared(self, pool, port, **more):
        """The body of a preload."""
        return {"pool_id": pool, "binary_path": self.program, "flags": self.arguments(port), "host": "127.0.0.1",
                "port": port, "model_path": self.model, "engine_version": "bench", **more}


FAKE = Engine("fake engine", PROGRAMS / "fake-engine", MODEL, [])
# As one that loads a model for a while: that is where the pauses between health checks count.
SLOW = Engine("engine that takes 1 s", PROGRAMS / "fake-engine", MODEL, ["--healthy-after-ms", "1000"])
LLAMA = Engine("llama-server", scenarios.LLAMA, scenarios.LLAMA_MODEL,
               ["--model", scenarios.LLAMA_MODEL, "--ctx-size", "256", "--threads", "1", "--parallel", "1"])


def prepare():
    """What they load has to be there."""
    PLACE.mkdir(parents=True, exist_ok=True)
    MODEL.write_bytes(b"GGUF")

# SPDX-License-Identifier: LGPL-2.1-or-later
"""The controllable engine, over its own port."""

import json
import pathlib
import shlex

from support import api, wait

FAKE = "/usr/lib/pool-managerd/tests/fake-engine"
LLAMA = "/usr/bin/llama-server"
LLAMA_MODEL = "/usr/share/pool-managerd-tests/tiny.gguf"
# What the fake engine is told to be its model: it has to be there, nobody reads it.
MODEL = pathlib.Path("/var/lib/pool-managerd-tests/model.gguf")

VERSION = "fake-1.0"


def make_model():
    MODEL.parent.mkdir(parents=True, exist_ok=True)
    MODEL.write_bytes(b"GGUF")


def prepared(pool, port, flags=(), /, **fields):
    """A PreparedEngine for the fake engine; `fields` replace or add."""
    return {"binary_path": FAKE, "flags": ["--port", str(port), *flags], "host": "127.0.0.1", "port": port,
            "model_path": str(MODEL), "engine_version": VERSION, "pool_id": pool, **fields}


def table_fields(table):
    """Fields of a PreparedEngine from a table; `flags` are words for the fake engine, the rest is JSON."""
    fields = {row["field"]: row["value"] for row in table}
    flags = shlex.split(fields.pop("flags", ""))
    return flags, {field: json.loads(value) for field, value in fields.items()}


def prepared_llama(pool, port):
    return {"binary_path": LLAMA, "host": "127.0.0.1", "port": port, "model_path": LLAMA_MODEL,
            "engine_version": "debian", "pool_id": pool,
            "flags": ["--model", LLAMA_MODEL, "--host", "127.0.0.1", "--port", str(port),
                      "--ctx-size", "256", "--threads", "1", "--parallel", "1"]}


def request(port, method, path, seconds=30):
    """Asks the engine on `port`; one that does not listen yet is waited for."""
    def ask():
        try:
            return api.request(method, path, address=("127.0.0.1", port), timeout=seconds)
        except ConnectionRefusedError:
            return None
    return wait.until(ask, f"the engine on port {port} listens")


def ask(port, path, seconds=30):
    answer = request(port, "GET", path, seconds)
    assert answer.status == 200, f"the engine on port {port} answered {answer}"
    return json.loads(answer.body)


def tell(port, path):
    answer = request(port, "POST", path)
    assert answer.status == 200, f"the engine on port {port} answered {answer}"

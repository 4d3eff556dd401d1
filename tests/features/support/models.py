# SPDX-License-Identifier: LGPL-2.1-or-later
"""Engines that behave as their model says, and the models that they are given."""

from support import engine
from support.engine_script import engine_script

MODELS = engine.MODEL.parent
SECOND = MODELS / "second.gguf"  # for the real llama-server


def model(name):
    return MODELS / f"{name}.gguf"


def prepared(context, pool, name, **fields):
    port = context.scene.port(pool)
    script = engine_script("model_engine.py")
    body = {**engine.prepared(pool, port), "binary_path": "/usr/bin/python3", "model_path": str(model(name)),
            "flags": [str(script), f"--port={port}", "--model", str(model(name)), f"--again={model(name)}"],
            "health": {"timeout_ms": 20000}, **fields}
    context.scene.bodies[pool] = body
    return body

# SPDX-License-Identifier: LGPL-2.1-or-later
"""The other managers, with as many models as are asked for. Each has a call that tells what there is."""

import json
import os
import pathlib
import shutil

from requests_load import PLACE, Server

MODEL = pathlib.Path("/usr/share/pool-managerd-tests/tiny.gguf")


def folder(name):
    place = PLACE / name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return place


class Router(Server):
    """llama-server itself: /models is the one call by which it tells of its engines."""

    name = "llama-server's router"
    program = "llama-server"
    status = list = "/models"

    def __init__(self, port, size):
        presets = "".join(f"\n[model-{number}]\nmodel = {MODEL}\n" for number in range(size))
        preset = folder("router") / "preset.ini"
        preset.write_text(f"version = 1\n{presets}", encoding="ascii")
        super().__init__(self.name, port, [
            self.program, "--models-preset", preset, "--host", "127.0.0.1", "--port", port, "--no-models-autoload",
        ], self.status)


class Lemonade(Server):
    name = "Lemonade"
    program = "lemond"
    status, list = "/api/v1/health", "/api/v1/models"

    def __init__(self, port, size):
        place = folder("lemonade")
        models, home = place / "models", place / "home"
        models.mkdir()
        home.mkdir()
        for number in range(size):
            shutil.copy(MODEL, models / f"model-{number}.gguf")
        (home / "config.json").write_text(json.dumps({
            "host": "127.0.0.1", "port": port, "extra_models_dir": str(models), "broadcast": False,
            "offline": True, "no_fetch_executables": True, "inhibit_suspend": False,
            "llamacpp": {"prefer_system": True, "backend": "system"}}), encoding="ascii")
        super().__init__(self.name, port, [self.program, home], self.status, env={**os.environ, "HOME": str(home)})


KINDS = (Router, Lemonade)

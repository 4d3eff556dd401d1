# SPDX-License-Identifier: LGPL-2.1-or-later
"""Engines that somebody else than the daemon started, and the files that tell of them."""

import json
import subprocess

from support import daemon, engine, units


class ExternalEngine:
    """The controllable engine, outside of every slice of the daemon."""

    def __init__(self, port, flags=()):
        self.port = port
        self.process = subprocess.Popen([engine.FAKE, "--port", str(port), *flags], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        engine.ask(port, "/self")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def runs(self):
        return units.is_running(self.process.pid)

    def kill(self):
        self.process.kill()
        self.process.wait()

    close = kill


def drop(name, text):
    """Puts a file into the folder of handoffs as a careful provisioner does: whole, by a rename."""
    written = daemon.RUNTIME / f"{name}.written"
    written.write_text(text if isinstance(text, str) else json.dumps(text))
    written.rename(daemon.RUNTIME / "engines" / name)


def remove(name):
    (daemon.RUNTIME / "engines" / name).unlink()

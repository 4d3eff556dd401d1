# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of pool-managerd-provision have in common."""

import hashlib
import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

from server import Answer, ModelServer

PROGRAM = os.environ["PROVISION_PROGRAM"]


def model(size=300_000, seed=1):
    """Bytes that start as a GGUF does, others for each seed."""
    return b"GGUF" + random.Random(seed).randbytes(size - 4)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="provision-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o755)
        self.cache = self.folder / "cache"
        self.server = self.new_server()

    def new_server(self, tls=None):
        server = ModelServer(tls)
        self.addCleanup(server.close)
        return server

    def serve(self, path, *answers):
        """The answers to come for the path; bytes are a file with that content."""
        self.server.answers[path] = [
            Answer(each) if isinstance(each, bytes) else each for each in answers
        ]
        return self.server.url(path)

    def asked(self, name):
        """The header `name` of each request, None where it was not there."""
        return [headers.get(name) for _, headers in self.server.asked]

    def environment(self, **more):
        kept = ("PATH", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
        return {**{name: os.environ[name] for name in kept if name in os.environ}, **more}

    def command(self, reference, *options):
        return [
            PROGRAM,
            f"--cache-dir={self.cache}",
            "--retry-wait=1ms",
            "--stall-timeout=20s",
            *options,
            reference,
        ]

    def start(self, reference, *options):
        """The program, running, with progress."""
        process = subprocess.Popen(
            self.command(reference, "--progress", *options),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def run_program(self, reference, *options):
        return subprocess.run(
            self.command(reference, *options),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    def read_answer(self, text):
        self.assertRegex(text, r"\A\{[^\n]*\}\n\Z")
        return json.loads(text)

    def good(self, reference, *options):
        """Runs the program to success: what it printed."""
        done = self.run_program(reference, *options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return self.read_answer(done.stdout)

    def fetched(self, reference, content, *options):
        """Runs the program to success; the path of the model, which has that content."""
        answer = self.good(reference, *options)
        path = pathlib.Path(answer["model_path"])
        self.assertEqual(answer["sha256"], sha256(content))
        self.assertEqual(path.read_bytes(), content)
        self.assertEqual(path.parent, self.cache)
        self.assertEqual(path.stat().st_mode & 0o7777, 0o644)
        return path

    def bad(self, status, words, reference, *options):
        """Runs the program to a failure: its last line, which has `words`."""
        done = self.run_program(reference, *options)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assertTrue(done.stderr.endswith("\n"))
        line = done.stderr.splitlines()[-1]
        self.assertIn(words, line)
        return line

    def await_progress(self, process, **wanted):
        """Reads lines of progress until one has these values; returns it."""
        for line in process.stderr:
            values = json.loads(line)
            if wanted.items() <= values.items():
                return values
        self.fail(f"the program ended without progress of {wanted}")

    def parts(self):
        return sorted(self.cache.glob("*.part"))

    def models(self):
        return sorted(each for each in self.cache.glob("*-*") if each.is_file())

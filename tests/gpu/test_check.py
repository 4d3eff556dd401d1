# SPDX-License-Identifier: LGPL-2.1-or-later
"""What of tests/gpu/check can be tested without a GPU: that it says so, and its readers."""

import importlib.machinery
import importlib.util
import os
import pathlib
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
CHECK = pathlib.Path(__file__).resolve().parent / "check"


def load():
    loader = importlib.machinery.SourceFileLoader("check", str(CHECK))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check", loader))
    loader.exec_module(module)
    return module


check = load()
GPUS = "1, GPU-b, 24576, 10\n0, GPU-a, 81920, 4\n"


def devices(**changes):
    one = {"vendor": "nvidia", "index": 0, "uuid": "GPU-a", "memory_total_bytes": 81920 << 20}
    two = {"vendor": "nvidia", "index": 1, "uuid": "GPU-b", "memory_total_bytes": 24500 << 20}
    other = {"vendor": "amd", "index": 0, "uuid": None, "memory_total_bytes": None}
    return {"answers": True, "devices": [one | changes, two, other]}


class Readers(unittest.TestCase):
    def test_gpus(self):
        found = check.parse_gpus(GPUS)
        self.assertEqual([gpu["uuid"] for gpu in found], ["GPU-a", "GPU-b"])
        self.assertEqual(found[1]["used_mib"], 10)
        self.assertIsNone(check.parse_gpus("0, GPU-a, [N/A], 4\n")[0]["total_mib"])
        with self.assertRaises(check.Wrong):
            check.parse_gpus("NVIDIA-SMI has failed\n")

    def test_processes(self):
        self.assertEqual(check.parse_processes("12, GPU-a\n12, GPU-b\n"), {(12, "GPU-a"), (12, "GPU-b")})
        self.assertEqual(check.parse_processes(""), set())
        with self.assertRaises(check.Wrong):
            check.parse_processes("No devices were found\n")

    def test_compare(self):
        gpus = check.parse_gpus(GPUS)
        self.assertEqual(check.compare(gpus, devices()), [])
        self.assertIn("GPU-x", check.compare(gpus, devices(uuid="GPU-x"))[0])
        self.assertIn("bytes", check.compare(gpus, devices(memory_total_bytes=1))[0])
        self.assertIn("has the GPUs [1, 7]", check.compare(gpus, devices(index=7))[0])
        self.assertIn("does not answer", check.compare(gpus, devices() | {"answers": False})[0])


class Skipping(unittest.TestCase):
    def test_no_gpu(self):
        done = subprocess.run([sys.executable, str(CHECK)], env={**os.environ, "PATH": "/nonexistent"},
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (77, "skipped: there is no nvidia-smi\n"))


if __name__ == "__main__":
    unittest.main()

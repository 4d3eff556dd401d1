# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plain paths, file: addresses, and what is no reference at all."""

import os
import pathlib
import shutil
import subprocess

from case import PROGRAM, Case, model, sha256

NOBODY = 65534


class Local(Case):
    def setUp(self):
        super().setUp()
        self.model = self.folder / "a model #1%.gguf"
        self.content = model(10_000)
        self.model.write_bytes(self.content)

    def test_path(self):
        self.assertEqual(self.good(str(self.model)), {"model_path": str(self.model)})
        self.assertFalse(self.cache.exists())

    def test_file_address(self):
        written = str(self.model).replace("%", "%25").replace("#", "%23").replace(" ", "%20")
        for start in ("file:", "file://", "file://localhost", "FILE://LocalHost"):
            self.assertEqual(self.good(start + written), {"model_path": str(self.model)})

    def test_digest(self):
        digest = sha256(self.content)
        for written in (digest, digest.upper()):
            self.assertEqual(
                self.good(f"{self.model}#sha256={written}"),
                {"model_path": str(self.model), "sha256": digest},
            )
        wrong = sha256(b"")
        line = self.bad(1, "damaged or another model", f"{self.model}#sha256={wrong}")
        self.assertIn(digest, line)
        self.assertIn(wrong, line)

    def test_digest_with_progress(self):
        large = self.folder / "large.gguf"
        with large.open("wb") as file:
            file.write(b"GGUF")
            file.truncate(64 * 1024 * 1024)
        digest = sha256(large.read_bytes())
        process = self.start(f"{large}#sha256={digest}")
        progress = self.await_progress(process, phase="digest", total=64 * 1024 * 1024)
        self.assertEqual(progress["percent"], progress["bytes"] * 100 // progress["total"])
        self.assertEqual(self.read_answer(process.communicate()[0])["sha256"], digest)

    def test_progress_by_environment(self):
        """As pool-managerd asks for it, which gives the reference only."""
        reference = f"{self.model}#sha256={sha256(self.content)}"
        for value, lines in (("1", 1), ("0", 0), ("", 0)):
            done = subprocess.run(
                self.command(reference),
                env=self.environment(POOL_MANAGERD_PROVISION_PROGRESS=value),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
                check=True,
            )
            self.assertEqual(len(done.stderr.splitlines()), lines, done.stderr)

    def test_folder(self):
        folder = self.folder / "llama"
        folder.mkdir()
        self.bad(1, "without a config.json", str(folder))
        (folder / "config.json").write_text("{}")
        self.assertEqual(self.good(str(folder)), {"model_path": str(folder)})
        self.bad(2, "only a file has a digest", f"{folder}#sha256={sha256(b'')}")

    def test_what_is_no_model(self):
        other, empty, pipe = (self.folder / name for name in ("other", "empty", "pipe"))
        other.write_bytes(b"PK\3\4 and so on")
        empty.touch()
        os.mkfifo(pipe)
        self.bad(1, 'starts with "PK.."', str(other))
        self.bad(1, "is empty", str(empty))
        self.bad(1, "neither a file nor a folder", str(pipe))
        self.bad(1, "neither a file nor a folder", "/dev/null")
        self.bad(1, "does not exist", f"{self.folder}/none.gguf")
        self.bad(1, "does not exist", f"{self.model}/below.gguf")

    def as_nobody(self, *arguments, **environment):
        """A copy of the program, as a user who may do nothing."""
        return subprocess.run(
            [shutil.copy(PROGRAM, self.folder), *arguments],
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
        )

    def test_unreadable(self):
        self.model.chmod(0o000)
        done = self.as_nobody(str(self.model))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"may not be read by user {NOBODY}", done.stderr)

    def test_cache_that_may_not_be_written(self):
        url = self.serve("/m.gguf", self.content)
        done = self.as_nobody(f"--cache-dir={self.cache}", url)
        self.assertEqual(done.returncode, 1)
        self.assertIn("choose another folder with --cache-dir=", done.stderr)
        self.assertEqual(self.server.asked, [])

    def test_usage(self):
        for reference, words in {
            "model.gguf": "an absolute path",
            "": "an absolute path",
            "ftp://host/m.gguf": "an absolute path",
            "hf:org/model": "an absolute path",
            "/models/../m.gguf": '".."',
            "/a\nb": "control characters",
            "file:relative": "absolute path",
            "file://other/m.gguf": "of this host",
            "file://": "of this host",
            "file:///m.gguf?x": "no query",
            "file:///m%2": "two hex digits",
            "file:///m%00": "%00",
            "file:///m%0a": "control characters",
            "file:///m%ff": "UTF-8",
            "file:///m#part": "only #sha256=",
            "/m.gguf#sha256=12": "64 hex digits",
            "/m.gguf#sha256=" + "g" * 64: "64 hex digits",
            "http://host/m.gguf#sha256=" + "0" * 65: "64 hex digits",
            "http://host/m.gguf#x": "only #sha256=",
            "http://": "address of the model is not valid",
            "http://host:99999/m": "address of the model is not valid",
            "/" + "m" * 5000: "4096",
        }.items():
            with self.subTest(reference=reference):
                self.bad(2, words, reference)

    def test_options(self):
        self.bad(2, "--help", "/a", "/b")
        self.bad(2, "--retries", "/a", "--retries=x")
        self.bad(2, "--stall-timeout", "/a", "--stall-timeout=0")
        self.bad(2, "--colour", "/a", "--colour")
        self.bad(2, "--cache-dir", "/a", "--cache-dir=here")
        for option, words in (("--help", "REFERENCE"), ("--version", "pool-managerd-provision ")):
            done = self.run_program("/a", option)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(words, done.stdout)

    def test_where_the_cache_is(self):
        url = self.serve("/m.gguf", self.content)
        os.chown(self.folder, NOBODY, NOBODY)
        for given, expected in (
            ({"CACHE_DIRECTORY": f"{self.folder}/unit:{self.folder}/other"}, "unit"),
            ({"XDG_CACHE_HOME": f"{self.folder}/xdg"}, "xdg/pool-managerd/models"),
            ({"HOME": f"{self.folder}/home"}, "home/.cache/pool-managerd/models"),
        ):
            done = self.as_nobody(url, **given)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            path = pathlib.Path(self.read_answer(done.stdout)["model_path"])
            self.assertEqual(path.parent, self.folder / expected)
        self.assertIn("--cache-dir=", self.as_nobody(url, HOME="").stderr)

    def test_nobody_takes_the_answer(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                self.command(str(self.model)),
                stdout=full,
                stderr=subprocess.PIPE,
                env=self.environment(),
                check=False,
            )
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot be written", done.stderr)

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers of servers, good and bad."""

import json
import os
import subprocess
import time

from case import Case, model, sha256
from server import Answer


class Fetch(Case):
    def test_whole_file(self):
        content = model()
        for framing in ("length", "chunked"):
            url = self.serve(f"/org/{framing}.gguf", Answer(content, framing=framing))
            path = self.fetched(url, content)
            self.assertTrue(path.name.endswith(f"-{framing}.gguf"))
        self.assertEqual(self.parts(), [])
        self.assertEqual(self.asked("Accept-Encoding"), ["identity"] * 2)

    def test_digest(self):
        content = model()
        url = self.serve("/m.gguf", content)
        self.bad(1, "check which of the two is right", f"{url}#sha256={sha256(b'')}")
        self.assertEqual((self.parts(), self.models()), ([], []))
        self.fetched(f"{url}#sha256={sha256(content)}", content)
        self.assertEqual(len(self.server.asked), 2)

    def test_size_that_nobody_tells(self):
        content = model()
        url = self.serve("/m.gguf", Answer(content, framing="close"))
        self.bad(1, "add #sha256=", url)
        self.assertEqual(self.models(), [])
        self.fetched(f"{url}#sha256={sha256(content)}", content)

    def test_refusals(self):
        for status, words in {
            401: "login",
            403: "login",
            404: "no such file",
            410: "no such file",
            204: "answers 204",
            304: "answers 304",
            416: "answers 416",
            501: "answers 501",
        }.items():
            with self.subTest(status=status):
                self.server.asked.clear()
                self.bad(1, words, self.serve("/m.gguf", Answer(status=status)))
                self.assertEqual(len(self.server.asked), 1)
        self.assertEqual(list(self.cache.glob("*.part*")), [])

    def test_busy_server(self):
        content = model()
        url = self.serve("/m.gguf", Answer(status=500), Answer(status=503), Answer(content))
        self.fetched(url, content)
        self.assertEqual(len(self.server.asked), 3)

    def test_server_that_stays_busy(self):
        url = self.serve("/m.gguf", Answer(status=429))
        self.bad(75, "answers 429", url, "--retries=3")
        self.assertEqual(len(self.server.asked), 4)

    def test_retry_after(self):
        content = model()
        url = self.serve(
            "/m.gguf", Answer(status=503, headers={"Retry-After": "1"}), Answer(content)
        )
        start = time.monotonic()
        self.fetched(url, content)
        self.assertGreater(time.monotonic() - start, 1)
        url = self.serve("/n.gguf", Answer(status=503, headers={"Retry-After": "3600"}))
        self.server.asked.clear()
        self.bad(75, "answers 503", url)
        self.assertEqual(len(self.server.asked), 1)

    def test_nobody_there(self):
        url = self.serve("/m.gguf", model())
        self.server.shutdown()
        self.server.socket.close()
        self.bad(75, "cannot be reached", url, "--retries=1")

    def test_login_page(self):
        page = b"<html>" + b"x" * 50_000_000
        self.bad(1, 'starts with "<htm" instead of "GGUF"', self.serve("/m.gguf", page))
        self.assertEqual((self.parts(), self.models()), ([], []))
        for tiny in (b"", b"GG", b"page"):
            self.bad(1, "not a GGUF model", self.serve("/tiny.gguf", tiny))
        self.assertEqual((self.parts(), self.models()), ([], []))

    def test_part_that_nobody_asked_for(self):
        answer = Answer(status=206, headers={"body": model()})
        self.bad(1, "answers with a part", self.serve("/m.gguf", answer))

    def test_split_model(self):
        url = self.serve("/m-00001-of-00002.gguf", model())
        self.bad(1, "one part of a split model", url)
        self.assertEqual(self.server.asked, [])

    def redirect(self, path, to):
        return self.serve(path, Answer(status=302, headers={"Location": to}))

    def test_redirects(self):
        content = model()
        target = self.serve("/m.gguf", content)
        self.redirect("/b", target)
        self.fetched(self.redirect("/a/model.gguf", "/b"), content)

    def test_redirects_that_lead_nowhere(self):
        self.redirect("/b", "/a")
        self.bad(1, "redirects more than 10 times", self.redirect("/a", "/b"))
        self.assertEqual(len(self.server.asked), 11)
        secret = self.folder / "secret.gguf"
        secret.write_bytes(model())
        for to in (f"file://{secret}", "ftp://127.0.0.1/m.gguf", "gopher://127.0.0.1/"):
            self.bad(1, "redirects to where a model must not come from", self.redirect("/c", to))
        self.assertEqual(self.models(), [])

    def test_secrets_of_an_address(self):
        for answer in (
            Answer(status=404),
            Answer(status=500),
            Answer(b"<html>"),
            Answer(model(), framing="close"),
            Answer(model(), cut=1000),
            Answer(status=302, headers={"Location": "/m.gguf"}),
            Answer(status=302, headers={"Location": "http://geheim:geheim@127.0.0.1:1/?geheim"}),
        ):
            self.serve("/m.gguf", answer)
            url = self.server.url("/m.gguf?token=geheim", "user:geheim@")
            done = self.run_program(url, "--retries=0", "--progress")
            self.assertIn(done.returncode, (1, 75))
            self.assertNotIn("geheim", done.stderr)
            self.assertIn("/m.gguf?...", done.stderr)
            self.assertIsNotNone(self.server.asked[0][1].get("Authorization"))
        for each in self.cache.iterdir():
            self.assertNotIn("geheim", each.name + each.read_text(errors="replace"))

    def test_names_in_the_cache(self):
        content = model(5000)
        for number, path in enumerate(
            (
                "/..%2f..%2f..%2fetc%2fpasswd",
                "/%2e%2e",
                "/.hidden",
                "/",
                "/a/" + "x" * 300 + ".gguf",
                "/a/$(reboot)%00%0a;.gguf",
                "/%c3%bc.gguf",
            ),
            1,
        ):
            with self.subTest(path=path):
                url = self.serve(path, content)
                name = self.fetched(url, content).name
                self.assertRegex(
                    name, r"\A[0-9a-f]{32}-[0-9a-f]{16}-[A-Za-z0-9_-][A-Za-z0-9._-]*\Z"
                )
                self.assertEqual(len(self.models()), number)
        self.assertEqual([each.name for each in self.folder.iterdir()], ["cache"])

    def test_progress(self):
        content = model()
        answer = Answer(content, hold=150_000)
        process = self.start(self.serve("/m.gguf", answer))
        seen = []
        while len(seen) < 3:
            seen.append((time.monotonic(), json.loads(process.stderr.readline())))
        answer.released.set()
        self.assertEqual(process.wait(), 0)
        self.assertEqual(
            seen[-1][1],
            {"phase": "download", "percent": 50, "bytes": 150_000, "total": len(content)},
        )
        # Twice a second at most; the reader may be late by a bit.
        self.assertGreater(seen[-1][0] - seen[0][0], 0.9)

    def test_progress_of_unknown_size(self):
        answer = Answer(model(), hold=150_000, framing="chunked")
        process = self.start(self.serve("/m.gguf", answer))
        progress = self.await_progress(process, bytes=150_000)
        answer.released.set()
        self.assertEqual((progress["percent"], progress["total"]), (None, None))
        self.assertEqual(process.wait(), 0)

    def test_nobody_reads_the_progress(self):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(
            self.command(self.serve("/m.gguf", model()), "--progress"),
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=writer,
            text=True,
            check=False,
        )
        os.close(writer)
        self.assertEqual(done.returncode, 0)
        self.read_answer(done.stdout)

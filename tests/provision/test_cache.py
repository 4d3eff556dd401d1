# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is in the cache already, other processes, and disks that are full."""

import os
import ssl
import subprocess

from case import Case, model, sha256
from server import Answer

HALF = 150_000
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


class Cache(Case):
    def setUp(self):
        super().setUp()
        self.content = model()

    def test_once_is_enough(self):
        url = self.serve("/m.gguf", self.content)
        path = self.fetched(url, self.content)
        before = path.stat()
        self.assertEqual(self.fetched(url, self.content), path)
        self.assertEqual(self.asked("If-None-Match"), [None, '"v1"'])
        self.assertEqual(self.server.sent, len(self.content))
        self.assertEqual(path.stat(), before)
        self.assertEqual(self.parts(), [])

    def test_once_is_enough_by_date(self):
        day = "Sat, 21 Nov 2026 10:00:00 GMT"
        url = self.serve("/m.gguf", Answer(self.content, etag="", last_modified=day))
        self.fetched(url, self.content)
        self.fetched(url, self.content)
        self.assertEqual(self.asked("If-Modified-Since"), [None, day])
        self.assertEqual(self.server.sent, len(self.content))

    def test_digest_needs_no_request(self):
        url = self.serve("/m.gguf", self.content)
        pinned = f"{url}#sha256={sha256(self.content)}"
        path = self.fetched(pinned, self.content)
        self.assertEqual(self.fetched(pinned, self.content), path)
        self.assertEqual(len(self.server.asked), 1)
        # The record is only there to save work.
        path.with_name(path.name.split("-")[0] + ".json").write_text("{")
        self.assertEqual(self.fetched(pinned, self.content), path)
        self.assertEqual(len(self.server.asked), 1)

    def test_engines_may_read_it(self):
        """They run as other users, whatever the umask of who fetches."""
        before = os.umask(0o077)
        self.addCleanup(os.umask, before)
        self.fetched(self.serve("/m.gguf", self.content), self.content)
        self.assertEqual(self.cache.stat().st_mode & 0o7777, 0o755)

    def test_other_password_same_model(self):
        self.serve("/m.gguf", self.content)
        paths = {
            self.fetched(self.server.url("/m.gguf", user), self.content)
            for user in ("", "a:b@", "a:c@")
        }
        self.assertEqual(len(paths), 1)
        self.assertNotIn(self.fetched(self.server.url("/m.gguf?v=2"), self.content), paths)

    def test_new_version(self):
        """The old one stays: an engine may have to be started on it again."""
        url = self.serve("/m.gguf", self.content)
        old = self.fetched(url, self.content)
        other = model(seed=2)
        self.serve("/m.gguf", Answer(other, etag='"v2"'))
        new = self.fetched(url, other)
        self.assertNotEqual(old, new)
        self.assertEqual(old.read_bytes(), self.content)
        self.assertEqual(self.fetched(url, other), new)
        self.assertEqual(self.asked("If-None-Match"), [None, '"v1"', '"v2"'])
        self.assertEqual(self.fetched(f"{url}#sha256={sha256(self.content)}", self.content), old)
        self.assertEqual(len(self.server.asked), 3)

    def test_damaged_file(self):
        url = self.serve("/m.gguf", self.content)
        for reference in (url, f"{url}#sha256={sha256(self.content)}"):
            path = self.fetched(reference, self.content)
            path.write_bytes(self.content[:-1] + b"?")
            self.server.asked.clear()
            self.fetched(reference, self.content)
            self.assertEqual(self.asked("If-None-Match"), [None])
            path.unlink()
            self.fetched(reference, self.content)

    def test_touched_file(self):
        url = self.serve("/m.gguf", self.content)
        path = self.fetched(url, self.content)
        os.utime(path)
        self.fetched(url, self.content)
        self.fetched(f"{url}#sha256={sha256(self.content)}", self.content)
        self.assertEqual(self.asked("If-None-Match"), [None, '"v1"'])

    def test_server_is_away(self):
        url = self.serve("/m.gguf", self.content)
        path = self.fetched(url, self.content)
        self.serve("/m.gguf", Answer(status=503))
        self.assertIn(str(path), self.bad(75, "still there", url, "--retries=0"))

    def test_two_at_once(self):
        answer = Answer(self.content, hold=HALF)
        reference = self.serve("/m.gguf", answer) + f"#sha256={sha256(self.content)}"
        first = self.start(reference)
        self.await_progress(first, phase="download")
        second = self.start(reference)
        self.await_progress(second, phase="wait")
        answer.released.set()
        answers = [self.read_answer(each.communicate()[0]) for each in (first, second)]
        self.assertEqual(answers[0], answers[1])
        self.assertEqual((first.returncode, second.returncode), (0, 0))
        self.assertEqual(len(self.server.asked), 1)

    def test_second_goes_on_when_the_first_is_killed(self):
        url = self.serve("/m.gguf", Answer(self.content, hold=HALF), self.content)
        first = self.start(url)
        self.await_progress(first, phase="download", bytes=HALF)
        second = self.start(url)
        self.await_progress(second, phase="wait")
        first.kill()
        self.assertEqual(self.read_answer(second.communicate()[0])["sha256"], sha256(self.content))
        self.assertEqual(self.asked("Range"), [None, f"bytes={HALF}-"])

    def test_others_need_not_wait(self):
        answer = Answer(self.content, hold=HALF)
        first = self.start(self.serve("/m.gguf", answer))
        self.await_progress(first, phase="download")
        self.fetched(self.serve("/n.gguf", self.content), self.content)
        answer.released.set()
        self.assertEqual(first.wait(), 0)

    def mount(self, *arguments):
        subprocess.run(["mount", *arguments], check=True)

    def small_disk(self):
        self.cache.mkdir()
        self.mount("-t", "tmpfs", "-o", "size=200k,mode=755", "none", str(self.cache))
        self.addCleanup(subprocess.run, ["umount", str(self.cache)], check=True)

    def test_no_room(self):
        self.small_disk()
        url = self.serve("/m.gguf", self.content)
        line = self.bad(75, "300000 bytes are needed", url)
        self.assertEqual(len(self.server.asked), 1)
        self.assertIn("choose another folder", line)
        self.mount("-o", "remount,size=1m", str(self.cache))
        self.fetched(url, self.content)

    def test_disk_gets_full(self):
        """The server does not say how much is to come; what came is kept and gone on with."""
        self.small_disk()
        url = self.serve("/m.gguf", Answer(self.content, framing="chunked"), self.content)
        line = self.bad(75, f"no room in {self.cache}", url)
        self.assertIn("is kept", line)
        (part,) = self.parts()
        self.assertGreater(part.stat().st_size, 100_000)
        self.mount("-o", "remount,size=1m", str(self.cache))
        self.fetched(url, self.content)
        (first, second) = self.asked("Range")
        self.assertIsNone(first)
        self.assertGreater(int(second.removeprefix("bytes=").removesuffix("-")), 100_000)

    def tls(self):
        """What a server needs to be 127.0.0.1, and the certificate of its authority."""
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            + ["-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=test"]
            + ["-addext", "subjectAltName=IP:127.0.0.1"],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context, certificate

    def test_https(self):
        plain = self.serve("/m.gguf", self.content)
        context, certificate = self.tls()
        self.server = self.new_server(context)
        url = self.serve("/m.gguf", self.content)
        self.bad(1, "cannot be trusted", url)
        self.assertEqual(self.server.asked, [])
        self.mount("--bind", str(certificate), AUTHORITIES)
        self.addCleanup(subprocess.run, ["umount", AUTHORITIES], check=True)
        self.fetched(url, self.content)
        # No library for TLS takes this for the end of the file; each has an error of its own.
        url = self.serve("/o.gguf", Answer(self.content, cut=1000), self.content)
        self.fetched(url, self.content)
        self.assertEqual(self.asked("Range")[-2:], [None, "bytes=1000-"])
        url = self.serve("/n.gguf", Answer(status=302, headers={"Location": plain}))
        self.bad(1, "from https: only to https:", url)

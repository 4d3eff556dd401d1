# SPDX-License-Identifier: LGPL-2.1-or-later
"""Broken connections, killed programs, and what is gone on with afterwards."""

import json
import signal
import socket

from case import Case, model, sha256
from server import Answer

HALF = 150_000
DAY = "Sat, 21 Nov 2026 10:00:00 GMT"


class Resume(Case):
    def setUp(self):
        super().setUp()
        self.content = model()
        self.pinned = f"#sha256={sha256(self.content)}"

    def kill_at(self, url, count):
        """Kills the program when it has so many bytes."""
        process = self.start(url)
        self.await_progress(process, phase="download", bytes=count)
        process.kill()
        self.assertEqual(process.wait(), -signal.SIGKILL)

    def test_broken_connection(self):
        for etag, day, validator in (('"v1"', "", '"v1"'), ("", DAY, DAY), ('W/"v1"', DAY, DAY)):
            with self.subTest(etag=etag, day=day):
                self.server.asked.clear()
                self.server.sent = 0
                broken = Answer(self.content, etag=etag, last_modified=day, cut=HALF)
                whole = Answer(self.content, etag=etag, last_modified=day)
                url = self.serve(f"/{len(etag)}.gguf", broken, whole)
                self.fetched(url, self.content)
                self.assertEqual(self.asked("Range"), [None, f"bytes={HALF}-"])
                self.assertEqual(self.asked("If-Range"), [None, validator])
                self.assertEqual(self.server.sent, len(self.content))

    def test_connection_that_breaks_again_and_again(self):
        """Each try brings something, so that two retries are enough for many of them."""
        broken = [Answer(self.content, cut=40_000) for _ in range(7)]
        url = self.serve("/m.gguf", *broken, Answer(self.content))
        self.fetched(url, self.content, "--retries=2")
        self.assertEqual(len(self.server.asked), 8)
        self.assertEqual(self.server.sent, len(self.content))

    def test_chunks_that_break_off(self):
        broken = Answer(self.content, cut=HALF, framing="chunked")
        self.fetched(self.serve("/m.gguf", broken, self.content), self.content)
        self.assertEqual(self.asked("Range"), [None, f"bytes={HALF}-"])

    def test_without_validators(self):
        """Bytes of two versions must not be mixed: it starts again, and not for ever."""
        broken = Answer(self.content, etag="", cut=HALF)
        url = self.serve("/m.gguf", broken, Answer(self.content, etag=""))
        self.fetched(url, self.content)
        self.assertEqual(self.asked("Range"), [None, None])
        self.server.asked.clear()
        self.bad(75, "broke off after 150000 bytes", self.serve("/n.gguf", broken), "--retries=3")
        self.assertEqual(self.asked("Range"), [None] * 4)

    def test_digest_instead_of_validators(self):
        broken = Answer(self.content, etag="", cut=HALF)
        url = self.serve("/m.gguf", broken, Answer(self.content, etag=""))
        self.fetched(url + self.pinned, self.content)
        self.assertEqual(self.asked("Range"), [None, f"bytes={HALF}-"])

    def test_server_without_ranges(self):
        broken = Answer(self.content, cut=HALF, ranges=False)
        url = self.serve("/m.gguf", broken, Answer(self.content, ranges=False))
        self.fetched(url, self.content)
        self.assertEqual(len(self.server.asked), 2)
        self.server.asked.clear()
        self.bad(75, "broke off", self.serve("/n.gguf", broken), "--retries=2")
        self.assertEqual(len(self.server.asked), 3)

    def test_other_version_meanwhile(self):
        other = model(seed=2)
        broken = Answer(self.content, cut=HALF)
        self.fetched(self.serve("/m.gguf", broken, Answer(other, etag='"v2"')), other)
        self.assertEqual(len(self.server.asked), 2)

    def test_other_version_that_goes_on_with_the_first(self):
        """A server that does not understand If-Range; its ETag, date or size gives it away."""
        longer = model(len(self.content) + 1, seed=2)
        for number, (content, etag, day) in enumerate(
            (
                (model(seed=2), '"v2"', ""),
                (model(seed=2), '"v1"', DAY.replace("10:", "11:")),
                (longer, '"v1"', ""),
            )
        ):
            with self.subTest(number=number):
                self.server.asked.clear()
                other = Answer(content, etag=etag, last_modified=day, if_range=False)
                broken = Answer(self.content, last_modified=DAY, cut=HALF)
                self.fetched(self.serve(f"/{number}.gguf", broken, other), content)
                self.assertEqual(self.asked("Range"), [None, f"bytes={HALF}-", None])

    def test_other_version_that_only_the_digest_shows(self):
        other = model(seed=2)
        broken = Answer(self.content, etag="", cut=HALF)
        url = self.serve("/m.gguf", broken, Answer(other, etag=""))
        self.fetched(f"{url}#sha256={sha256(other)}", other)
        self.assertEqual(self.asked("Range"), [None, f"bytes={HALF}-", None])
        # The second chance is the last one.
        self.server.asked.clear()
        url = self.serve("/n.gguf", broken, Answer(other, etag=""))
        self.bad(1, "has the SHA-256", f"{url}#sha256={sha256(b'')}")
        self.assertEqual(len(self.server.asked), 3)
        self.assertEqual(self.parts(), [])

    def test_part_of_the_range_that_was_asked_for(self):
        wrong = Answer(
            status=206, headers={"Content-Range": "bytes 7-9/300000", "body": self.content[7:10]}
        )
        broken = Answer(self.content, cut=HALF)
        self.fetched(self.serve("/m.gguf", broken, wrong, self.content), self.content)
        self.assertEqual(self.asked("Range"), [None, f"bytes={HALF}-", None])

    def test_server_that_sends_less_than_was_asked_for(self):
        broken = Answer(self.content, cut=HALF)
        url = self.serve("/m.gguf", broken, Answer(self.content, most=100_000))
        self.fetched(url, self.content)
        self.assertEqual(self.asked("Range"), [None, f"bytes={HALF}-", "bytes=250000-"])

    def test_stall(self):
        stalling = Answer(self.content, hold=HALF)
        url = self.serve("/m.gguf", stalling)
        line = self.bad(
            75, "has sent nothing for 300 ms", url, "--stall-timeout=300ms", "--retries=0"
        )
        self.assertIn("150000 bytes are there", line)
        self.serve("/m.gguf", self.content)
        self.fetched(url, self.content)
        self.assertEqual(self.asked("Range"), [None, f"bytes={HALF}-"])

    def test_server_that_never_answers(self):
        """The kernel accepts the connection, and that is all."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"127.0.0.1:{silent.getsockname()[1]}/m.gguf"
            limits = ("--stall-timeout=300ms", "--retries=0")
            self.bad(75, "0 bytes are there", f"http://{address}", *limits)
            # Two deadlines of the same length: that of the handshake, and that of silence.
            line = self.bad(75, "", f"https://{address}", *limits)
            self.assertRegex(line, "0 bytes are there|cannot be reached: .*timeout")

    def test_killed(self):
        url = self.serve("/m.gguf", Answer(self.content, hold=HALF), self.content)
        self.kill_at(url, HALF)
        self.assertEqual([each.stat().st_size for each in self.parts()], [HALF])
        self.fetched(url, self.content)
        self.assertEqual(self.asked("Range"), [None, f"bytes={HALF}-"])
        self.assertEqual((self.parts(), len(self.models())), ([], 1))

    def test_killed_and_changed(self):
        """What survived the kill is not what a record tells: damaged, too long, of another boot."""
        for number, damage in enumerate(
            (self.damage_record, self.remove_record, self.lengthen, self.of_another_boot)
        ):
            with self.subTest(damage=damage.__name__):
                self.server.asked.clear()
                hold = Answer(self.content, hold=HALF)
                url = self.serve(f"/{number}.gguf", hold, self.content)
                self.kill_at(url, HALF)
                (part,) = self.parts()
                expected = damage(part, part.with_name(part.name + ".json"))
                self.fetched(url, self.content)
                self.assertEqual(self.asked("Range"), [None, expected])

    def damage_record(self, part, record):
        text = record.read_text()
        record.write_text(text[: len(text) // 2])

    def remove_record(self, part, record):
        record.unlink()

    def lengthen(self, part, record):
        part.write_bytes(b"GGUF" + bytes(len(self.content)))

    def of_another_boot(self, part, record):
        """The bytes that were not yet safe when the power went are zeros now."""
        values = json.loads(record.read_text())
        values["boot_id"] = "0" * 36
        values["synced"] = 1000
        record.write_text(json.dumps(values))
        part.write_bytes(self.content[:1000] + bytes(HALF - 1000))
        return "bytes=1000-"

    def test_killed_when_nothing_was_missing(self):
        """The part is whole, only the rename is missing."""
        url = self.serve("/m.gguf", Answer(self.content, hold=HALF), self.content)
        self.kill_at(url, HALF)
        (part,) = self.parts()
        part.write_bytes(self.content)
        self.fetched(url, self.content)
        self.assertEqual(self.server.sent, HALF)
        # With the digest there is nothing to ask.
        self.server.asked.clear()
        url = self.serve("/n.gguf", Answer(self.content, hold=HALF))
        self.kill_at(url + self.pinned, HALF)
        (part,) = self.parts()
        part.write_bytes(self.content)
        self.fetched(url + self.pinned, self.content)
        self.assertEqual(len(self.server.asked), 1)

# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a fault test prints: a line for each check and number, the journal when one failed."""

import collections
import contextlib
import sys
import time
import traceback

from support import daemon, journal

JOURNAL_BYTES = 40000
SHOWN_PER_KIND = 5


class Report:
    def __init__(self, name, shown=SHOWN_PER_KIND):
        self.name, self.shown, self.since = name, shown, time.time()
        self.passed = self.failed = 0
        self.faults = collections.defaultdict(list)

    def check(self, good, what, detail=""):
        """One line; `detail` is added when it failed."""
        self.passed += bool(good)
        self.failed += not good
        print(f"ok    {what}" if good else f"FAIL  {what}: {detail}", flush=True)
        return good

    @contextlib.contextmanager
    def to_the_end(self):
        """What breaks the test off is a failure like others: the journal is to be seen then, too."""
        try:
            yield
        except Exception:  # noqa: BLE001
            self.check(False, "it ran to its end", traceback.format_exc())

    def number(self, what, value):
        print(f"      {what}: {value}", flush=True)

    def fault(self, kind, text):
        """One of many of a kind; the first ones are shown at once, check_no() counts them all."""
        self.faults[kind].append(text)
        if len(self.faults[kind]) <= self.shown:
            print(f"      {kind}: {text}", flush=True)

    def check_no(self, kind):
        faults = self.faults[kind]
        self.check(not faults, f"no {kind}", f"{len(faults)}, first: {faults[0]}" if faults else "")

    def finish(self):
        """The exit status. Call it when the daemon has been stopped: a sanitizer may complain then."""
        complaints = [line.strip() for line in journal.lines(self.since) if is_complaint(line)]
        self.check(not complaints, "no sanitizer complained", " / ".join(complaints[:3]))
        if self.failed:
            print(f"The journal of {daemon.UNIT}:")
            print(journal.text(self.since, f"--unit={daemon.UNIT}")[-JOURNAL_BYTES:])
        print(f"{self.name}: {self.passed} passed, {self.failed} failed")
        sys.stdout.flush()
        return 1 if self.failed else 0


def is_complaint(text):
    return any(mark in text for mark in ("ERROR: AddressSanitizer", "LeakSanitizer has",
                                         "AddressSanitizer:DEADLYSIGNAL", ": runtime error: "))

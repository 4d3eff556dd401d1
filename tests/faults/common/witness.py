# SPDX-License-Identifier: LGPL-2.1-or-later
"""Somebody who has nothing to do with a fault, and asks on: how long each answer takes."""

import http.client
import multiprocessing
import time

PAUSE_SECONDS = 0.005
SLOWER_MS = 5.0  # by so much it may take longer while the fault lasts


def percentile(seconds, part):
    ordered = sorted(seconds)
    return ordered[int((len(ordered) - 1) * part)] * 1000 if ordered else float("nan")


def ask(pipe, address, path):
    seconds, broken, connection = [], 0, http.client.HTTPConnection(*address, timeout=30)
    while not pipe.poll(PAUSE_SECONDS):
        start = time.monotonic()
        try:
            connection.request("GET", path)
            connection.getresponse().read()
            seconds.append((start, time.monotonic() - start))
        except (OSError, http.client.HTTPException):
            broken += 1
            connection.close()
    pipe.send((seconds, broken))


class Witness:
    """A process of its own that asks for `path` at `address`, from now until stop()."""

    def __init__(self, address, path):
        fork = multiprocessing.get_context("fork")
        self.pipe, other = fork.Pipe()
        self.process = fork.Process(target=ask, args=(other, address, path))
        self.process.start()
        self.faults, self.since = [], None

    def fault_begins(self):
        self.since = time.monotonic()

    def fault_ends(self):
        self.faults.append((self.since, time.monotonic()))

    def stop(self, report, who):
        """Judges the median: on a busy machine single answers say nothing of the fault."""
        self.pipe.send(None)
        seconds, broken = self.pipe.recv() if self.pipe.poll(30) else ([], 1)
        self.process.join()
        during = [took for start, took in seconds
                  if any(begin <= start <= end for begin, end in self.faults)]
        else_ = [took for start, took in seconds
                 if not any(begin <= start <= end for begin, end in self.faults)]
        report.check(broken == 0, f"{who} was answered each time", f"{broken} times not")
        if not report.check(during and else_, f"{who} was asked", "not often enough"):
            return
        for name, values in (("else", else_), ("during a fault", during)):
            report.number(f"{who}, {name}", f"{len(values)} requests, p50 "
                          f"{percentile(values, 0.5):.2f} ms, p99 {percentile(values, 0.99):.2f} ms")
        slower = percentile(during, 0.5) - percentile(else_, 0.5)
        report.check(slower < SLOWER_MS, f"{who} is slower by {slower:.2f} ms (p50)",
                     f"more than {SLOWER_MS} ms")

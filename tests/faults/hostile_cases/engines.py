# SPDX-License-Identifier: LGPL-2.1-or-later
"""Engines that misbehave: how they are started, what must hold, and that nothing of them stays."""

import os
import pathlib
import signal
import subprocess
import time

from support import api, engine, units, wait

PORT = 22000
POOL = "hostile"
READY, REFUSED = 200, 500
READY_MS, REFUSED_MS = 20_000, 1200  # in which an engine is to be healthy
start_ms = 0  # so long the machine takes for a few engines that behave, see REFUSED_MS
LOOK_SECONDS = 1.0       # for which an engine that is ready is looked at
FORKS = 400
STOP_GRACE_MS = 300
STOP_SECONDS = 30.0
FOREIGN = """import http.server, socket, sys, time
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
print("waiting for the port", flush=True)
while True:
    try:
        http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
    except OSError:
        time.sleep(0.0005)
"""


class Case:
    """An engine with these flags. `answer`: what its preload is answered with; `error`: a part of
    the reason, where that is none of a success."""

    connections = 0  # of clients, which may take memory
    reading_ms = 0.0  # of what clients send in one moment

    def __init__(self, name, *flags, answer=READY, error="", policy=None, stop=True):
        self.name, self.flags, self.answer, self.error = name, flags, answer, error
        self.policy, self.stop = policy or {}, stop

    def body(self):
        health = {"timeout_ms": READY_MS if self.answer == READY else REFUSED_MS + start_ms}
        return {"prepared": engine.prepared(
            POOL, PORT, self.flags, health=health, stop_grace_ms=STOP_GRACE_MS, policy=self.policy)}

    def run(self, report):
        answer = api.request("POST", f"/pools/{POOL}/preload", self.body())
        report.check(answer.status == self.answer, f"{self.name}: its preload is answered with "
                     f"{self.answer}", f"{answer}")
        if answer.status == READY:
            self.meanwhile(report, answer.json)
        status = api.pool_status(POOL)
        if self.error:
            said = f"{answer.text if answer.status != READY else status['last_error']}"
            report.check(self.error in said, f"{self.name}: the reason has \"{self.error}\"", said)
        self.end(report, status)

    def meanwhile(self, report, preloaded):
        """It is what it is for a while, and is left alone; a check may fail where it is slow."""
        time.sleep(LOOK_SECONDS)
        status = api.pool_status(POOL)
        report.check(status["state"] == "ready" and status["generation"] == preloaded["generation"],
                     f"{self.name}: the pool is ready with the same engine", status)

    def end(self, report, status):
        begin = time.monotonic()
        answer = api.request("POST", f"/pools/{POOL}/stop")
        if answer.status == 500:  # many processes on a busy machine: it is told, and goes on
            report.number(f"{self.name}: it takes longer", answer)
            wait.until(lambda: not leftovers(), f"the end of {self.name}", STOP_SECONDS)
            status, answer = None, api.request("POST", f"/pools/{POOL}/stop")
        took = time.monotonic() - begin
        live = status and status["live"]
        report.check(answer.status == 200 or not live and answer.json["code"] == "NO_ENGINE",
                     f"{self.name}: it is stopped", f"{answer}")
        left = leftovers()
        report.check(not left, f"{self.name}: no process and no unit is left after its stop, "
                     f"{took * 1000:.0f} ms", left)
        api.request("DELETE", f"/pools/{POOL}?force=true")


def folder():
    found = list(pathlib.Path("/sys/fs/cgroup/pools.slice").glob(f"pool@{POOL}:*"))
    return found[0] if found else None


def processes():
    place = folder()
    try:
        return (place / "cgroup.procs").read_text().split() if place else []
    except OSError:
        return []


def leftovers():
    return processes() + [unit for unit in units.engines() if unit.startswith(f"pool@{POOL}:")]


class Forking(Case):
    """As many processes as it gets: the unit's limit holds where the kernel can count them."""

    def meanwhile(self, report, preloaded):
        limits = units.properties(api.pool_status(POOL)["unit"], "TasksMax", "TasksCurrent")
        if limits["TasksCurrent"].isdigit():
            most = min(FORKS, int(limits["TasksMax"]) - 1)
            wait.until(lambda: len(processes()) >= most, f"{most} processes")
        else:
            wait.until(lambda: len(processes()) > FORKS, f"{FORKS} processes")
        super().meanwhile(report, preloaded)
        report.number("its processes, and the unit's limit",
                      f"{len(processes())}, {limits['TasksMax']}"
                      + ("" if limits["TasksCurrent"].isdigit() else ", which nobody counts here"))


class Unhealthy(Case):
    """Ready at first; then it is found out, stopped and started again."""

    def meanwhile(self, report, preloaded):
        self.turn(preloaded)
        seen = wait.until(lambda: self.found_out(preloaded), f"{self.name} is found out")
        self.error_seen = seen["last_error"]
        report.check(self.error in (seen["last_error"] or ""),
                     f"{self.name}: it is found out: {seen['last_error']}", seen)

    def turn(self, preloaded):
        """Makes it what it is, where it is not yet."""

    @staticmethod
    def found_out(preloaded):
        status = api.pool_status(POOL)
        return not status["ready"] and status["state"] in ("backoff", "tripped", "failed") and status


class Stopped(Unhealthy):
    """SIGSTOP: the kernel still takes connections for it."""

    def turn(self, preloaded):
        os.kill(preloaded["pid"], signal.SIGSTOP)


class Orphaned(Case):
    """Its main process is killed while a child answers 200."""

    def meanwhile(self, report, preloaded):
        children = set(processes()) - {str(preloaded["pid"])}
        report.check(children, f"{self.name}: a child answers", "there is none")
        begin = time.monotonic()
        os.kill(preloaded["pid"], signal.SIGKILL)
        wait.until(lambda: not api.pool_status(POOL)["ready"], "the pool is not ready")
        took = time.monotonic() - begin
        report.number("from the kill to a pool that is not ready, and no child",
                      f"{took * 1000:.1f} ms")
        wait.until(lambda: not children & set(processes()), "the child is gone")
        seen = wait.until(lambda: self.again(preloaded), f"{self.name} is ready again")
        report.check(seen["crash_count"] == 1, f"{self.name}: it was one crash", seen)

    @staticmethod
    def again(preloaded):
        status = api.pool_status(POOL)
        return status["ready"] and status["generation"] > preloaded["generation"] and status


class Replaced(Case):
    """It dies, and a stranger has its port by then and answers 200."""

    def meanwhile(self, report, preloaded):
        stranger = subprocess.Popen(["python3", "-c", FOREIGN, str(PORT)], stdout=subprocess.PIPE)
        try:
            stranger.stdout.readline()
            os.kill(preloaded["pid"], signal.SIGKILL)
            seen = wait.until(self.refused, "the stranger is found out")
            report.check(not seen["ready"], f"{self.name}: the pool is not ready", seen)
            report.number(f"{self.name}: it is found out", seen["last_error"])
        finally:
            stranger.kill()
            stranger.wait()
            stranger.stdout.close()

    @staticmethod
    def refused():
        status = api.pool_status(POOL)
        return "something listens on port" in (status["last_error"] or "") and status


NOT_HTTP = "something that is not HTTP"
TOO_LARGE = "KiB of headers"
RESTARTS = {"backoff_initial_ms": 30_000}
SOON = {"backoff_initial_ms": 200, "backoff_min_ms": 0}

CASES = [
    Case("floods its log", "--flood"),
    Forking("forks", "--forks", str(FORKS)),
    Case("forks and exits without end", "--comet"),
    Case("ignores SIGTERM", "--ignore-sigterm", "--setsid-child"),
    Unhealthy("stops listening", "--close-port-after-ms", "300", error="connection refused",
              policy=RESTARTS),
    Stopped("is stopped by SIGSTOP", error="no answer within", policy=RESTARTS),
    Case("answers byte by byte", "--slow-health-byte-ms", "20", answer=REFUSED,
         error="no answer within"),
    Case("takes connections and says nothing", "--hang-health", answer=REFUSED,
         error="no answer within"),
    Case("headers without end", "--health-answer", "headers", answer=REFUSED, error=TOO_LARGE),
    Case("a header line without end", "--health-answer", "line", answer=REFUSED, error=TOO_LARGE),
    Case("interim answers without end", "--health-answer", "interim", answer=REFUSED,
         error=TOO_LARGE),
    Case("a body without end", "--health-answer", "body"),
    Case("a chunk without end", "--health-answer", "chunk"),
    Case("closes at once", "--health-answer", "close", answer=REFUSED,
         error="connection closed before an answer"),
    Case("garbage", "--health-answer", "garbage", answer=REFUSED, error=NOT_HTTP),
    Case("redirects to itself", "--health-answer", "redirect", answer=REFUSED,
         error="answered with status 302"),
    Case("speaks HTTP/2", "--health-answer", "http2", answer=REFUSED, error=NOT_HTTP),
    Case("half a status line, half-open", "--health-answer", "half", answer=REFUSED,
         error="connection closed before an answer"),
    Orphaned("200 from a child of the dead", "--child-serves", policy=SOON),
    Replaced("200 from a stranger on its port", policy=SOON),
]

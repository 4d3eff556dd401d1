# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers and the load on them: how many requests they answer, how quickly, and for how much CPU."""

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import statistics
import subprocess
import time
import urllib.request

SCRIPT = pathlib.Path(__file__).with_name("requests.lua")
PLACE = pathlib.Path("/run/pool-managerd-bench")
BARE = "/usr/lib/pool-managerd/tests/requests-bare"
CONNECTIONS = 32


@dataclasses.dataclass
class Load:
    """One run of wrk: times in microseconds, `cpu` of the server for each request."""

    requests: int
    rate: float
    p50: float
    p99: float
    max: float
    cpu: float


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start_wrk(port, path, seconds, connections):
    return subprocess.Popen(
        ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "60s",
         "--script", SCRIPT, f"http://127.0.0.1:{port}{path}"], text=True, stdout=subprocess.PIPE)


def end_wrk(process):
    output, _ = process.communicate()
    assert process.returncode == 0, f"wrk ended with status {process.returncode}: {output}"
    seen = json.loads(output.strip().splitlines()[-1])
    assert seen["failed"] == 0, f"requests have failed: {output}"
    assert seen["requests"] > 0, f"nothing was answered: {output}"
    return seen


def load(server, path, seconds, connections=CONNECTIONS):
    before = cpu_seconds(server.pid)
    seen = end_wrk(start_wrk(server.port, path, seconds, connections))
    return Load(seen["requests"], seen["requests"] * 1e6 / seen["usec"], seen["p50"], seen["p99"], seen["max"],
                (cpu_seconds(server.pid) - before) * 1e6 / seen["requests"])


def median(loads):
    """Of each number by itself; but all requests count."""
    middle = {field.name: statistics.median(getattr(each, field.name) for each in loads)
              for field in dataclasses.fields(Load)}
    return Load(**{**middle, "requests": sum(each.requests for each in loads)})


def best(loads):
    """What others take of the processors only ever adds: the highest rate, the least CPU time; the times as median() has them."""
    return dataclasses.replace(median(loads), rate=max(each.rate for each in loads), cpu=min(each.cpu for each in loads))


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return answer.read(), answer.headers["Content-Type"]


def await_answer(port, path):
    until = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError):
            return get(port, path)
        assert time.monotonic() < until, f"nobody answers at {port}{path}"
        time.sleep(0.02)


class Server:
    """A program of ours that serves; `path` answers when it is there."""

    def __init__(self, name, port, command, path, **options):
        self.name, self.port = name, port
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        start_new_session=True, **options)
        self.pid = self.process.pid
        await_answer(port, path)

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@dataclasses.dataclass
class Page:
    path: str
    file: pathlib.Path
    kind: str


def pages(port, paths):
    """What `port` answers at each path, kept in files."""
    PLACE.mkdir(parents=True, exist_ok=True)
    kept = []
    for number, path in enumerate(paths):
        body, kind = get(port, path)
        file = PLACE / f"page-{number}"
        file.write_bytes(body)
        kept.append(Page(path, file, kind))
    return kept


def serve_bare(port, all_pages):
    arguments = [word for page in all_pages for word in (page.path, page.file, page.kind)]
    return Server("bare libmicrohttpd (the limit)", port, [BARE, port, *arguments], all_pages[0].path)


NGINX = """daemon off;
worker_processes 1;
master_process off;
pid {place}/nginx.pid;
error_log /dev/null crit;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    keepalive_requests 1000000000;
    open_file_cache max=64;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    server {{
        listen 127.0.0.1:{port};
{locations}
    }}
}}
"""


def serve_nginx(port, all_pages):
    """The same as files. Its main process is the one that serves."""
    locations = "\n".join(
        f"        location = {page.path} {{ alias {page.file}; types {{}} default_type \"{page.kind}\"; }}"
        for page in all_pages)
    configuration = PLACE / "nginx.conf"
    configuration.write_text(NGINX.format(place=PLACE, port=port, locations=locations), encoding="ascii")
    return Server("nginx, a file", port, ["nginx", "-c", configuration], all_pages[0].path)

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Those who start engines: each is asked in its own way, and all are looked at by until-known.

A manager has one engine, on a port of its own. start() returns the milliseconds from the request
until the engine is known to be ready, by the way in which that got known.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import xmlrpc.client
from pathlib import Path

from support import api, wait

from common import engines
from common.known import healthy, post, until_known

DAEMON_PORT = 9200
LISTENER = Path(__file__).resolve().parent / "exits-listener"
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def succeed(*command):
    subprocess.run([str(word) for word in command], check=True, **QUIET)


class Manager:
    name = ""
    needs = ()  # programs that have to be there
    ways = {"poll": ""}  # how it gets known, and what that adds to the name
    crash_ways = {}

    def __init__(self, engine, port):
        self.engine, self.port = engine, port
        self.place = engines.PLACE / f"{type(self).__name__.lower()}-{port}"
        self.place.mkdir(parents=True, exist_ok=True)

    @classmethod
    def missing(cls):
        return [program for program in cls.needs if not shutil.which(program)]

    def set_up(self):
        """Makes it ready to start its engine."""

    def start(self):
        raise NotImplementedError

    def stop(self):
        """Returns when the engine is gone."""

    def pid(self):
        """Of the engine."""
        raise NotImplementedError

    def crash(self):
        """Kills the engine. The milliseconds until that is known, by the way as in `crash_ways`."""
        raise NotImplementedError

    def settle(self):
        """After a crash: returns when it can be started again."""
        self.stop()

    def tear_down(self):
        """Ends the manager itself."""

    def await_gone(self):
        wait.until(lambda: not listens(self.port), f"{self.name}: the engine has ended", 60)


class Alone(Manager):
    """What the engine itself takes: nobody manages it."""

    name = "fork and exec, nobody managing"

    def start(self):
        return until_known(*healthy(self.port), "exec", *self.engine.command(self.port))

    def stop(self):
        self.await_gone()


class BareUnit(Manager):
    """The floor of all that is done through the service manager."""

    name = "bare StartTransientUnit"

    started = 0

    def unit(self):
        """A new name for each start, as an engine's unit has."""
        return f"bench@{type(self).__name__.lower()}-{self.port}:r0:g{self.started}.service"

    def start(self):
        self.started += 1
        return self.begin()

    def begin(self):
        return until_known(*healthy(self.port), "unit", self.unit(), *self.engine.command(self.port))

    def stop(self):
        succeed("systemctl", "stop", self.unit())
        self.await_gone()


class SandboxedUnit(BareUnit):
    """The floor of an engine that is kept apart as pool-managerd does it."""

    name = "the same with pool-managerd's properties"
    without = ()

    def set_up(self):
        (self.place / "preload").write_text(
            json.dumps(self.engine.prepared(f"sandboxed-{self.port}", self.port)), encoding="ascii")

    def begin(self):
        return until_known(*healthy(self.port), "engine", self.unit(), self.place / "preload",
                           *self.without)


class WithoutFilters(SandboxedUnit):
    name = "that without filters of system calls"
    without = ("SystemCallFilter", "SystemCallErrorNumber", "SystemCallArchitectures", "RestrictAddressFamilies",
               "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality",
               "MemoryDenyWriteExecute", "ProtectClock", "ProtectHostname", "ProtectKernelLogs",
               "ProtectKernelModules", "ProtectKernelTunables")


class WithoutMounts(SandboxedUnit):
    name = "that without a file system and a user of its own"
    without = ("DynamicUser", "User", "RemoveIPC", "CacheDirectory", "CacheDirectoryMode", "WorkingDirectory",
               "ProtectSystem", "ProtectHome", "ProtectProc", "ProtectControlGroups", "ProtectHostname",
               "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "PrivateTmp",
               "TemporaryFileSystem", "BindReadOnlyPaths")


class WithoutAddresses(SandboxedUnit):
    name = "that without a filter of addresses"
    without = ("IPAddressAllow", "IPAddressDeny")


class SystemdRun(BareUnit):
    name = "systemd-run"
    needs = ("systemd-run",)

    def begin(self):
        return until_known(*healthy(self.port), "run", "systemd-run", "--quiet", "--unit", self.unit(),
                           "--property=Type=exec", *self.engine.command(self.port))


class Podman(Manager):
    """The other one who keeps the engine apart from the host: a container, with the programs of the host in it."""

    name = "podman run"
    needs = ("podman", "crun")
    # Of what a machine in a container has not: keyrings, overlays, the controller of processes.
    configuration = "[containers]\nkeyring=false\npids_limit=0\n[engine]\nevents_logger=\"none\"\n"

    def set_up(self):
        (self.place / "containers.conf").write_text(self.configuration, encoding="ascii")
        self.root = self.place / "root"
        for folder in ("proc", "sys", "dev", "tmp", "run", "etc", "usr"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        for name in ("hosts", "resolv.conf", "hostname", "mtab"):
            (self.root / "etc" / name).touch()
        for link in ("bin", "lib", "lib64"):
            if not (self.root / link).is_symlink():
                (self.root / link).symlink_to(f"usr/{link}")
        self.podman = ["env", f"CONTAINERS_CONF={self.place}/containers.conf", "podman", f"--root={self.place}/store",
                       f"--runroot={self.place}/run", "--storage-driver=vfs"]
        self.container = f"bench-{self.port}"

    def start(self):
        return until_known(*healthy(self.port), "run", *self.podman, "run", "--detach", f"--name={self.container}",
                           "--network=host", "--log-driver=none", "--cap-drop=all", "--read-only",
                           "--volume=/usr:/usr:ro", f"--volume={engines.PLACE}:{engines.PLACE}:ro", "--rootfs",
                           self.root, *self.engine.command(self.port))

    def stop(self):
        succeed(*self.podman, "rm", "--force", "--time=0", self.container)
        self.await_gone()


class PoolManagerd(Manager):
    name = "pool-managerd"
    ways = {"answer": ", answer", "stream": ", event"}
    crash_ways = {"poll": ", status over HTTP, asked again and again"}
    more = {}

    def set_up(self):
        self.pool = f"bench-{self.port}"
        prepared = self.engine.prepared(self.pool, self.port, policy={"restart": "no"}, **self.more)
        self.action = post(self.place / "preload", DAEMON_PORT, f"/pools/{self.pool}/preload",
                           {"prepared": prepared})

    def start(self):
        stream = f"{DAEMON_PORT}/events?pool={self.pool}=\"ready\":true"
        return until_known("--answer", "--stream", stream, *self.action)

    def stop(self):
        answer = api.request("POST", f"/pools/{self.pool}/stop", {})
        assert answer.status == 200, str(answer)

    def status(self):
        return api.request("GET", f"/pools/{self.pool}/status").json

    def pid(self):
        return self.status()["pid"]

    def crash(self):
        return until_known("--poll", f"{DAEMON_PORT}/pools/{self.pool}/status", "--without", '"ready":true',
                           "kill", self.pid())

    def settle(self):
        wait.until(lambda: self.status()["state"] == "failed", "the crash is judged")


class Relaxed(PoolManagerd):
    """With as little of the sandbox as there can be: what the daemon itself costs."""

    name = "pool-managerd, sandbox relaxed"
    more = {"sandbox": {
        "user": "nobody", "protect_system": "no", "protect_home": "no", "system_call_filter": ["@known"],
        **{piece: False for piece in (
            "lock_personality", "memory_deny_write_execute", "private_tmp", "protect_clock", "protect_control_groups",
            "protect_hostname", "protect_kernel_logs", "protect_kernel_modules", "protect_kernel_tunables",
            "protect_proc", "restrict_namespaces", "restrict_realtime", "restrict_suid_sgid")}}}


class Served(Manager):
    """A manager that is a program of its own, told what to do when it begins."""

    def child(self):
        """The one process that it has started."""
        return int(subprocess.check_output(["pgrep", "-P", str(self.process.pid)], text=True))

    def begin(self, *command, **options):
        log = open(self.place / "log", "wb")
        self.process = subprocess.Popen([str(word) for word in command], start_new_session=True,
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)

    def tear_down(self):
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


SUPERVISORD = """[supervisord]
nodaemon=true
user=root
logfile=/dev/null
logfile_maxbytes=0
pidfile={place}/pid

[inet_http_server]
port=127.0.0.1:{control}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[program:engine]
command={command}
autostart=false
autorestart=false
startsecs=0
stdout_logfile={place}/output
redirect_stderr=true

[eventlistener:exits]
command={listener} {place}/exits
events=PROCESS_STATE_EXITED
stderr_logfile=NONE
"""


class Supervisord(Served):
    name = "supervisord"
    needs = ("supervisord",)
    crash_ways = {"poll": ", state over XML-RPC, asked again and again"}

    def set_up(self):
        control = self.port + 1000
        (self.place / "conf").write_text(
            SUPERVISORD.format(place=self.place, control=control, command=" ".join(self.engine.command(self.port)),
                               listener=LISTENER), encoding="ascii")
        os.mkfifo(self.place / "exits")
        self.begin("supervisord", "-c", self.place / "conf")
        self.exits = open(self.place / "exits", encoding="ascii")
        wait.until(lambda: listens(control), "supervisord listens")
        self.supervisor = xmlrpc.client.ServerProxy(f"http://127.0.0.1:{control}/RPC2").supervisor
        self.control = control
        self.action = post(self.place / "start", control, "/RPC2",
                           xmlrpc.client.dumps(("engine",), "supervisor.startProcess"))
        post(self.place / "ask", control, "/RPC2", xmlrpc.client.dumps(("engine",), "supervisor.getProcessInfo"))

    def start(self):
        return until_known(*healthy(self.port), *self.action)

    def stop(self):
        self.supervisor.stopProcess("engine")
        self.await_gone()

    def settle(self):
        wait.until(lambda: self.supervisor.getProcessInfo("engine")["statename"] == "EXITED", "supervisord has seen it")

    def pid(self):
        return self.supervisor.getProcessInfo("engine")["pid"]

    def crash(self):
        return until_known("--poll", f"{self.control}/RPC2", "--ask", self.place / "ask", "--without", "RUNNING",
                           "kill", self.pid())


class SupervisordEvents(Supervisord):
    crash_ways = {"event": ", event listener"}

    def crash(self):
        pid, killed = self.pid(), time.monotonic_ns()
        os.kill(pid, signal.SIGKILL)
        return {"event": (int(self.exits.readline()) - killed) / 1e6}


class S6(Served):
    name = "s6"
    needs = ("s6-supervise", "s6-svc", "s6-svwait")
    crash_ways = {"event": ", s6-svwait"}

    def set_up(self):
        run = self.place / "run"
        run.write_text(f"#!/bin/sh\nexec {' '.join(self.engine.command(self.port))}\n", encoding="ascii")
        run.chmod(0o755)
        (self.place / "down").touch()
        self.begin("s6-supervise", self.place)
        wait.until((self.place / "supervise/control").exists, "s6-supervise takes orders")

    def start(self):
        return until_known(*healthy(self.port), "run", "s6-svc", "-u", self.place)

    def stop(self):
        succeed("s6-svc", "-wD", "-d", self.place)
        self.await_gone()

    def pid(self):
        return int(subprocess.check_output(["s6-svstat", "-o", "pid", self.place], text=True))

    def crash(self):
        pid = self.pid()
        waiting = subprocess.Popen(["s6-svwait", "-d", self.place], **QUIET)
        succeed("s6-svc", "-O", self.place)  # once: so that it is not started again
        wait.until(lambda: self.is_subscribed(waiting), "s6-svwait waits")
        killed = time.monotonic_ns()
        os.kill(pid, signal.SIGKILL)
        assert waiting.wait(20) == 0
        return {"event": (time.monotonic_ns() - killed) / 1e6}

    def is_subscribed(self, waiting):
        """It has said that it wants to know: by a named pipe in the folder of events."""
        return waiting.poll() is None and any((self.place / "event").iterdir())


class Router(Served):
    """llama-server itself, which starts another one for each model."""

    name = "llama-server's router"
    needs = ("llama-server",)
    ways = crash_ways = {"stream": ", event"}

    def set_up(self):
        preset = "".join(f"{key.removeprefix('--')} = {value}\n"
                         for key, value in zip(self.engine.flags[::2], self.engine.flags[1::2], strict=True))
        (self.place / "preset.ini").write_text(f"version = 1\n\n[tiny]\n{preset}", encoding="ascii")
        self.begin("llama-server", "--models-preset", self.place / "preset.ini", "--host", "127.0.0.1",
                   "--port", self.port, "--no-models-autoload")
        wait.until(lambda: listens(self.port), "the router listens", 60)
        self.action = post(self.place / "load", self.port, "/models/load", {"model": "tiny"})

    def pid(self):
        return self.child()

    def crash(self):
        return until_known("--stream", f"{self.port}/models/sse=\"status\":\"unloaded\"", "kill", self.pid())

    def settle(self):
        wait.until(lambda: self.status() == "unloaded", "the router has seen it")

    def models(self):
        return api.request("GET", "/models", address=("127.0.0.1", self.port)).json["data"]

    def status(self):
        return next(model["status"]["value"] for model in self.models() if model["id"] == "tiny")

    def start(self):
        return until_known("--stream", f"{self.port}/models/sse=\"status\":\"loaded\"", *self.action)

    def stop(self):
        answer = api.request("POST", "/models/unload", {"model": "tiny"}, address=("127.0.0.1", self.port))
        assert answer.status == 200, str(answer)
        wait.until(lambda: self.status() == "unloaded", "the router has unloaded its model", 60)


class Lemonade(Served):
    """lemond, which starts Debian's llama-server."""

    name = "Lemonade"
    needs = ("lemond", "llama-server")
    ways = {"answer": ", answer"}
    crash_ways = {"poll": ", health over HTTP, asked again and again"}

    def set_up(self):
        models, home = self.place / "models", self.place / "home"
        models.mkdir(exist_ok=True)
        shutil.copy(self.engine.model, models / "tiny.gguf")
        home.mkdir(exist_ok=True)
        (home / "config.json").write_text(json.dumps({
            "host": "127.0.0.1", "port": self.port, "extra_models_dir": str(models), "broadcast": False,
            "offline": True, "no_fetch_executables": True, "inhibit_suspend": False,
            "ctx_size": 256,
            "llamacpp": {"prefer_system": True, "backend": "system", "args": "--threads 1 --parallel 1"}}),
            encoding="ascii")
        self.begin("lemond", home, env={**os.environ, "HOME": str(home)})
        wait.until(lambda: listens(self.port), "Lemonade listens", 60)
        self.action = post(self.place / "load", self.port, "/api/v1/load", {"model_name": "tiny"})

    def start(self):
        return until_known("--answer", *self.action)

    def stop(self):
        answer = api.request("POST", "/api/v1/unload", {}, address=("127.0.0.1", self.port))
        assert answer.status == 200, str(answer)

    def pid(self):
        return self.child()

    def crash(self):
        return until_known("--poll", f"{self.port}/api/v1/health", "--without", '"model_loaded":"', "kill", self.pid())


def usable(classes):
    """Those of `classes` that can be measured here; says which cannot."""
    found = []
    for each in classes:
        if missing := each.missing():
            print(f"skipped: {each.name}: no {', '.join(missing)} here", flush=True)
        else:
            found.append(each)
    return found

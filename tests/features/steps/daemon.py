# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import signal
import socket
import threading

from behave import step

from support import api, daemon, journal, step_types, units, wait  # noqa: F401
from support.shell import run


def set_configuration(context):
    if context.text is not None:
        daemon.configure(context.text)


@step('the daemon runs')
def runs(context):
    daemon.start()


@step('the daemon runs with')
def runs_with(context):
    """Also for one that runs: it is started anew, as what is in the file then holds from the start."""
    set_configuration(context)
    run("systemctl", "stop", daemon.UNIT)
    daemon.start()


@step('the daemon is started')
def is_started(context):
    context.scene.result = daemon.start(check=False)


@step('the daemon is started with')
def is_started_with(context):
    set_configuration(context)
    is_started(context)


@step('it does not start')
def does_not_start(context):
    context.scene.daemon_may_die = True
    assert context.scene.result.returncode != 0, "systemctl start said that it started"
    shown = units.properties(daemon.UNIT, "ActiveState", "ExecMainStatus")
    assert shown["ActiveState"] != "active", shown
    assert 0 < int(shown["ExecMainStatus"]) < 128, f"it crashed: {shown}"


@step('the daemon is stopped')
def is_stopped(context):
    run("systemctl", "stop", daemon.UNIT)


@step('the daemon is stopped and started again')
def is_stopped_and_started(context):
    is_stopped(context)
    daemon.start()


@step('the daemon is restarted by systemctl')
def is_restarted(context):
    run("systemctl", "restart", daemon.UNIT)


@step('the daemon is killed by SIGKILL')
def is_killed(context):
    context.scene.daemon_may_die = True
    old = daemon.main_pid()
    os.kill(old, signal.SIGKILL)
    daemon.wait_for_another(old)


@step('the daemon hangs')
def hangs(context):
    context.scene.daemon_may_die = True
    context.scene.hung = daemon.main_pid()
    os.kill(context.scene.hung, signal.SIGSTOP)


@step('systemd has started another daemon')
def is_another(context):
    daemon.wait_for_another(context.scene.hung)


@step('the watchdog of the daemon is set to {seconds:d} second')
def set_watchdog(context, seconds):
    old = daemon.main_pid()
    daemon.drop_in(f"[Service]\nWatchdogSec={seconds}")
    run("systemctl", "restart", daemon.UNIT)
    assert daemon.main_pid() != old


@step('the unit of the daemon has the setting "{setting:words}"')
def unit_setting(context, setting):
    daemon.drop_in(f"[Service]\n{setting}")


@step('the daemon is started without waiting for port 9200')
def is_started_elsewhere(context):
    daemon.start()


@step('the daemon is reloaded with')
def is_reloaded(context):
    context.scene.remembered_daemon = daemon.main_pid()
    set_configuration(context)
    run("systemctl", "reload", daemon.UNIT)
    journal.wait_for(context.scene.since, lambda e: "onfiguration" in journal.message(e),
                     "the daemon says what became of the reload", f"_PID={daemon.main_pid()}")


@step('the daemon is the same process')
def is_same(context):
    assert daemon.main_pid() == context.scene.remembered_daemon


@step('the first request is answered')
def first_request(context):
    answer = api.request("GET", "/health", timeout=5)
    assert answer.status == 200, str(answer)


@step('the daemon still answers')
def still_answers(context):
    answer = api.request("GET", "/health", timeout=5)
    assert answer.status == 200, str(answer)


@step('the status line of the daemon becomes "{text:words}"')
def status_line(context, text):
    wait.until(lambda: units.properties(daemon.UNIT, "StatusText")["StatusText"] == text,
               f"the status line becomes {text!r}")


@step('the service manager logs what it is notified of')
def log_notifications(context):
    before = run("systemctl", "log-level").stdout.strip()
    run("systemctl", "log-level", "debug")
    context.add_cleanup(run, "systemctl", "log-level", before)


@step('the service manager was told "{text:words}" once')
def told_once(context, text):
    run("journalctl", "--sync")
    told = [journal.message(entry) for entry in journal.entries(context.scene.since, "_PID=1")
            if text in journal.message(entry)]
    assert len(told) == 1, told


@step('the unit "{unit:name}" has')
def unit_has(context, unit):
    wanted = {row["property"]: row["value"] for row in context.table}
    shown = units.properties(unit, *wanted)
    assert shown == wanted, f"{unit}: {shown}"


@step('the daemon listens on "{address:name}" and nowhere else')
def listens_on(context, address):
    assert units.listening(daemon.main_pid()) == [address], units.listening(daemon.main_pid())


@step('port {port:d} is taken')
def port_taken(context, port):
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(("127.0.0.1", port))
    taken.listen()
    context.scene.sockets.append(taken)


@step('the socket unit is started')
def socket_unit(context):
    run("systemctl", "start", daemon.SOCKET)


@step('the daemon is restarted while a client asks for the status of pool "{pool:name}" again and again')
def restart_under_load(context, pool):
    over, answers, failures = threading.Event(), [], []

    def ask():
        while not over.is_set():
            try:
                answers.append(api.request("GET", f"/pools/{pool}/status", timeout=20).status)
            except OSError as error:
                failures.append(error)

    client = threading.Thread(target=ask)
    client.start()
    run("systemctl", "restart", daemon.UNIT)
    over.set()
    client.join()
    context.scene.refused = failures
    assert 200 in answers, answers


@step('no request was refused')
def none_refused(context):
    refused = [error for error in context.scene.refused if isinstance(error, ConnectionRefusedError)]
    assert not refused, refused


@step('systemd reloads its units')
def daemon_reload(context):
    run("systemctl", "daemon-reload")


@step('a second daemon is started by hand')
def second_daemon(context):
    context.scene.result = run(
        daemon.PROGRAM, "--set=Manager.Listen=127.0.0.1:9399", "--log-format=text",
        "--runtime-dir=/run/pool-managerd-second", check=False)


@step('it ends with an error that contains "{text:words}"')
def second_daemon_ended(context, text):
    result = context.scene.result
    assert result.returncode != 0 and text in result.stderr, f"{result.returncode}: {result.stderr}"


# What it logs


@step('the daemon has logged a line that contains "{text:words}"')
def has_logged(context, text):
    journal.wait_for(context.scene.since, lambda entry: text in journal.message(entry),
                     f"the daemon logs {text!r}", f"_SYSTEMD_UNIT={daemon.UNIT}")


@step('the daemon has logged a problem of pool "{pool:name}" that contains "{text:words}"')
def has_logged_problem(context, pool, text):
    entry = journal.wait_for(context.scene.since, lambda e: text in journal.message(e),
                             f"the daemon logs {text!r} for pool {pool}",
                             f"_SYSTEMD_UNIT={daemon.UNIT}", f"POOL_ID={pool}")
    assert int(entry["PRIORITY"]) <= 4, f"its priority is {entry['PRIORITY']}: {journal.message(entry)}"


@step('the daemon has logged for pool "{pool:name}" with the correlation id "{correlation:name}"')
def has_logged_correlation(context, pool, correlation):
    journal.wait_for(context.scene.since, lambda e: e.get("CORRELATION_ID") == correlation,
                     f"the daemon logs with CORRELATION_ID={correlation}",
                     f"_SYSTEMD_UNIT={daemon.UNIT}", f"POOL_ID={pool}")


@step('the daemon has logged for pool "{pool:name}" with the field "{field:name}"')
def has_logged_field(context, pool, field):
    journal.wait_for(context.scene.since, lambda e: e.get(field), f"the daemon logs with {field}",
                     f"_SYSTEMD_UNIT={daemon.UNIT}", f"POOL_ID={pool}")


@step('the journal does not contain "{text:words}"')
def not_in_journal(context, text):
    run("journalctl", "--sync")
    own = journal.entries(context.scene.since, f"_SYSTEMD_UNIT={daemon.UNIT}")
    assert own, "the daemon has logged nothing at all"
    said = [journal.message(entry) for entry in own if text in json_text(entry)]
    assert not said, said


def json_text(entry):
    return " ".join(value for key, value in entry.items() if not key.startswith("_") and isinstance(value, str))

# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import pathlib
import shlex

from behave import step

from support import daemon, step_types, units  # noqa: F401
from support.shell import run

ETC = pathlib.Path("/etc/pool-managerd")


@step('the configuration file "{name:name}"')
def configuration_file(context, name):
    path = ETC / name
    created = [each for each in path.parents if not each.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(context.text + "\n")

    def remove():
        path.unlink(missing_ok=True)
        for folder in created:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    context.add_cleanup(remove)


@step('the unit of the daemon runs it with "{arguments:words}" and the environment "{variables:words}"')
def unit_runs_it_with(context, arguments, variables):
    settings = [f"Environment={each}" for each in shlex.split(variables)]
    command = f"ExecStart=\nExecStart={daemon.PROGRAM} {arguments}"
    daemon.drop_in("\n".join(["[Service]", command, *settings]))


@step('the daemon is restarted by systemctl without waiting for port 9200')
def restarted_elsewhere(context):
    run("systemctl", "restart", daemon.UNIT)


@step('the exit status of the daemon was {status:d}')
def exit_status(context, status):
    shown = units.properties(daemon.UNIT, "ExecMainStatus", "ActiveState", "NRestarts")
    assert shown == {"ExecMainStatus": str(status), "ActiveState": "failed", "NRestarts": "0"}, shown


def named(key):
    return f"{key['section']}.{key['key']}"


@step('"poolctl config" says')
def config_says(context):
    keys = {named(key): key for key in daemon.configuration()["keys"]}
    for row in context.table:
        shown = dict(keys[row["key"]])
        shown["pending"] = (shown["pending"] or {}).get("value", "")
        wrong = {name: shown[name] for name in row.headings if name != "key" and shown[name] != row[name]}
        assert not wrong, f"{row['key']}: {wrong}"


@step('"poolctl config" names no other files than that of the machine')
def config_files(context):
    files = daemon.configuration()["files"]
    assert files == [str(daemon.DEFAULTS)], files


@step('"poolctl status {pool:name}" still shows the engine that was remembered')
def same_engine(context, pool):
    shown = json.loads(run("poolctl", "status", pool, "--json=short").stdout)
    shown = shown[0] if isinstance(shown, list) else shown
    before = context.scene.remembered[pool]
    assert shown["pid"] == before["pid"] and shown["state"] == "ready", shown

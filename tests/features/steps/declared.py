# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pools that files of pools.d declare."""

import json
import pathlib
import shutil
import time

from behave import step

from support import daemon, engine, journal, match, step_types  # noqa: F401
from support.shell import TESTER, run


def declare(context, pool, folder=daemon.POOLS):
    flags, fields = engine.table_fields(context.table) if context.table else ((), {})
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{pool}.json"
    path.write_text(json.dumps(context.scene.prepared(pool, flags, **fields), indent=2))
    return path


@step('pool "{pool:name}" is declared')
@step('pool "{pool:name}" is declared with')
def is_declared(context, pool):
    declare(context, pool)


@step('pool "{pool:name}" is declared in "{folder:name}"')
@step('pool "{pool:name}" is declared in "{folder:name}" with')
def is_declared_in(context, pool, folder):
    folder = pathlib.Path(folder)
    context.add_cleanup(shutil.rmtree, folder, ignore_errors=True)
    declare(context, pool, folder)


@step('pool "{pool:name}" is declared by the text')
def is_declared_by(context, pool):
    daemon.POOLS.mkdir(parents=True, exist_ok=True)
    (daemon.POOLS / f"{pool}.json").write_text(context.text)


@step('pool "{pool:name}" is declared on the port of pool "{other:name}"')
def is_declared_on(context, pool, other):
    fields = context.scene.prepared(pool, port=context.scene.port(other))
    daemon.POOLS.mkdir(parents=True, exist_ok=True)
    (daemon.POOLS / f"{pool}.json").write_text(json.dumps(fields))


@step('everybody may write the declaration of pool "{pool:name}"')
def is_writable(context, pool):
    (daemon.POOLS / f"{pool}.json").chmod(0o666)


@step('the declaration of pool "{pool:name}" is removed')
def is_removed(context, pool):
    (daemon.POOLS / f"{pool}.json").unlink()


@step('the declaration of pool "{pool:name}" is masked')
def is_masked(context, pool):
    daemon.POOLS.mkdir(parents=True, exist_ok=True)
    path = daemon.POOLS / f"{pool}.json"
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/null")


@step('the declarations are read again')
def are_read_again(context):
    context.scene.remembered_daemon = daemon.main_pid()
    since = time.time()
    run("systemctl", "reload", daemon.UNIT)
    journal.wait_for(since, lambda e: "declared pool(s) were read" in journal.message(e),
                     "the daemon says that it has read the declarations", f"_PID={daemon.main_pid()}")


@step('"poolctl config" says of the declared pools')
def config_says(context):
    declared = {each["pool_id"]: each for each in daemon.configuration()["declared"]}
    assert set(declared) == {row["pool"] for row in context.table}, declared
    for row in context.table:
        shown = declared[row["pool"]]
        wrong = {name: shown[name] for name in row.headings
                 if name != "pool" and not match.holds(row[name], shown[name])}
        assert not wrong, f"{row['pool']}: {wrong}"


@step('"poolctl config" tells of no declared pools')
def config_says_none(context):
    assert daemon.configuration()["declared"] == [], daemon.configuration()["declared"]


@step('the user declares pool "{pool:name}"')
def user_declares(context, pool):
    home = pathlib.Path(f"~{TESTER}").expanduser()
    path = declare(context, pool, home / ".config/pool-managerd/pools.d")
    run("chown", "-R", f"{TESTER}:", str(home / ".config"))
    context.add_cleanup(path.unlink, missing_ok=True)

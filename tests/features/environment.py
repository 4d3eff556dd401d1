# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hooks of behave: each scenario starts with no daemon, no engine and no file of theirs.

The scenarios need a machine of their own, booted by tests/bdd-runner: they stop and start system services. What
sanitizers say is looked for in the journal of the whole run, by tests/tools/run-features.
"""

import os
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from support import daemon, engine, journal, units  # noqa: E402
from support.scene import Scene  # noqa: E402

LONG = "POOL_MANAGERD_TEST_LONG"
# Which boot of the machine this is, for the scenarios of tests/vm/reboot: each goes on from where the one before ended.
BOOT = int(os.environ.get("POOL_MANAGERD_TEST_BOOT", "0"))


def before_all(context):
    assert pathlib.Path("/run/systemd/system").is_dir(), "systemd does not run here: use tests/bdd-runner"
    assert os.access(daemon.PROGRAM, os.X_OK), f"{daemon.PROGRAM} is not installed: use tests/bdd-runner"
    daemon.prepare_for_leak_check()
    engine.make_model()


def before_scenario(context, scenario):
    if "long" in scenario.effective_tags and not os.environ.get(LONG):
        scenario.skip(f"takes minutes: {LONG}=1 runs it")
        return
    if BOOT <= 1:
        daemon.clean()
    if "user" in scenario.effective_tags:
        daemon.clean_user()
    context.scene = Scene()
    if BOOT > 1:
        context.scene.since -= time.monotonic()


def after_step(context, step):
    if step.status != "failed":
        return
    print(f"Units: {' '.join(units.engines()) or 'none'}")
    print("The journal since the scenario began:")
    print(journal.text(context.scene.since, "_TRANSPORT=journal", "_TRANSPORT=stdout")[-20000:])


def after_scenario(context, scenario):
    if not hasattr(context, "scene"):
        return
    scene = context.scene
    scene.close()
    if BOOT:
        return
    restarts = units.properties(daemon.UNIT, "NRestarts")["NRestarts"]
    result = daemon.stop()
    if "user" in scenario.effective_tags:
        daemon.clean_user()
    if not scene.daemon_may_die:
        assert restarts == "0", f"the daemon died on its own {restarts} times"
        assert result == "success", f"the daemon did not end well: {result}"


def after_all(context):
    if not BOOT:
        daemon.clean()

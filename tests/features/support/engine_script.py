# SPDX-License-Identifier: LGPL-2.1-or-later
"""Engines that are Python programs, where engines can see them."""

import pathlib
import shutil

PLACE = pathlib.Path("/usr/local/lib/test-engines")


def engine_script(name):
    """The path of a copy of support/NAME: engines have a /tmp and a /home of their own, in which a
    checkout may lie."""
    PLACE.mkdir(parents=True, exist_ok=True)
    target = PLACE / name
    shutil.copyfile(pathlib.Path(__file__).resolve().parent / name, target)
    target.chmod(0o755)
    return target

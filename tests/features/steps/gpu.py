# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import pathlib
import shutil
import tempfile

from behave import step

from support import daemon, step_types  # noqa: F401


def new_folder(context):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gpu-tools-", dir="/run"))
    context.add_cleanup(shutil.rmtree, folder)
    folder.chmod(0o755)
    return folder


def put(folder, tool, mode=0o755):
    path = folder / tool
    path.write_text("#!/bin/sh\nexit 1\n")
    path.chmod(mode)


def set_path(*folders):
    """Nothing else is on it: the machine's own tools, if any, are out of the way."""
    daemon.drop_in(f"[Service]\nEnvironment=PATH={os.pathsep.join(map(str, folders))}")


@step('the PATH of the daemon has the program "{tool:name}"')
def path_has(context, tool):
    folder = new_folder(context)
    put(folder, tool)
    set_path("/nonexistent", folder)


@step('the PATH of the daemon has neither nvcc nor nvidia-smi')
def path_has_none(context):
    context.scene.tools = new_folder(context)
    set_path(context.scene.tools)


@step('the PATH of the daemon has a file "{tool:name}" that is no program')
def path_has_file(context, tool):
    folder = new_folder(context)
    put(folder, tool, mode=0o644)
    set_path(folder)


@step('the program "{tool:name}" lies beside the PATH of the daemon')
def beside_path(context, tool):
    put(new_folder(context), tool)
    set_path(new_folder(context))


@step('the program "{tool:name}" is installed')
def is_installed(context, tool):
    put(context.scene.tools, tool)


@step('the configuration of the machine says nothing about GPUs')
def no_defaults(context):
    daemon.DEFAULTS.unlink()

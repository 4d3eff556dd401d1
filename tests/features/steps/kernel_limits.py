# SPDX-License-Identifier: LGPL-2.1-or-later
"""What only a kernel of the machine's own does: limits that bite, memory that is short, images on loop devices."""

import contextlib
import http.client
import pathlib
import tempfile

from behave import step

from support import daemon, engine, engine_root, journal, step_types, units, wait  # noqa: F401
from support.shell import run

# An emulated processor is slow to write to much memory.
ALLOCATION_SECONDS = 120
MAKE_IMAGE = {"ext4": ["mke2fs", "-q", "-t", "ext4", "-d", "{folder}", "{image}", "32M"],
              "squashfs": ["mksquashfs", "{folder}", "{image}", "-quiet", "-no-progress", "-comp", "lz4"]}
# In one go: who needs its own program in between reads it anew, again and again.
EATER = "eater.service"
EAT = """
import ctypes, mmap
memory = mmap.mmap(-1, 8 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_NORESERVE)
ctypes.memset(ctypes.addressof(ctypes.c_char.from_buffer(memory)), 1, 8 << 30)
"""


def control_group(context, pool):
    group = units.properties(context.scene.status(pool)["unit"], "ControlGroup")["ControlGroup"]
    return pathlib.Path(f"/sys/fs/cgroup{group}")


def read_files(context, pool):
    group = control_group(context, pool)
    return {row["file"]: (group / row["file"]).read_text().strip() for row in context.table}


@step('the control group of pool "{pool:name}" has')
def group_has(context, pool):
    wanted = {row["file"]: row["value"] for row in context.table}
    found = read_files(context, pool)
    assert found == wanted, found


@step('the control group of pool "{pool:name}" comes to have')
def group_comes_to_have(context, pool):
    wanted = {row["file"]: row["value"] for row in context.table}
    wait.until(lambda: read_files(context, pool) == wanted, f"the control group of pool {pool} has {wanted}")


@step('the engine of pool "{pool:name}" allocates {mebibytes:d} MiB, which is too much')
def allocates_too_much(context, pool, mebibytes):
    pid = context.scene.status(pool)["pid"]
    try:
        answer = engine.request(context.scene.port(pool), "GET", f"/allocate?path={mebibytes}", ALLOCATION_SECONDS)
    except (ConnectionError, http.client.HTTPException):
        answer = None
    assert answer is None, f"it has got that: {answer}"
    wait.process_ended(pid)


@step('the engine of pool "{pool:name}" asks for {mebibytes:d} MiB more, unless it has ended')
def asks_for_more(context, pool, mebibytes):
    with contextlib.suppress(OSError, http.client.HTTPException):
        engine.request(context.scene.port(pool), "GET", f"/allocate?path={mebibytes}", ALLOCATION_SECONDS)


@step('the kernel has logged that it killed a process in the control group of pool "{pool:name}"')
def kernel_has_logged(context, pool):
    journal.wait_for(context.scene.since,
                     lambda e: "oom-kill:" in journal.message(e) and f"pool@{pool}:" in journal.message(e),
                     f"the kernel says that it killed a process of pool {pool}", "_TRANSPORT=kernel")


def processor_time(group):
    rows = (group / "cpu.stat").read_text().splitlines()
    return int(dict(row.split() for row in rows)["usage_usec"])


@step('pool "{pool:name}" gets at least {times:d} times as much processor time as pool "{other:name}"')
def gets_more(context, pool, times, other):
    """Both want all there is. Counted from now on, until the other one has had enough to compare."""
    groups = [control_group(context, each) for each in (pool, other)]
    before = [processor_time(group) for group in groups]
    wait.until(lambda: processor_time(groups[1]) - before[1] > 1000000, f"pool {other} gets a second", 60)
    more, less = (processor_time(group) - start for group, start in zip(groups, before))
    assert more >= times * less, f"{more} and {less} microseconds"


@step('a process of the host takes all memory')
def takes_all_memory(context):
    """It is the one to be killed for it: it has the most, and nothing protects it. In a unit of its own, or systemd
    would stop us with it."""
    context.scene.on_close(lambda: run("systemctl", "reset-failed", EATER, check=False))
    run("systemd-run", "--quiet", "--wait", f"--unit={EATER}", "--", "python3", "-c", EAT, check=False,
        timeout=ALLOCATION_SECONDS)
    result = units.properties(EATER, "Result")["Result"]
    assert result == "oom-kill", result


def badness(pid):
    """Whom the kernel kills first, higher is sooner."""
    return int(pathlib.Path(f"/proc/{pid}/oom_score").read_text())


@step('the kernel would kill the engine of pool "{pool:name}" before the daemon')
def engine_before_daemon(context, pool):
    ours, engines = badness(daemon.main_pid()), badness(context.scene.status(pool)["pid"])
    assert ours < engines / 5, f"{ours} and {engines}"


@step('there is a {kind:w} image "{image:name}" with a system of its own and the engine in it')
def image_with_system(context, kind, image):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder, "root")
        engine_root.make(root)
        context.scene.on_close(lambda: pathlib.Path(image).unlink(missing_ok=True))
        run(*(word.format(folder=root, image=image) for word in MAKE_IMAGE[kind]))


@step('no loop device is in use')
def no_loop_device(context):
    def look():
        return not list(pathlib.Path("/sys/block").glob("loop*/loop/backing_file"))

    wait.until(look, "no loop device has a file behind it")

# SPDX-License-Identifier: LGPL-2.1-or-later
"""What engines say last, and what the driver says of GPUs."""
import os
import re

from behave import step

from support import daemon, engine, journal, step_types, units, wait  # noqa: F401

# Says $0 when the engine that it runs has ended, and ends as that did.
LAST_WORDS = '"$@"; status=$?; printf "%s\\n" "$0"; exit $status'
# Where the daemon is told to look for the kernel's log.
KERNEL_LOG = "/run/pool-managerd-test-kmsg"
# MESSAGE_IDs of the lines that have an engine's last words, and of what is said of the driver's.
KINDS = {
    "crash": "f1e2d3c4b5a64798897a6b5c4d3e2707",
    "failed preload": "c7d1e5a6b8f94230914e7c6d5b4a3404",
}
XID = "6f1d3b5a7c9e4e2f8a0b2c4d6e8f1a40"


def with_last_words(context, pool, words, flags=(), **fields):
    body = context.scene.prepared(pool, list(flags), binary_path="/bin/sh", **fields)
    body["flags"] = ["-c", LAST_WORDS, words, engine.FAKE, *body["flags"]]
    return body


@step('pool "{pool:name}" is ready with an engine whose last words are')
def ready_with_last_words(context, pool):
    answer = context.scene.preload(pool, with_last_words(context, pool, context.text))
    assert answer.status == 200, str(answer)


@step('I preload pool "{pool:name}" with an engine that exits with {status:d} after the words')
def preload_that_fails(context, pool, status):
    context.scene.preload(pool, with_last_words(context, pool, context.text, ["--exit-at-once", str(status)]))


@step('pool "{pool:name}" with the device mask "{mask:name}" is ready')
def ready_with_mask(context, pool, mask):
    answer = context.scene.preload(pool, context.scene.prepared(pool, device_mask=mask))
    assert answer.status == 200, str(answer)


def output(context, kind, pool):
    entry = journal.wait_for(context.scene.since, lambda e: True, f"the daemon logs a {kind} of pool {pool}",
                             f"_SYSTEMD_UNIT={daemon.UNIT}", f"POOL_ID={pool}", f"MESSAGE_ID={KINDS[kind]}")
    return entry.get("ENGINE_OUTPUT") or ""


@step('the output in the entry "{kind:name}" of pool "{pool:name}" is')
def output_is(context, kind, pool):
    found = output(context, kind, pool)
    assert found == context.text, repr(found)


@step('the output in the entry "{kind:name}" of pool "{pool:name}" ends with')
def output_ends(context, kind, pool):
    """What the engine says at its start stands before."""
    found = output(context, kind, pool)
    assert found.endswith("\n" + context.text), repr(found)


@step('the daemon reads the log of a kernel that we write, and runs with')
def own_kernel_log(context):
    if os.path.exists(KERNEL_LOG):
        os.unlink(KERNEL_LOG)
    os.mkfifo(KERNEL_LOG)
    context.scene.on_close(lambda: os.unlink(KERNEL_LOG))
    daemon.stop()
    daemon.configure(f"[GPU]\nKernelLog={KERNEL_LOG}\n{context.text}")
    daemon.start()


@step('the driver logs "{line:words}"')
def driver_logs(context, line):
    """Somebody reads the other end: the daemon."""
    fd = os.open(KERNEL_LOG, os.O_WRONLY | os.O_NONBLOCK)
    try:
        os.write(fd, (line + "\n").encode())
    finally:
        os.close(fd)


@step('the daemon has logged that Xid {number:d} of "{address:name}"')
def logged_xid(context, number, address):
    found = journal.wait_for(context.scene.since, lambda e: re.search(rf"{re.escape(address)}: Xid {number}\b",
                                                                      journal.message(e)),
                             f"the daemon logs Xid {number}", f"_SYSTEMD_UNIT={daemon.UNIT}", f"MESSAGE_ID={XID}")
    assert int(found["PRIORITY"]) <= 4, found

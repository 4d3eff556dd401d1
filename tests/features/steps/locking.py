# SPDX-License-Identifier: LGPL-2.1-or-later
import json

from behave import step

from support import api, daemon, journal, registry_lock, step_types  # noqa: F401


def hold(context, kind):
    context.scene.locker = registry_lock.RegistryLock(kind)
    context.scene.sockets.append(context.scene.locker)


@step('another process holds the registry lock')
def held(context):
    hold(context, registry_lock.EXCLUSIVE)


@step('another process holds the registry lock to read')
def held_shared(context):
    hold(context, registry_lock.SHARED)


@step('the registry lock is given up')
def given_up(context):
    context.scene.locker.close()


@step('I send {method:w} "{path:name}" with the JSON {body:words}')
def send_json(context, method, path, body):
    """null is no body."""
    context.scene.answer = api.request(method, path, json.loads(body))


@step('{method:w} "{path:name}" is under way')
def under_way(context, method, path):
    context.scene.request = api.Call(method, path)


@step('it is not answered within {ms:d} ms')
def not_answered(context, ms):
    context.scene.request.join(ms / 1000)
    assert context.scene.request.is_alive(), str(context.scene.request.answer or context.scene.request.failure)


@step('it is answered with {status:d}')
def answered(context, status):
    context.scene.answer = context.scene.request.wait()
    assert context.scene.answer.status == status, str(context.scene.answer)


@step('the daemon has logged a complaint that contains "{text:words}"')
def has_complained(context, text):
    entry = journal.wait_for(context.scene.since, lambda each: text in journal.message(each),
                             f"the daemon logs {text!r}", f"_SYSTEMD_UNIT={daemon.UNIT}")
    assert int(entry["PRIORITY"]) <= 4, f"its priority is {entry['PRIORITY']}: {journal.message(entry)}"

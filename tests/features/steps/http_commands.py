# SPDX-License-Identifier: LGPL-2.1-or-later
import http.client
import json

from behave import step

from support import api, match, step_types, wait  # noqa: F401


@step('I send {method:w} "{path:name}" with the header "{header:name}"')
def send_with_header(context, method, path, header):
    name, value = header.split(": ", 1)
    context.scene.answer = api.request(method, path, headers={name: value})


@step('I preload pool "{pool:name}" with the header "{header:name}"')
def preload_with_header(context, pool, header):
    preload(context, f"/pools/{pool}/preload", pool, [], header)


@step('I preload pool "{pool:name}" with the header "{header:name}" and its engine gets "{flags:words}"')
def preload_with_header_and_flags(context, pool, header, flags):
    preload(context, f"/pools/{pool}/preload", pool, flags.split(), header)


@step('I preload pool "{pool:name}" at "{path:name}" with the header "{header:name}"')
def preload_at(context, pool, path, header):
    preload(context, path, pool, [], header)


def preload(context, path, pool, flags, header):
    name, value = header.split(": ", 1)
    context.scene.answer = api.request("POST", path, {"prepared": context.scene.prepared(pool, flags)},
                                       headers={name: value})


@step('the answer leads to its operation under "{start:name}"')
def leads_to(context, start):
    answer = context.scene.answer
    number = answer.json["operation"]
    assert answer.headers["Location"] == f"{start}{number}", str(answer.headers)
    context.scene.location = answer.headers["Location"]


@step('the answer has the header "{name:name}" with "{value:name}"')
def has_header(context, name, value):
    assert context.scene.answer.headers[name] == value, str(context.scene.answer.headers)


@step('the answer has no header "{name:name}"')
def has_no_header(context, name):
    assert name not in context.scene.answer.headers, str(context.scene.answer.headers)


@step('I look the operation up')
def look_up(context):
    context.scene.answer = api.request("GET", context.scene.location)


@step('the operation has ended with')
def operation_ended(context):
    def look():
        answer = api.request("GET", context.scene.location)
        assert answer.status == 200, str(answer)
        return answer.json.get("result")

    result = wait.until(look, f"{context.scene.location} has ended")
    match.check(context.table, result, "the result")


@step('{count:d} requests for "{path:name}" are answered on one connection')
def keep_alive(context, count, path):
    connection = http.client.HTTPConnection(*api.ADDRESS, timeout=30)
    context.scene.sockets.append(connection)
    connection.connect()
    opened = connection.sock
    for _ in range(count):
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200 and json.loads(body) is not None, f"{response.status} {body!r}"
        assert connection.sock is opened, "the connection was closed"


@step('I send {method:w} "{path:name}" and say that I take "{kind:name}"')
def send_accept(context, method, path, kind):
    context.scene.answer = api.request(method, path, headers={"Accept": kind})


@step('the answer describes the operations')
def describes(context):
    paths = context.scene.answer.json["paths"]
    described = {(method.upper(), path) for path, item in paths.items() for method in item}
    missing = {(row["method"], row["path"]) for row in context.table} - described
    assert not missing, missing


@step('I send POST "{path:name}" over the socket "{name:name}"')
def post_over_socket(context, path, name):
    context.scene.answer = api.request("POST", path, address=str(context.scene.runtime / name))

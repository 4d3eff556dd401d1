# SPDX-License-Identifier: LGPL-2.1-or-later
import http.client
import json
import re
import socket
import subprocess

from behave import step

from support import api, daemon, engine, match, step_types, units, wait  # noqa: F401
from support.values import expand, octets

STATUS_FIELDS = set("""
    pool_id replica_id state live ready draining active_leases slots_total slots_free engine engine_version
    engine_digest engine_catalog_id version model_id model_path device_mask url generation unit invocation_id pid
    uptime_ms last_error last_error_class last_heartbeat_ms restart_count crash_count backoff_ms
    next_restart_at_ms circuit_state circuit_opens_until_ms perf_hints managed load sandbox_relaxed
    """.split())


# Requests


@step('I send {method:w} "{path:name}"')
def send(context, method, path):
    context.scene.answer = api.request(method, expand(path))


@step('I send GET "{path:name}" over the socket "{name:name}"')
def send_over_socket(context, path, name):
    context.scene.answer = api.request("GET", path, address=str(context.scene.runtime / name))


@step('GET "{path:name}" over the socket "{name:name}" is answered')
def answered_over_socket(context, path, name):
    answer = api.request("GET", path, address=str(context.scene.runtime / name))
    assert answer.status == 200, str(answer)


@step('GET "{path:name}" on port {port:d} is answered')
def answered_on_port(context, path, port):
    answer = api.request("GET", path, address=("127.0.0.1", port))
    assert answer.status == 200, str(answer)


@step('I send GET "{path:name}" with the token "{token:name}"')
def send_with_token(context, path, token):
    context.scene.answer = api.request("GET", path, headers={"Authorization": f"Bearer {token}"})


@step('I send GET "{path:name}" with the correlation id "{correlation:name}"')
def send_with_correlation(context, path, correlation):
    context.scene.answer = api.request("GET", path, headers={"X-Correlation-Id": correlation})


@step('I send GET "{path:name}" with a correlation id of {length:d} characters')
def send_with_long_correlation(context, path, length):
    context.scene.answer = api.request("GET", path, headers={"X-Correlation-Id": "c" * length})


@step('I send GET "{path:name}" twice')
def send_twice(context, path):
    context.scene.answers = [api.request("GET", path) for _ in range(2)]


@step('I send GET "{path:name}" {times:d} times')
def send_often(context, path, times):
    context.scene.answers = [api.request("GET", path) for _ in range(times)]


@step('I send a valid preload of pool "{pool:name}" as "{kind:words}"')
def send_as(context, pool, kind):
    body = json.dumps({"prepared": context.scene.prepared(pool)}).encode()
    context.scene.answer = api.request("POST", f"/pools/{pool}/preload", body,
                                       headers={"Content-Type": kind} if kind else {})


@step('I send a valid preload of pool "{pool:name}" padded to {size:d} bytes')
def send_padded(context, pool, size):
    body = json.dumps({"prepared": context.scene.prepared(pool)})
    body += " " * (size - len(body))
    context.scene.answer = api.request("POST", f"/pools/{pool}/preload", body.encode(), headers=api.JSON_TYPE)


@step('I send a valid PreparedEngine of pool "{pool:name}" that is not wrapped')
def send_bare(context, pool):
    context.scene.answer = api.request("POST", f"/pools/{pool}/preload", context.scene.prepared(pool))


@step('I send {body:words} as the body of a preload of pool "{pool:name}"')
def send_body(context, body, pool):
    context.scene.answer = api.request("POST", f"/pools/{pool}/preload", octets(body), headers=api.JSON_TYPE)


@step('I send a body of {size:d} bytes to "{path:name}" {how:words}')
def send_large(context, size, path, how):
    """With curl, which can ask before it sends, and takes an answer that comes before all is sent."""
    extra = {"at once": ["-H", "Expect:"],
             "in chunks": ["-H", "Transfer-Encoding: chunked", "-H", "Expect:"],
             "after asking": ["-H", "Expect: 100-continue"]}[how]
    done = subprocess.run(["curl", "--silent", "--max-time", "30", "--include", "--data-binary", "@-", *extra,
                           "-H", "Content-Type: application/json", f"http://127.0.0.1:9200{path}"],
                          input=b" " * size, stdout=subprocess.PIPE, check=False)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        raise AssertionError(f"it invited the body: {head}")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    context.scene.answer = api.Answer(int(lines[0].split()[1]) if head else 0, headers, body, 0)


# Answers


@step('the answer is {status:d}')
def answer_is(context, status):
    assert context.scene.answer.status == status, str(context.scene.answer)


@step('the answer is the error {status:d} "{code:name}"')
def answer_is_error(context, status, code):
    answer = context.scene.answer
    assert answer.status == status, str(answer)
    assert answer.json["code"] == code, str(answer)
    check_error(answer)


@step('the answer is the error {status:d} "{code:name}" for "{field:name}"')
def answer_is_error_for(context, status, code, field):
    answer_is_error(context, status, code)
    assert context.scene.answer.json.get("field") == field, str(context.scene.answer)


@step('the answer is an error from {low:d} to {high:d}')
def answer_is_some_error(context, low, high):
    answer = context.scene.answer
    assert low <= answer.status <= high, str(answer)
    check_error(answer)


def check_error(answer):
    """What every error has."""
    error = answer.json
    assert isinstance(error["error"], str) and error["error"], str(answer)
    assert re.fullmatch("[A-Z][A-Z_]*", error["code"]), str(answer)
    assert isinstance(error["retriable"], bool), str(answer)


@step('the error text contains "{text:words}"')
def error_contains(context, text):
    assert text in context.scene.answer.json["error"], str(context.scene.answer)


@step('the answer has')
def answer_has(context):
    match.check(context.table, context.scene.answer.json, "the answer")


@step('the answer has all the fields of a status and no others')
def answer_is_status(context):
    fields = set(context.scene.answer.json)
    assert fields == STATUS_FIELDS, f"missing {STATUS_FIELDS - fields}, unexpected {fields - STATUS_FIELDS}"


@step('the answer has no body')
def answer_is_empty(context):
    assert context.scene.answer.body == b"", str(context.scene.answer)


@step('the answer allows "{methods:name}"')
def answer_allows(context, methods):
    allowed = {method.strip() for method in context.scene.answer.headers["Allow"].split(",")}
    wanted = set(methods.split(", "))
    assert wanted <= allowed <= wanted | {"OPTIONS"}, f"Allow: {context.scene.answer.headers['Allow']}"


@step('the answer lists the pools "{pools:name}"')
def answer_lists(context, pools):
    assert [pool["pool_id"] for pool in context.scene.answer.json] == pools.split(", "), str(context.scene.answer)


@step("the answer's warnings name \"{field:name}\"")
def answer_warns(context, field):
    assert any(field in warning for warning in context.scene.answer.json["warnings"]), str(context.scene.answer)


@step("the answer's correlation id is \"{correlation:name}\"")
def answer_correlation(context, correlation):
    assert context.scene.answer.headers["X-Correlation-Id"] == correlation, str(context.scene.answer.headers)


@step('the two answers have different correlation ids')
def answers_correlation(context):
    first, second = (answer.headers["X-Correlation-Id"] for answer in context.scene.answers)
    assert first and second and first != second, f"{first!r} {second!r}"


@step('the version in the answer is the one that "pool-managerd --version" prints')
def answer_version(context):
    printed = subprocess.run([daemon.PROGRAM, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert printed.split()[-1] == context.scene.answer.json["version"], printed


@step('the answer came within {ms:d} ms')
def answer_quick(context, ms):
    assert context.scene.answer.seconds <= ms / 1000, f"it took {context.scene.answer.seconds} s"


@step('the answer took at least {ms:d} ms')
def answer_slow(context, ms):
    assert context.scene.answer.seconds >= ms / 1000, f"it took {context.scene.answer.seconds} s"


@step('each answer is {status:d} and came within {ms:d} ms')
def answers_quick(context, status, ms):
    wrong = [str(answer) for answer in context.scene.answers if answer.status != status]
    assert not wrong, wrong[:3]
    slowest = max(answer.seconds for answer in context.scene.answers)
    assert slowest <= ms / 1000, f"the slowest took {slowest} s"


@step('there are no pools')
def no_pools(context):
    answer = api.request("GET", "/pools")
    assert answer.status == 200 and answer.json == [], str(answer)


@step('nothing has happened')
def nothing_happened(context):
    no_pools(context)
    assert not units.engines(), units.engines()


# Clients that are slow, rude or gone


def connect(context):
    client = socket.create_connection(api.ADDRESS, timeout=60)
    context.scene.sockets.append(client)
    return client


def wait_for_end(client, seconds):
    """Waits until the daemon has closed the connection; an answer before that is fine."""
    client.settimeout(seconds)
    try:
        while client.recv(65536):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        raise AssertionError(f"the connection was open for {seconds} s") from None


@step('a client sends {data:words} and waits')
def client_sends(context, data):
    connect(context).sendall(octets(data))


@step('a client connects and says nothing')
def client_connects(context):
    connect(context)


@step('a client sends one byte after the other of a request without end')
def client_drips(context):
    """As slow as lets the request look alive, until it is cut off."""
    client = connect(context)
    client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Long: ")
    client.settimeout(0.2)

    def cut_off():
        try:
            client.sendall(b"a")
            return client.recv(65536) == b""
        except TimeoutError:
            return False
        except OSError:
            return True

    wait.until(cut_off, "the client is cut off", seconds=60)


@step('its connection ends within {seconds:d} seconds')
def connection_ends(context, seconds):
    wait_for_end(context.scene.sockets[-1], seconds)


@step('the connections of all of them end within {seconds:d} seconds')
def connections_end(context, seconds):
    for client in context.scene.sockets:
        wait_for_end(client, seconds)


@step('a client sends GET "{path:name}" byte by byte')
def client_byte_by_byte(context, path):
    client = connect(context)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode():
        client.sendall(bytes([byte]))
    context.scene.answer = read_answer(client)


@step('a client sends GET "{first:name}" and GET "{second:name}" on one connection at once')
def client_pipelines(context, first, second):
    client = connect(context)
    client.sendall(f"GET {first} HTTP/1.1\r\nHost: x\r\n\r\n"
                   f"GET {second} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    client.settimeout(20)
    data = b""
    while chunk := client.recv(65536):
        data += chunk
    context.scene.pipelined = data.decode()


@step('it gets both answers in order')
def client_got_both(context):
    text = context.scene.pipelined
    assert text.count("HTTP/1.1 200") == 2, text
    assert text.index('"status"') < text.rindex("HTTP/1.1 200") < text.rindex("[]"), text


@step('{count:d} clients are connected and say nothing')
def many_clients(context, count):
    for _ in range(count):
        connect(context)


def read_answer(client, seconds=60):
    """The answer to the one request on a connection."""
    client.settimeout(seconds)
    response = http.client.HTTPResponse(client)
    response.begin()
    return api.Answer(response.status, response.headers, response.read(), 0)


def send_preload(context, pool):
    """A preload whose engine is not healthy, as bytes on a connection that stays with the scenario."""
    body = json.dumps({"prepared": context.scene.prepared(pool, ["--never-healthy"])}).encode()
    client = connect(context)
    client.sendall(f"POST /pools/{pool}/preload HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                   f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    # It has been taken once the engine is there.
    engine.ask(context.scene.port(pool), "/wait?checks=1")
    return client


@step('a client asks for a preload of pool "{pool:name}" whose engine answers 503, and hangs up')
def client_hangs_up(context, pool):
    send_preload(context, pool).close()


@step('a client asks for a preload of pool "{pool:name}" whose engine answers 503, and stops sending')
def client_half_closes(context, pool):
    send_preload(context, pool).shutdown(socket.SHUT_WR)


@step('that client gets the answer {status:d}')
def client_gets(context, status):
    answer = read_answer(context.scene.sockets[-1])
    assert answer.status == status, str(answer)

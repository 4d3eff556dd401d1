# SPDX-License-Identifier: LGPL-2.1-or-later
"""One exchange over a raw connection: bytes out, all answers in."""

import dataclasses
import json
import socket
import struct
import time

PART_SECONDS = 0.05  # between the parts of a slow request
END_SECONDS = 10.0   # by then every connection has ended


@dataclasses.dataclass
class Raw:
    status: int
    headers: dict
    body: bytes

    def __str__(self):
        return f"{self.status} {self.body[:200].decode(errors='replace').strip()}"


class Exchange:
    """`answers`, `rest`: what came behind them, `ended`: whether the server closed in time."""

    def __init__(self, address, case):
        self.case, self.answers, self.rest, self.ended = case, [], b"", False
        self.socket = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.deadline = time.monotonic() + END_SECONDS
        with self.socket:
            self.socket.settimeout(END_SECONDS)
            self.socket.connect(address)
            self.send()
            if case.aborts:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.ended = True
            else:
                self.receive()

    def send(self):
        try:
            for number, part in enumerate(self.case.parts):
                if number > 0:
                    time.sleep(PART_SECONDS)
                self.socket.sendall(part)
        except OSError:
            return  # it does not want to hear more; what it has to say comes below
        if self.case.unfinished:
            self.finish()

    def finish(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def receive(self):
        finished = self.case.unfinished
        while not self.ended and time.monotonic() < self.deadline:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            except TimeoutError:
                return
            self.ended = not data
            self.rest += data
            while self.take_answer():
                pass
            if self.answers and self.case.stream:
                self.ended = True
            elif self.answers and not finished and not self.ended:
                finished = True
                self.finish()

    def take_answer(self):
        head, end, rest = self.rest.partition(b"\r\n\r\n")
        if not end or not head.startswith(b"HTTP/1."):
            return False
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in
                   (line.partition(": ") for line in lines[1:])}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return False
        status = int(lines[0].split()[1])
        self.rest = rest[length:]
        if status >= 200:  # else there is another one to come
            self.answers.append(Raw(status, headers, rest[:length]))
        return True


def fault_of_error(answer, table):
    """What is wrong with an error answer of ours; None when nothing is."""
    try:
        error = json.loads(answer.body)
    except ValueError:
        return "no JSON"
    if not isinstance(error, dict):
        return "no object"
    if not isinstance(error.get("error"), str) or not error["error"]:
        return "no text"
    if table.get(error.get("code")) != answer.status:
        return f"code {error.get('code')!r} does not go with the status"
    if not isinstance(error.get("retriable"), bool):
        return "retriable is no boolean"
    if answer.status == 405 and not answer.headers.get("allow"):
        return "no Allow"
    # Who has not heard all of the headers does not know the client's, and gives it none.
    if answer.status != 408 and not answer.headers.get("x-correlation-id"):
        return "no X-Correlation-Id"
    return None


def is_of_library(exchange):
    """Its refusals are pages; libmicrohttpd 0.9.75 sends the head of some of them twice."""
    body = exchange.answers[0].body + exchange.rest
    head, end, page = body.partition(b"\r\n\r\n")
    twice = end and head.startswith(b"HTTP/1.1 ")
    return len(exchange.answers) == 1 and (page if twice else body).startswith(b"<html>")


def judge(exchange, table):
    """What is wrong with how the server took the case; None when nothing is."""
    case, answers = exchange.case, exchange.answers
    if not exchange.ended:
        return "the connection is still open"
    if case.stream:
        return None if answers and answers[0].status in case.statuses else f"{answers}"
    if case.foreign and answers and answers[0].status in case.statuses and is_of_library(exchange):
        return None
    if exchange.rest:
        return f"the end of an answer is missing: {exchange.rest[:200]}"
    if not answers:
        return None if case.closes or case.aborts else "closed without an answer"
    if len(answers) > 1:
        return f"{len(answers)} answers, the last {answers[-1]}"
    if answers[0].status not in case.statuses:
        return f"{answers[0]}, wanted {sorted(case.statuses)}"
    if not answers[0].headers.get("content-type", "").startswith("application/json"):
        return f"Content-Type {answers[0].headers.get('content-type')}"
    fault = fault_of_error(answers[0], table)
    return fault and f"{fault}: {answers[0]}"

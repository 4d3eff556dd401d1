# SPDX-License-Identifier: LGPL-2.1-or-later
"""A D-Bus client that sends what it is told, right or wrong: calls with little-endian bodies."""

import os
import re
import socket
import struct

BUS = "/run/dbus/system_bus_socket"
CALL, RETURN, ERROR = 1, 2, 3
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SIGNATURE = 1, 2, 3, 4, 5, 6, 8
NUMBERS = {"y": "B", "b": "I", "i": "i", "u": "I", "t": "Q", "x": "q", "d": "d"}


class Writer:
    def __init__(self):
        self.data = bytearray()

    def pad(self, size):
        self.data += b"\0" * (-len(self.data) % size)

    def number(self, kind, value):
        code = NUMBERS[kind]
        self.pad(struct.calcsize(code))
        self.data += struct.pack("<" + code, value)

    def put(self, kind, value):
        """One value of a single complete type: basic, an array of basic ones, or a variant."""
        if kind in NUMBERS:
            self.number(kind, value)
        elif kind in "so":
            text = value.encode()
            self.number("u", len(text))
            self.data += text + b"\0"
        elif kind == "g":
            self.data += bytes([len(value)]) + value.encode() + b"\0"
        elif kind == "v":
            self.put("g", value[0])
            self.put(*value)
        else:
            self.array(kind[1:], value)

    def array(self, kind, values):
        items = Writer()
        for value in values:
            items.put(kind, value)
        self.number("u", len(items.data))
        self.data += items.data

    def body(self, signature, values):
        for kind, value in zip(re.findall("a?[^a]", signature), values, strict=True):
            self.put(kind, value)


def message(kind, serial, fields, signature, values):
    body, head = Writer(), Writer()
    body.body(signature, values)
    if signature:
        fields = [*fields, (SIGNATURE, "g", signature)]
    head.data += struct.pack("<BBBBII", ord("l"), kind, 0, 1, len(body.data), serial)
    listed = Writer()
    for code, type_, value in fields:
        listed.pad(8)
        listed.data += bytes([code])
        listed.put("v", (type_, value))
    head.number("u", len(listed.data))
    head.data += listed.data
    head.pad(8)
    return bytes(head.data + body.data)


def read_fields(data):
    """Code -> value of the header fields, of those types that replies have."""
    fields, at = {}, 0
    while at < len(data):
        at += -at % 8
        code, length = data[at], data[at + 1]
        kind = data[at + 2:at + 2 + length].decode()
        at += 3 + length
        if kind == "g":
            fields[code] = data[at + 1:at + 1 + data[at]].decode()
            at += 2 + data[at]
            continue
        at += -at % 4
        number = struct.unpack_from("<I", data, at)[0]
        at += 4
        if kind == "u":
            fields[code] = number
        else:
            fields[code] = data[at:at + number].decode()
            at += number + 1
    return fields


class Bus:
    def __init__(self, timeout=30):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(BUS)
        self.serial = 0
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        assert self.socket.recv(1024).startswith(b"OK "), "the bus does not let us in"
        self.socket.sendall(b"BEGIN\r\n")
        bus = "org.freedesktop.DBus"
        self.call(bus, "/org/freedesktop/DBus", bus, "Hello")

    def receive(self, size):
        data = b""
        while len(data) < size:
            chunk = self.socket.recv(min(size - len(data), 1 << 20))
            if not chunk:
                raise ConnectionError("the bus closed the connection")
            data += chunk
        return data

    def call(self, destination, path, interface, member, signature="", values=()):
        """(error name, text) of an error; (None, the first string) of an answer."""
        self.serial += 1
        fields = [(PATH, "o", path), (INTERFACE, "s", interface), (MEMBER, "s", member),
                  (DESTINATION, "s", destination)]
        self.socket.sendall(message(CALL, self.serial, fields, signature, values))
        while True:
            kind, fields, body = self.read()
            if kind in (RETURN, ERROR) and fields.get(REPLY_SERIAL) == self.serial:
                return fields.get(ERROR_NAME), first_string(fields.get(SIGNATURE, ""), body)

    def read(self):
        head = self.receive(16)
        _, kind, _, _, body_length, _, length = struct.unpack("<BBBBIII", head)
        fields = read_fields(self.receive(length + -length % 8)[:length])
        return kind, fields, self.receive(body_length)

    def close(self):
        self.socket.close()


def first_string(signature, body):
    if not signature.startswith("s"):
        return ""
    return body[4:4 + struct.unpack_from("<I", body)[0]].decode(errors="replace")

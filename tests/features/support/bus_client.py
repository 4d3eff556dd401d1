# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls over the system bus that no command line could hold, and the names of the errors that they get."""

import ctypes
import os

_bus = ctypes.CDLL("libsystemd.so.0")
_BASIC = {"s": ctypes.c_char_p, "t": ctypes.c_uint64, "b": ctypes.c_int, "u": ctypes.c_uint32}


class _Error(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("message", ctypes.c_char_p), ("need_free", ctypes.c_int)]


class Client:
    def __init__(self):
        self.bus = ctypes.c_void_p()
        r = _bus.sd_bus_open_system(ctypes.byref(self.bus))
        assert r >= 0, f"sd_bus_open_system: {os.strerror(-r)}"

    def call(self, target, types, values):
        """(error name, text), or (None, ""); `target`: bus name, path, interface, method."""
        given = [_BASIC[kind](value.encode() if kind == "s" else value)
                 for kind, value in zip(types, values, strict=True)]
        error = _Error()
        reply = ctypes.c_void_p()
        r = _bus.sd_bus_call_method(self.bus, *(word.encode() for word in target), ctypes.byref(error),
                                    ctypes.byref(reply), types.encode(), *given)
        _bus.sd_bus_message_unref(reply)
        if r >= 0:
            return None, ""
        found = (error.name or b"").decode(), (error.message or b"").decode()
        _bus.sd_bus_error_free(ctypes.byref(error))
        assert found[0], f"{target[3]}: {os.strerror(-r)}"
        return found

    def send(self, target, types, values):
        """The same call, whose answer is not waited for."""
        given = [_BASIC[kind](value.encode() if kind == "s" else value)
                 for kind, value in zip(types, values, strict=True)]
        _bus.sd_bus_call_method_async(self.bus, None, *(word.encode() for word in target), None, None,
                                      types.encode(), *given)
        _bus.sd_bus_flush(self.bus)

    def close(self):
        """Also a second time."""
        if self.bus:
            _bus.sd_bus_flush_close_unref(self.bus)
            self.bus = ctypes.c_void_p()

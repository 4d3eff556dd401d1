# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bodies that are no JSON, or not the object that the request needs."""

from corpus import ABSENT, ENTRY, READY, compact, http, post, short

MIB = 1024 * 1024

# No text of these is JSON as the contract wants it.
NO_JSON = (
    "{", "}", "[", "]", "{]", "[}", '{"a"}', '{"a":}', '{"a" 1}', "{a:1}", "{'a':1}", '{"a":1,}',
    "{,}", '{"a":01}', '{"a":+1}', '{"a":.5}', '{"a":1.}', '{"a":1e}', '{"a":-}', '{"a":NaN}',
    '{"a":Infinity}', '{"a":0x10}', '{"a":tru}', '{"a":nul}', '{"a":True}', '{"a":undefined}',
    "{} x", "{}{}", "{},", "/**/{}", "{}//", "#\n{}", '{"a":"', '{"a":"\\', '{"a":"\\u12"}',
    '{"a":"\\x41"}', '{"a":"\x01"}', '{"a":"\n"}', '{"a":"\\ud800"}', '{"a":"\\udc00\\ud800"}',
    '{"a":"\\u0000"}', '{"\\u0000":1}', '{"a":1,"a":2}', '{"a":1,"\\u0061":2}', "\ufeff{}", "tru",
    "-", "0123", '"', "'{}'", "{}\0", "\0{}", '{"a":\0 1}', "{\x0b}", "{}\x0c", "\u00a0{}",
    "{\u2028}", "(" * 64, "[" * 17 + "]" * 17, '{"a":' * 17 + "1" + "}" * 17, "[" * 100_000,
    '{"a":' * 50_000, "[[]," * 1000, "{" + '"k":0,' * 1000 + '"k":0}', "\\" * 4096,
)
NO_UTF8 = (
    b"\xff", b'{"a":"\xff"}', b'{"a":"\xc0\xaf"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\xf5\x80\x80\x80"}',
    b'{"a":"\xe2\x82"}', b'{"a":"\x80"}', b'{"\xfe":1}', b"\xff\xfe{\0}\0", b"\0{\0}",
    b"\xef\xbb\xbf{}", b'{"a":"\xf0\x80\x80\xaf"}',
)
# JSON, but no object.
NO_OBJECT = ("[]", "null", "true", "0", "-1.5e3", '"text"', '[{"prepared":{}}]', '[null]')

TARGETS = (
    ("preload", "POST", f"/pools/{READY}/preload"),
    ("preload of none", "POST", f"/pools/{ABSENT}/preload"),
    ("patch", "PATCH", f"/pools/{ENTRY}"),
    ("handoff", "POST", f"/pools/{ENTRY}/handoff"),
    ("lease", "POST", f"/pools/{READY}/leases"),
    ("heartbeat", "POST", f"/pools/{ENTRY}/heartbeat"),
    ("stop", "POST", f"/pools/{READY}/stop"),
    ("register", "POST", f"/pools/{ABSENT}"),
)

WRONG_TYPES = (
    "Content-Type: text/plain", "Content-Type: application/jsonx", "Content-Type: json",
    "Content-Type: application/x-www-form-urlencoded", "Content-Type:", "Content-Type: */*",
    "Content-Type: multipart/form-data; boundary=x", "Content-Type: application/json, text/plain",
    "Content-Type: text/json", "Content-Type: application/xml", "X-Nothing: 1",
    "Content-Type: application/ json",
)
ENCODINGS = ("gzip", "deflate", "br", "identity, gzip", "x")


def cases():
    for what, method, path in TARGETS:
        for body in (*NO_JSON, *NO_UTF8, *NO_OBJECT):
            yield http(f"{what}: body {short(body)}", post(path, body, method=method), 400)
        yield http(f"{what}: body over 1 MiB", post(path, compact("a" * MIB), method=method), 413)
    for what, method, path in TARGETS[:5]:
        for kind in WRONG_TYPES:
            yield http(f"{what}: {kind}", post(path, "{}", kind, method=method), 415)
    path = TARGETS[0][2]
    for encoding in ENCODINGS:
        yield http(f"preload: encoding {encoding}",
                   post(path, "{}", "Content-Type: application/json",
                        f"Content-Encoding: {encoding}"), 415)
    for body in ("", "{}", '{"prepared":null}', '{"prepared":[]}', '{"prepared":{}}',
                 '{"prepared":{},"prepared":{}}', " ", "\n"):
        yield http(f"preload: body {short(body)!r}", post(path, body), 400)

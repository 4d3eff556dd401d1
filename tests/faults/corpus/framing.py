# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is no HTTP, or leaves open where a request ends."""

from corpus import JSON_TYPE, READY, http, post, request, short

PRELOAD = f"POST /pools/{READY}/preload HTTP/1.1\r\nHost: t\r\n{JSON_TYPE}\r\n"
LEASE = f"POST /pools/{READY}/leases HTTP/1.1\r\nHost: t\r\n{JSON_TYPE}\r\n"
# Nobody may ever act on this one when it stands behind a request whose end is in doubt.
HIDDEN = f"POST /pools/{READY}/stop HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n"
MIB = 1024 * 1024

GARBAGE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64, b"\0AUTH EXTERNAL 30\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0" * 200, b"\xff" * 200,
    b"EHLO x\r\n", b"{}\r\n\r\n", b"<x/>\r\n\r\n", b"\r\n" * 50, b"\n" * 50, b" " * 200, b"GET\r\n\r\n",
    b"GET \r\n\r\n", b"GET /health\r\n\r\n", b"/health\r\n\r\n", b" GET /health HTTP/1.1\r\n\r\n",
    b"GET /health HTTP/1.1x\r\nHost: t\r\n\r\n", b"GET /health HTTP/9.9\r\nHost: t\r\n\r\n",
    b"GET /health HTTP/0.9\r\nHost: t\r\n\r\n", b"GET /health http/1.1\r\nHost: t\r\n\r\n",
    b"GET /health HTTP/11\r\nHost: t\r\n\r\n", b"GET /health HTP/1.1\r\nHost: t\r\n\r\n",
    b"GET /po\0ols HTTP/1.1\r\nHost: t\r\n\r\n",
    b"GET /pools\xff HTTP/1.1\r\nHost: t\r\n\r\n", b"GET ftp://x/pools HTTP/1.1\r\nHost: t\r\n\r\n",
    b"GET pools HTTP/1.1\r\nHost: t\r\n\r\n", b"GET * HTTP/1.1\r\nHost: t\r\n\r\n",
    b"GET ?x HTTP/1.1\r\nHost: t\r\n\r\n", b"GET # HTTP/1.1\r\nHost: t\r\n\r\n",
    b"G\0T /pools HTTP/1.1\r\nHost: t\r\n\r\n", b"GET /\x01 HTTP/1.1\r\nHost: t\r\n\r\n",
    b"x" * 100_000, b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: t\r\n\r\n",
    b"GET /pools HTTP/1.1\r\nHost: t\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    b"GET /pools HTTP/1.1\r\nHost: t\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
)
BAD_HEADERS = (
    "Host: u", "Content-Length: -1", "Content-Length: +5", "Content-Length: 5 5",
    "Content-Length: 5,5", "Content-Length: 0x5", "Content-Length: 5.0", "Content-Length: x",
    "Content-Length:", "Content-Length: 99999999999999999999", "Content-Length: 1e1",
    "Content-Length: 18446744073709551616", "Content-Length : 5", "Content-Length\t: 5",
    "Transfer-Encoding: gzip", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: x, chunked",
    "Transfer-Encoding: xchunked", "Transfer-Encoding: chunkedx", "Transfer-Encoding:",
    "Transfer-Encoding : chunked", "no colon here", "a b: c", "a\x01: c", "a@: c",
    "Authorization: Bearer x\r\nAuthorization: Bearer y",
    "X-Correlation-Id: a\r\nX-Correlation-Id: b",
    "Content-Length: 0\r\nContent-Length: 1", "Content-Length: 1\r\nContent-Length: 1",
    f"{JSON_TYPE}\r\nContent-Type: text/plain",
)
BAD_CHUNKS = (
    "zz\r\n", "-1\r\n", "+2\r\n{}\r\n", "0x2\r\n{}\r\n", " 2\r\n{}\r\n", "FFFFFFFFFFFFFFFFF\r\n",
    "FFFFFFFFFFFFFFFF\r\n{}", "8000000000000000\r\n{}", "2\r\n{}x\r\n0\r\n\r\n", "2\r\n{}0\r\n\r\n",
    "1\r\n{}\r\n0\r\n\r\n", "3\r\n{}\r\n0\r\n\r\n", "\r\n{}\r\n", "2\n{}\n0\n\n{", ";\r\n{}\r\n",
    "2,2\r\n{}\r\n", "2.0\r\n{}\r\n", "2e0\r\n{}\r\n", "\0\r\n", "2" + " " * 10_000 + "\r\n{}",
    "1" * 5000 + "\r\n", "2;" + "x" * 100_000 + "\r\n{}\r\n0\r\n\r\n", "0\r\n\r\n",
)
# A length in doubt, with something hidden behind it.
SMUGGLING = (
    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 100\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "Content-Length: 0\r\nContent-Length: 5\r\n\r\n", "Content-Length: 5\r\nContent-Length: 0\r\n\r\n",
    # libmicrohttpd 0.9.75 puts the second line of a folded header behind its name.
    "Transfer-Encoding:\r\n chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "Content-Length: 0, 5\r\n\r\n", "Content-Length : 0\r\n\r\n", "X\rContent-Length: 0\r\n\r\n",
)
# The same, where libmicrohttpd 0.9.75 takes a header without a name for the end of the headers.
SMUGGLING_MODERN = (
    ": no name\r\n", ": no name\r\nContent-Length: 5\r\n\r\n",
)


def malformed():
    for data in GARBAGE:
        yield http(f"line {short(data)}", data, 400, 404, 405, 413, 414, 431, 505, closes=True,
                   foreign=True, unfinished=True)
    # To send the client to the same place, well encoded, is the other right answer (RFC 9112, 3.2).
    yield http("line with a space in the path", b"GET /pools x HTTP/1.1\r\nHost: t\r\n\r\n", 400,
               301, foreign=True)
    for header in BAD_HEADERS:
        # A length that does not come true may leave us waiting: our end says that nothing follows.
        yield http(f"header {short(header)!r}", request("POST", f"/pools/{READY}/stop", None, header),
                   400, 413, 501, closes=True, foreign=True, unfinished=True)
    yield http("no Host", f"POST /pools/{READY}/stop HTTP/1.1\r\n\r\n".encode(), 400,
               foreign=True)
    yield http("HTTP/1.0 with chunks",
               f"POST /pools/{READY}/stop HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
               .encode(), 400, closes=True)
    yield http("an expectation of something else",
               post(f"/pools/{READY}/preload", "{}", JSON_TYPE, "Expect: 200-ok"), 400, 417)
    for path in (f"/pools/{READY}/stop", f"/pools/{READY}", f"/pools/{READY}/restart"):
        method = "DELETE" if path.count("/") == 2 else "POST"
        yield http(f"{method} {path} of a web page",
                   request(method, path, None, "Origin: https://example.org"), 403)


def hidden_behind(head, **how):
    for what, first in (("preload", PRELOAD), ("lease", LEASE)):
        yield http(f"hidden behind {short(head)!r} of a {what}", (first + head + HIDDEN).encode(),
                   400, 413, 501, closes=True, foreign=True, unfinished=True, **how)


def framed():
    for chunks in BAD_CHUNKS:
        head = f"{PRELOAD}Transfer-Encoding: chunked\r\n\r\n"
        yield http(f"chunks {short(chunks)!r}", (head + chunks).encode(), 400, 408, 413,
                   closes=True, foreign=True, unfinished=True)
    big = ("8000\r\n" + "a" * 0x8000 + "\r\n") * (MIB // 0x8000 + 1) + "0\r\n\r\n"
    yield http("chunks over 1 MiB", f"{PRELOAD}Transfer-Encoding: chunked\r\n\r\n{big}".encode(),
               413, 400)
    for head in SMUGGLING:
        yield from hidden_behind(head)
    for head in SMUGGLING_MODERN:
        yield from hidden_behind(head, modern=True)
    yield http("hidden in a body", post(f"/pools/{READY}/leases", HIDDEN), 400)
    yield http("hidden in a body that is too large",
               post(f"/pools/{READY}/leases", HIDDEN * (MIB // len(HIDDEN) + 2)), 413)


def partial():
    """Requests that end too early, at every few bytes; and those that stop without an end."""
    whole = post(f"/pools/{READY}/leases", '{"owner":"partial"}')
    for length in range(1, len(whole) - 1, 9):
        yield http(f"the first {length} bytes of a lease", whole[:length], 400, 408, closes=True,
                   unfinished=True, stalls=True, foreign=True)
    chunked = f"{LEASE}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n".encode()
    for length in range(len(LEASE), len(chunked) + 1, 5):
        yield http(f"the first {length} bytes of a chunked lease", chunked[:length], 400, 408,
                   closes=True, unfinished=True, stalls=True, foreign=True)
    for length in range(0, len(whole), 20):
        yield http(f"a reset after {length} bytes", whole[:length], aborts=True)
    for length in (0, 1, 16, 40, 70, 100, len(whole) - 1):
        yield http(f"nothing after {length} bytes", whole[:length], 408, 400, closes=True,
                   foreign=True, stalls=True)
    slow = tuple(whole[i:i + 1] for i in range(60))
    yield http("a byte now and then", slow, 408, 400, closes=True, foreign=True, stalls=True)
    head, body = whole.split(b"\r\n\r\n")
    parts = (head + b"\r\n\r\n", *(body[i:i + 1] for i in range(len(body) - 1)))
    yield http("a byte of the body now and then", parts, 408, 400, closes=True, foreign=True,
               stalls=True)


def cases():
    yield from malformed()
    yield from framed()
    yield from partial()

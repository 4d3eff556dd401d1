# SPDX-License-Identifier: LGPL-2.1-or-later
"""Methods, paths, ids, queries and headers that name nothing, or too much."""

from corpus import ABSENT, ENTRY, JSON_TYPE, OUTSIDE, READY, http, post, request, short

BAD_IDS = (
    ".", "..", "-a", "_a", ".a", "a" * 65, "a%20b", "a%2Fb", "%2e%2e", "%00", "a%00b", "%", "%z1",
    "%a", "%ff", "%c3%a9", "a;b", "a@b", "a:b", "a,b", "a=b", "a&b", "a*", "~root", "a%0d%0aX:y",
    "%e2%80%ae", "%25", "a%", "a%2", "a+b", "a!", "(a)", "'a'", "$(a)", "`a`", "a|b", "a\\b",
    '"a"', "{id}", "%7bid%7d", "a" * 5000,
)
NOWHERE = (
    "/", "//", "/pools/", "/pools//", "/pools//status", "/pool", "/PoOls", "/v2", "/v2/", "/v1/pools",
    "/v3/pools", "/v2/v2/pools", "/v2//pools", f"/pools/{READY}/status/", f"/pools/{READY}/nothing",
    f"/pools/{READY}/status/x", f"/pools/{READY}/leases/1/2", f"/pools/{READY}/breaker",
    f"/pools/{READY}/breaker/open", "/../pools", "/./pools", "/pools/../health", "/health/",
    "/health/x", "/operations/", "/operations/1/2", "/events/1", "/.well-known/x", "/favicon.ico",
    "/cgi-bin/sh", "/etc/passwd", "/" + "a/" * 500, "/" + "x" * 10_000, "/pools;x=1", "/health%2f",
    "/openapi.yaml",
)
BAD_LEASES = (
    "0", "1", "x", "0.0", "0.1", "1.0", "1.", ".1", "1.1.1", "1.01", "01.1", "+1.1", "1.+1", "1.-1",
    "-1.1", "1,1", "1.1x", "x1.1", "1.1%20", "%201.1", "1.0x1", "1.1e0", "1.9999", "9999.1",
    "1.18446744073709551617", "18446744073709551617.1", "1.4294967297", "4294967297.1",
    "1%00.1", "1.1%00", "%d9%a1.%d9%a1", "..", "%2e%2e", "*", "%", "a" * 5000, "release", "1%2e1%2f",
)
BAD_OPERATIONS = (
    "-1", "+1", "x", "1x", "0x1", "1e3", "1.5", "18446744073709551616", "18446744073709551615",
    "99999999999999999999999", "%20", "1%00", "*", "..", "true", "a" * 5000,
)
BAD_EVENT_IDS = (
    "x", "-1", "1", "deadbeef-1", "0123456789abcdef-1", "0123456789abcdef-99999999999999999999",
    "0123456789abcdef-", "-", "0123456789abcdef--1", "a" * 4000, "\u00e9", "%00", "1-2-3", "*",
)
BAD_QUERIES = (
    ("DELETE", f"/pools/{ENTRY}?force=maybe"), ("DELETE", f"/pools/{ENTRY}?force="),
    ("DELETE", f"/pools/{ENTRY}?force=true&force=false"), ("DELETE", f"/pools/{ENTRY}?forse=true"),
    ("DELETE", f"/pools/{ENTRY}?force=%zz"), ("DELETE", f"/pools/{ENTRY}?force=%00"),
    ("DELETE", f"/pools/{ENTRY}?force=true%00"), ("DELETE", f"/pools/{ENTRY}?%66orce=2"),
    ("POST", f"/pools/{READY}/leases?enforce_slots=2"),
    ("POST", f"/pools/{READY}/leases?enforce_slots=yes%20"),
    ("POST", f"/pools/{READY}/leases?enforce_slots=true&enforce_slots=true"),
    ("POST", f"/pools/{READY}/leases?slots=true"),
    ("GET", f"/pools/{READY}/logs?lines=-1"), ("GET", f"/pools/{READY}/logs?lines=x"),
    ("GET", f"/pools/{READY}/logs?lines=1.5"), ("GET", f"/pools/{READY}/logs?lines=" + "9" * 40),
    ("GET", f"/pools/{READY}/logs?lines="), ("GET", f"/pools/{READY}/logs?generation=-1"),
    ("GET", f"/pools/{READY}/logs?generation=x"), ("GET", f"/pools/{READY}/logs?follow=perhaps"),
    ("GET", f"/pools/{READY}/logs?lines=1&lines=2"), ("GET", f"/pools/{READY}/logs?since=now"),
    ("GET", "/pools?x=1"), ("GET", "/ready?x=1"), ("GET", f"/pools/{READY}/status?x"),
    ("GET", "/events?pool=a%20b"), ("GET", "/events?pool="), ("GET", "/events?follow=1"),
    ("GET", "/events?last_event_id=1&last_event_id=2"), ("POST", f"/pools/{READY}/stop?force=1"),
    ("POST", f"/pools/{READY}/stop?%ff=1"), ("POST", f"/pools/{READY}/restart?now"),
)
# Each path and a method that it does not have.
NO_METHODS = (
    ("POST", "/health"), ("DELETE", "/ready"), ("PATCH", "/pools"), ("POST", "/pools"),
    ("DELETE", "/pools"), ("PUT", f"/pools/{READY}"), ("PUT", f"/pools/{READY}/preload"),
    ("GET", f"/pools/{READY}/preload"), ("DELETE", f"/pools/{READY}/status"),
    ("PATCH", f"/pools/{READY}/status"), ("GET", f"/pools/{READY}/stop"),
    ("DELETE", f"/pools/{READY}/stop"), ("GET", f"/pools/{READY}/handoff"),
    ("DELETE", f"/pools/{OUTSIDE}/handoff"), ("PUT", f"/pools/{ENTRY}/heartbeat"),
    ("GET", f"/pools/{ENTRY}/heartbeat"), ("DELETE", f"/pools/{READY}/leases"),
    ("PUT", f"/pools/{READY}/leases/1.1"), ("PATCH", f"/pools/{READY}/leases/1.1"),
    ("GET", f"/pools/{READY}/leases/release"), ("GET", f"/pools/{READY}/restart"),
    ("GET", f"/pools/{READY}/breaker/reset"), ("GET", f"/pools/{READY}/breaker/allow"),
    ("POST", "/operations/1"), ("DELETE", "/operations/1"), ("POST", f"/pools/{READY}/logs"),
    ("POST", "/events"), ("DELETE", "/openapi.json"), ("TRACE", f"/pools/{READY}"),
    ("PROPFIND", "/pools"), ("get", "/health"), ("Get", "/health"), ("CONNECT", "/pools"),
    ("X" * 500, "/health"), ("GET\x01", "/health"), ("G@T", "/health"),
)
BAD_CORRELATION_IDS = ("a" * 129, "a\tb", "\u00e9", "a\x7f", "\x01")


def ids():
    for bad in BAD_IDS:
        for method, tail in (("GET", "/status"), ("DELETE", ""), ("PATCH", ""), ("POST", "/stop")):
            body = None if method in ("GET", "DELETE") else "{}"
            yield http(f"{method} pool id {short(bad)}{tail}",
                       request(method, f"/pools/{bad}{tail}", body, JSON_TYPE), 400, 404)
    for bad in BAD_LEASES:
        yield http(f"lease id {short(bad)}", request("DELETE", f"/pools/{READY}/leases/{bad}"),
                   400, 404, 405)
    yield http("lease id of nothing", request("DELETE", f"/pools/{READY}/leases/"), 400, 404)
    yield http("lease of another pool", request("DELETE", f"/pools/{OUTSIDE}/leases/1.2"), 404)
    for bad in BAD_OPERATIONS:
        yield http(f"operation {short(bad)}", request("GET", f"/operations/{bad}"), 400, 404)
    for bad in BAD_EVENT_IDS:
        yield http(f"Last-Event-ID {short(bad)}",
                   request("GET", "/events", None, f"Last-Event-ID: {bad}"), 200, 400, stream=True)
    for method, tail in (("GET", "/status"), ("POST", "/stop"), ("DELETE", ""), ("POST", "/restart"),
                         ("POST", "/leases"), ("POST", "/leases/release"), ("GET", "/logs"),
                         ("DELETE", "/leases/1.1"), ("POST", "/heartbeat"), ("GET", "/health"),
                         ("POST", "/breaker/reset"), ("POST", "/breaker/allow")):
        yield http(f"{method} {tail or 'of'} a pool that is not there",
                   request(method, f"/pools/{ABSENT}{tail}"), 404)


def cases():
    yield from ids()
    for path in NOWHERE:
        for method in ("GET", "DELETE"):
            yield http(f"{method} {short(path)}", request(method, path), 404, 405, 400)
        yield http(f"POST {short(path)}", post(path, "{}"), 404, 405, 400)
    for method, path in BAD_QUERIES:
        yield http(f"{method} {short(path, 60)}", request(method, path), 400)
    for method, path in NO_METHODS:
        yield http(f"{short(method)} {path}", request(method, path), 405, 400,
                   closes=not method.isalpha(), foreign=not method.isalpha())
    for bad in BAD_CORRELATION_IDS:
        yield http(f"X-Correlation-Id {short(bad)!r}",
                   request("GET", "/pools", None, f"X-Correlation-Id: {bad}"), 400)

# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon says at /metrics, read strictly."""

import re

from support import api

TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = rf'{_NAME}="(?:[^"\\\n]|\\[\\"n])*"'
_SAMPLE = re.compile(rf"({_NAME})(\{{(?:{_LABEL})(?:,{_LABEL})*\}})? ([0-9.]+|\+Inf)")
_SUFFIXES = ("_bucket", "_sum", "_count")


class Metrics:
    """Samples by the text before their value, and what is said of their names."""

    def __init__(self, text):
        self.samples, self.types, self.help = {}, {}, {}
        name = None
        assert text.endswith("\n"), "the last line has no end"
        for line in text.splitlines():
            if line.startswith("# HELP "):
                name, words = line.removeprefix("# HELP ").split(" ", 1)
                assert name not in self.help, f"{name} is described twice"
                self.help[name] = words
            elif line.startswith("# TYPE "):
                typed, kind = line.removeprefix("# TYPE ").split(" ", 1)
                assert typed == name, f"the type of {typed} stands behind the help of {name}"
                self.types[name] = kind
            else:
                self._take(line, name)

    def _take(self, line, name):
        found = _SAMPLE.fullmatch(line)
        assert found, f"no sample: {line!r}"
        sampled = found[1]
        if self.types[name] == "histogram":
            assert sampled in [name + suffix for suffix in _SUFFIXES], f"{sampled} stands among those of {name}"
        else:
            assert sampled == name, f"{sampled} stands among those of {name}"
        key = sampled + (found[2] or "")
        assert key not in self.samples, f"{key} is there twice"
        self.samples[key] = float(found[3])

    def of_pool(self, pool):
        return [key for key in self.samples if f'pool_id="{pool}"' in key]


def scrape(**more):
    answer = api.request("GET", "/metrics", **more)
    assert answer.status == 200, str(answer)
    assert answer.headers["Content-Type"] == TYPE, answer.headers["Content-Type"]
    return Metrics(answer.body.decode())

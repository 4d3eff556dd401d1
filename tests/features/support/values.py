# SPDX-License-Identifier: LGPL-2.1-or-later
"""Values that are too long or too odd to be written out in a scenario."""

import ast
import json
import re
import shlex

_PLACEHOLDER = "@value@"


def expand(text, **known):
    """Replaces {65 letters}, {1025 items}, {17 nested lists} and the {names} that are known."""
    text = re.sub(r"\{(\d+) letters\}", lambda m: "a" * int(m[1]), text)
    text = re.sub(r"\{(\d+) items\}", lambda m: "[" + ", ".join(['"x"'] * int(m[1])) + "]", text)
    text = re.sub(r"\{(\d+) nested lists\}", lambda m: "[" * int(m[1]) + "]" * int(m[1]), text)
    for key, value in known.items():
        text = text.replace("{" + key + "}", str(value))
    return text


def octets(text):
    """The bytes that "a\\x00b" in a scenario stands for; without quotes: its own."""
    text = expand(text)
    return ast.literal_eval("b" + text) if text.startswith('"') else text.encode()


def table_fields(table):
    """Fields of a PreparedEngine from a table; `flags` are words for the fake engine, the rest is JSON."""
    fields = {row["field"]: row["value"] for row in table}
    flags = shlex.split(fields.pop("flags", ""))
    return flags, {field: json.loads(value) for field, value in fields.items()}

# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a table of a scenario may say about a value.

A cell is JSON (`"ready"`, `true`, `null`, `3`), or words:
    a string | a number | a list    of that type, and not empty or 0
    an object                       of any members
    contains TEXT                   a string with that text in it
    at least N | at most N          a number
"""

import json


def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def holds(cell, value):
    """Whether the value is what the cell says."""
    if cell == "a string":
        return isinstance(value, str) and value != ""
    if cell == "a number":
        return _number(value) and value > 0
    if cell == "an object":
        return isinstance(value, dict)
    if cell == "a list":
        return isinstance(value, list) and value != []
    if cell.startswith("contains "):
        return isinstance(value, str) and cell.removeprefix("contains ") in value
    if cell.startswith("at least "):
        return _number(value) and value >= float(cell.removeprefix("at least "))
    if cell.startswith("at most "):
        return _number(value) and value <= float(cell.removeprefix("at most "))
    expected = json.loads(cell)
    # In Python True is 1: not on the wire.
    return value == expected and isinstance(value, bool) == isinstance(expected, bool)


def find(value, path):
    """The value at `a.b.0` of parsed JSON."""
    for part in path.split("."):
        if isinstance(value, list):
            value = value[int(part)]
        else:
            assert isinstance(value, dict) and part in value, f"there is no {part} in {value}"
            value = value[part]
    return value


def check(table, value, what):
    """Fails with every row of a field/value table that does not hold."""
    wrong = [f"{row['field']} should be {row['value']}, is {json.dumps(find(value, row['field']))}"
             for row in table if not holds(row["value"], find(value, row["field"]))]
    assert not wrong, f"{what}: " + "; ".join(wrong)

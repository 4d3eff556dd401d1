# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is said of many numbers."""

from statistics import median

__all__ = ["median", "p99"]


def p99(values):
    return sorted(values)[min(len(values) - 1, len(values) * 99 // 100)]

# SPDX-License-Identifier: LGPL-2.1-or-later
"""What may stand between the words of a step. Each file of steps imports this."""

import behave
import parse


@parse.with_pattern(r'[^"]+')
def name(text):
    return text


@parse.with_pattern(r".*")
def words(text):
    return text


behave.register_type(name=name, words=words)

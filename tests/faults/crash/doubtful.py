# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of a daemon that is in trouble itself."""

from common.client import Client, Cut

# Refused for certain: it has just started.
NOT_YET = b"is still looking for the engines"


class Doubtful(Client):
    """An error of the daemon's own says nothing of whether the request was done."""

    async def request(self, method, path, body=None):
        answer = await super().request(method, path, body)
        if answer.status >= 500 and NOT_YET not in answer.body:
            raise Cut(f"{method} {path}: {answer}")
        return answer

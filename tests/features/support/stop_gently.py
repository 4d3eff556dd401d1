#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ExecStop= of a daemon that looks for leaks at its end (see daemon.prepare_for_leak_check)."""

import os
import select
import signal

pid = int(os.environ["MAINPID"])
ended = select.poll()
ended.register(os.pidfd_open(pid), select.POLLIN)
os.kill(pid, signal.SIGTERM)
ended.poll()

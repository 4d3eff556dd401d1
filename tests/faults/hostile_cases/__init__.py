# SPDX-License-Identifier: LGPL-2.1-or-later
"""Engines and clients that misbehave, one at a time, beside pools that behave and are watched."""

# Nobody else may be slowed by more, and the daemon's loop not held for longer.
BOUND_MS = 5.0

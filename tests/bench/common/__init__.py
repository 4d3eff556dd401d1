# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the measurements share. What the scenarios have already is taken from tests/features."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "features"))

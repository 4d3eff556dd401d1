# SPDX-License-Identifier: LGPL-2.1-or-later
"""A model provisioner: model_provisioner.py REFERENCE MODELS ASKED

"MODEL" is the file of that name in the folder MODELS; "later:MODEL" the same, once there is something to read from
MODEL.wait; "nonsense" is answered with what is no answer. What is not there is an error. It adds to the list ASKED what
it was asked.
"""

import json
import pathlib
import sys

MODELS = pathlib.Path(sys.argv[2])
ASKED = pathlib.Path(sys.argv[3])


def main():
    reference = sys.argv[1]
    with ASKED.open("a", encoding="utf-8") as asked:
        asked.write(reference + "\n")
    if reference == "nonsense":
        print("it is somewhere")
        return
    path = MODELS / f"{reference.removeprefix('later:')}.gguf"
    if reference.startswith("later:"):
        print(json.dumps({"phase": "download", "percent": 40, "bytes": 4, "total": 10}), file=sys.stderr, flush=True)
        with path.with_name(path.name + ".wait").open("rb") as wait:
            wait.read(1)
    if not path.exists():
        print("looking for it", file=sys.stderr)
        sys.exit(f"no such model: {reference}")
    print(json.dumps({"model_path": str(path)}))


main()

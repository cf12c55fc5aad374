"""The ``farpoint`` program: ``python -m farpoint select POOL --budget K``."""

from __future__ import annotations

import os
import sys

from farpoint import _native


def main() -> int:
    """Runs the program with this process's command line. Returns what the process is to end with."""
    # Whatever the program hands on to Python, a selection on a Ray cluster, is for this interpreter.
    os.environ.setdefault("FARPOINT_PYTHON", sys.executable)
    return _native.program(["farpoint", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

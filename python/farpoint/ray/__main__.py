"""`farpoint select` of files on a Ray cluster: ``python -m farpoint.ray select POOL --budget K``."""

from __future__ import annotations

import sys

from farpoint.ray._program import main

if __name__ == "__main__":
    sys.exit(main())

"""Lets the tests of the adapters share what they are held to, and draw the same examples each time."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("adapters", deadline=None, derandomize=True)
settings.load_profile("adapters")

"""The checks of on_a_gpu.py, where there is a GPU that PyTorch can use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no GPU: on_a_gpu.py is for machines with one")
def test_on_a_gpu() -> None:
    done = subprocess.run([sys.executable, Path(__file__).with_name("on_a_gpu.py")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

"""What Farpoint does with CUDA tensors of PyTorch, over the CUDA test bed and a stand-in for PyTorch."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("on_the_bed_torch.py")
CHECKS = [
    node.name
    for node in ast.parse(SCRIPT.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and node.name != "cuda_tensor"
]


@pytest.mark.parametrize("check", CHECKS)
def test_on_the_bed(check: str, run_on_bed) -> None:
    run_on_bed(SCRIPT, check)

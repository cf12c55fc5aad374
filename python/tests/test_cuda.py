"""Pools on a GPU, over the CUDA test bed: each check of on_the_bed.py in a process of its own."""

import ast
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("on_the_bed.py")
#: Checks take nothing; helpers do.
CHECKS = [
    node.name
    for node in ast.parse(SCRIPT.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and not node.args.args and node.name not in {"counters", "needs_the_bed"}
]


@pytest.mark.parametrize("check", CHECKS)
def test_on_the_bed(check, run_on_bed):
    said = run_on_bed(SCRIPT, check)
    if said.startswith("skipped"):
        pytest.skip(said.strip())

"""Pools on a GPU, over the CUDA test bed: each check of these programs in a process of its own."""

import ast
from pathlib import Path

import pytest

SCRIPTS = [Path(__file__).with_name(name) for name in ("on_the_bed.py", "on_the_bed_batches.py")]


def checks(script):
    """Functions that take nothing: helpers take something."""
    body = ast.parse(script.read_text(encoding="utf-8")).body
    return [node.name for node in body if isinstance(node, ast.FunctionDef) and not node.args.args]


@pytest.mark.parametrize(
    ("script", "check"), [pytest.param(script, check, id=check) for script in SCRIPTS for check in checks(script)]
)
def test_on_the_bed(script, check, run_on_bed):
    said = run_on_bed(script, check)
    if said.startswith("skipped"):
        pytest.skip(said.strip())

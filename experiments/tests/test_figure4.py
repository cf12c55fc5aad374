"""Accuracy over labels as a picture: of whom it draws a line, and what it refuses."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

import pytest

from farpoint_experiments.figures import add_commands

GAINS = {"random": 0.0, "k-center": -0.02, "margin": 0.03}


def line(strategy: str, seed: int, number: int, accuracy: float) -> dict[str, Any]:
    told = {"strategy": strategy, "seed": seed, "round": number, "labeled": 10 * (number + 1), "picks": list(range(10))}
    return {**told, "class_counts": [5, 5], "accuracy": accuracy, "details": {}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of three strategies and two seeds."""
    made = tmp_path / "run"
    made.mkdir()
    lines = [line("start", seed, 0, 0.5 + seed / 100) for seed in (0, 1)]
    for name, gain in GAINS.items():
        lines += [line(name, seed, number, 0.6 + number / 10 + gain + seed / 100) for seed in (0, 1) for number in (1, 2)]
    (made / "rounds.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    config = {"title": "A run", "strategies": [{"name": name, "label": name} for name in GAINS], "seeds": [0, 1], "queries": 2}
    (made / "run.json").write_text(json.dumps({"config": config, "classes": ["a", "b"]}))
    return made


def command(*words: object) -> None:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True))
    given = parser.parse_args([str(word) for word in words])
    given.command(given)


def names(svg: Path) -> list[str]:
    return re.findall(r">([\w-]+)  ([\d.]+) %</text>", svg.read_text())


def test_every_strategy_has_its_line_and_where_it_ends(folder: Path, tmp_path: Path) -> None:
    command("figure4", folder, "--out", tmp_path / "out")
    assert names(tmp_path / "out" / "figure4.svg") == [("margin", "83.5"), ("random", "80.5"), ("k-center", "78.5")]
    assert (tmp_path / "out" / "figure4.png").stat().st_size > 5000
    first = (tmp_path / "out" / "figure4.svg").read_bytes()
    command("figure4", folder, "--out", tmp_path / "out")
    assert (tmp_path / "out" / "figure4.svg").read_bytes() == first


def test_some_strategies_alone(folder: Path, tmp_path: Path) -> None:
    command("figure4", folder, "--strategies", "k-center", "--out", tmp_path)
    assert names(tmp_path / "figure4.svg") == [("k-center", "78.5")]


def test_what_is_not_there(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no strategy badge; there are: margin, random, k-center"):
        command("figure4", folder, "--strategies", "badge", "--out", tmp_path)
    with pytest.raises(OSError, match="none"):
        command("figure4", tmp_path / "none", "--out", tmp_path)

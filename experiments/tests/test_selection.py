"""What a selection takes: measured beside scikit-activeml's, which picks the same rows where there are no ties."""

import json

import numpy as np
import pytest

from farpoint_experiments import __main__ as program
from farpoint_experiments.figures.memory import bytes_beyond
from farpoint_experiments.figures.selection import beside
from farpoint_experiments.rounds import y_of

ROWS = np.random.default_rng(0).standard_normal((400, 8), dtype=np.float32)


def test_both_pick_the_same_rows():
    told = beside(ROWS, y_of(np.zeros(400), np.array([3, 9])), 30)
    assert told["picks_shared"] == 30 and told["first_pick_that_differs"] is None
    assert all(times["wall_seconds"] > 0 for times in [*told["k_center"], told["core_set_of_scikit_activeml"]])


def test_ties_are_told():
    line = np.array([0, 4, -4, 4, -4], np.float32)[:, None].repeat(2, axis=1)
    told = beside(line, y_of(np.zeros(5), np.array([0])), 2)
    assert told["first_pick_that_differs"] in (None, 0, 1) and told["picks_shared"] <= 2


def test_memory_beyond_the_rows_is_of_a_process_of_its_own():
    y = y_of(np.arange(400) % 3, np.arange(12))
    assert 0 <= bytes_beyond("k-median", ROWS, y, 10) < 2**30


def test_a_strategy_that_fails_there_is_told():
    with pytest.raises(RuntimeError, match="bmdr ended with exit code 1"):
        bytes_beyond("bmdr", ROWS[:50].repeat(50, axis=0), y_of(np.arange(2500), np.arange(12)), 2_400)


def test_the_command(tmp_path, capsys):
    config = tmp_path / "c.toml"
    config.write_text(
        'title = "t"\ndataset = "digits"\nmodel = "mlp"\ninitial = 20\nbudget = 10\nqueries = 1\nseeds = [0]\nstrategies = ["random"]\n'
    )
    out = tmp_path / "out"
    assert program.main(["selection", str(config), "--out", str(out), "--set", "training.max_epochs=2", "--set", "pool=200"]) == 0
    told = json.loads((out / "selection.jsonl").read_text())
    assert told["n"] == 200 and set(told["bytes_beyond"]) == {"k-center", "k-median", "bmdr"}
    assert "core_set_of_scikit_activeml" in capsys.readouterr().out


def test_the_parents_memory_does_not_hide_the_childs():
    """What the parent holds, the child's peak begins with, as getrusage counts."""
    held = np.ones(200 << 20, np.uint8)
    rows = np.random.default_rng(0).standard_normal((40_000, 32), np.float32)
    y = np.full(len(rows), np.nan)
    y[:2] = [0, 1]
    beyond = bytes_beyond("k-center", rows, y, 200)
    assert 32 * len(rows) < beyond < 100 << 20, beyond
    assert held[-1] == 1

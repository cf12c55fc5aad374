"""The training loop that ships as an example, its data, and the snippets of docs/training-loop.md."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "training_loop.py"
GUIDE = ROOT / "docs" / "training-loop.md"


def run_example(folder, *options):
    command = [sys.executable, str(EXAMPLE), "--device", "cpu", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)


def table(printed):
    """The example's table as rows of (round, labeled, radius or None, accuracy, accuracy at random)."""
    rows = []
    for line in printed.splitlines()[1:]:
        round_, labeled, radius, accuracy, chance = line.split()
        percent = [float(share.removesuffix("%")) / 100 for share in (accuracy, chance)]
        rows.append((int(round_), int(labeled), None if radius == "-" else float(radius), *percent))
    return rows


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("training_loop", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as its `main` does
    yield module
    torch.set_num_threads(threads)


def test_the_example_learns_and_prints_its_table(tmp_path):
    result = run_example(tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert result.stdout.splitlines()[0].split() == ["round", "labeled", "radius", "accuracy", "at", "random"]
    rows = table(result.stdout)
    assert [row[:2] for row in rows] == [(round_, 20 + 20 * round_) for round_ in range(9)]
    assert rows[0][2] is None and all(radius > 0 for _, _, radius, _, _ in rows[1:])
    assert rows[0][3] == rows[0][4] < 0.75  # both start from the same rows and network
    assert rows[-1][3] > 0.9 and rows[-1][4] > 0.85
    assert list(tmp_path.iterdir()) == []


def test_the_example_is_deterministic_and_takes_its_options(tmp_path):
    options = ["--rounds", "1", "--budget", "15", "--seed", "3"]
    one, other = run_example(tmp_path, *options), run_example(tmp_path, *options)
    assert one.returncode == 0, one.stderr
    assert one.stdout == other.stdout
    assert [row[1] for row in table(one.stdout)] == [20, 35]
    assert run_example(tmp_path, *options[:-1], "4").stdout != one.stdout


def test_the_examples_rows_are_distinct(example):
    labeled, history = example.active_learning(example.core_set, rounds=2, budget=30, seed=0, device="cpu")
    assert len(labeled) == len(set(labeled)) == 80
    assert 0 <= min(labeled) and max(labeled) < 1797 - example.TEST_ROWS
    assert [labeled for labeled, _, _ in history] == [20, 50, 80]
    chance, _ = example.active_learning(example.at_random, rounds=2, budget=30, seed=0, device="cpu")
    assert len(set(chance)) == 80 and chance[:20] == labeled[:20] and chance != labeled


def test_labels_are_those_of_the_digits():
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    images, labels = np.load(ROOT / "data" / "digits.npy"), np.load(ROOT / "data" / "digits-labels.npy")
    np.testing.assert_array_equal(images, digits.data)
    np.testing.assert_array_equal(labels, digits.target)
    assert labels.dtype == np.uint8


def test_the_guides_snippets_run():
    names = {"__name__": "guide"}
    snippets = list(re.finditer(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE))
    assert len(snippets) == 4
    for snippet in snippets:
        line = GUIDE.read_text()[: snippet.start(1)].count("\n")
        exec(compile("\n" * line + snippet[1], str(GUIDE), "exec"), names)

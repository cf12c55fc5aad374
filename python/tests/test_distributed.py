"""`farpoint.distributed`, over gloo between real processes."""

from __future__ import annotations

import pickle
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import farpoint

pytest.importorskip("torch")

import farpoint.distributed  # noqa: E402 - it needs PyTorch

TESTS = Path(__file__).parent
ROOT = TESTS.parents[1]
#: No test of these may take longer.
LIMIT = 150.0


class Group:
    """Processes of a group, each of which runs the same scenarios, one after another."""

    def __init__(self, folder, size, *scenarios):
        self.folder, self.size = folder, size
        program = [sys.executable, str(TESTS / "ranks.py"), str(folder)]
        self.processes = [
            subprocess.Popen([*program, str(rank), str(size), *scenarios], stderr=subprocess.PIPE, text=True)
            for rank in range(size)
        ]

    def results(self, scenario, but=()):
        """What the scenario gave on each rank; of ranks that are to die nothing."""
        files = [self.folder / f"{scenario}-{rank}.pickle" for rank in range(self.size) if rank not in but]
        end = time.monotonic() + LIMIT
        while not all(file.exists() for file in files):
            assert time.monotonic() < end, "a rank hangs"
            for process in self.processes:
                assert process.poll() in (None, 0, -signal.SIGKILL), process.stderr.read()
            time.sleep(0.05)
        return [pickle.loads(file.read_bytes()) for file in files]

    def close(self):
        (self.folder / "over").touch()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stderr.close()


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Three ranks that run everything. In the last scenario one does not call, and would be one call behind from then on."""
    scenarios = ("equal", "statistics", "long", "empty", "subgroup", "disagree", "version", "late", "ticks")
    ends = ("interrupted_first", "interrupted_last", "absent")
    group = Group(tmp_path_factory.mktemp("three"), 3, *scenarios, *ends)
    yield group
    group.close()


def check_equal(group):
    assert group.results("equal") == [30] * group.size
    for centers, statistics in group.results("statistics"):
        assert len(centers) == 40
        assert statistics["rounds"] >= 1 and statistics["exchanges"] <= 2 * (statistics["rounds"] + 1)


def test_answers_of_three_ranks_are_those_of_one_process(three):
    check_equal(three)


@pytest.mark.parametrize("size", [2, 5])
def test_answers_are_those_of_one_process(tmp_path, size):
    group = Group(tmp_path, size, "equal", "statistics")
    try:
        check_equal(group)
    finally:
        group.close()


def test_messages_that_do_not_fit_a_frame(three):
    assert three.results("long") == [True, True, True]


def test_ranks_without_rows_and_groups_of_some_ranks(three):
    for is_equal, (kind, text, picks, _) in three.results("empty"):
        assert is_equal
        assert (kind, picks) == ("ValueError", None)
        assert text == "the pool is empty: none of the 3 ranks has a row"
    assert three.results("subgroup") == [None, True, True]


def test_ranks_that_disagree_are_named_on_every_rank(three):
    ends, host = three.results("disagree"), socket.gethostname()
    for name, (kind, text, picks, seconds) in ends[0].items():
        assert all(other[name][:3] == (kind, text, picks) for other in ends[1:]), name
        assert seconds < 20
    kinds = {name: kind for name, (kind, *_) in ends[0].items()}
    texts = {name: text for name, (_, text, *_) in ends[0].items()}
    assert kinds.pop("after all") == "selected"
    assert (kinds.pop("row"), kinds.pop("type of rows")) == ("IndexError", "TypeError")
    assert kinds.pop("timeout of rank 0") == "TypeError"
    assert set(kinds.values()) == {"ValueError"}
    assert texts["budget"] == f"ranks disagree on budget: rank 0 ({host}) has 40, rank 2 ({host}) 41"
    assert "number of dimensions: rank 0" in texts["dimensions"] and "rank 2" in texts["dimensions"]
    assert "'f32'" in texts["type"] and "'f64'" in texts["type"]
    for name in ("metric", "stop_radius", "first", "rows", "weights", "labeled", "resume"):
        assert texts[name].startswith("ranks disagree on ") and "rank 2" in texts[name], texts[name]
    assert texts["value"].startswith(f"rank 2 ({host}): ") and "finite" in texts["value"]
    assert texts["type of rows"].startswith(f"rank 2 ({host}): labeled has")
    assert texts["timeout"] == f"rank 2 ({host}): timeout -1 is not a number of seconds above 0"
    assert texts["timeout of rank 0"] == f"rank 0 ({host}): timeout is a number, not a str"
    assert all("\n" not in text for text in texts.values() if isinstance(text, str))


def test_another_version_is_refused_with_both(three):
    for kind, text, _, _ in three.results("version"):
        assert kind == "RuntimeError"
        assert farpoint.__version__ in text and "0.0.9" in text and "rank 2" in text


def test_a_late_rank_ends_the_run_by_name_and_not_the_group(three):
    for (kind, text, _, seconds), (after, picks, _, _) in three.results("late"):
        assert kind == "TimeoutError" and text.startswith("no answer from rank 1 (") and "within 1 s" in text
        assert seconds < 10
        assert (after, picks) == ("selected", 40)


def test_what_progress_raises_ends_all(three):
    for kind, text, picks, _ in three.results("ticks"):
        assert (kind, text) == ("RuntimeError", "enough")
        assert 100 < len(picks) < 2000


@pytest.mark.parametrize("scenario, which", [("interrupted_first", 0), ("interrupted_last", 2)])
def test_ctrl_c_on_one_rank_ends_all_and_keeps_the_picks(three, scenario, which):
    for rank, ((kind, text, picks, seconds), expected) in enumerate(three.results(scenario)):
        assert kind == ("KeyboardInterrupt" if rank == which else "RuntimeError")
        assert rank == which or text.startswith(f"rank {which} (") and text.endswith("was interrupted")
        assert seconds < 10
        assert 0 < len(picks) < 2000 and picks == expected[: len(picks)]


def test_a_rank_that_does_not_call_is_named(three):
    first, second, third = three.results("absent")
    assert third is None
    for kind, text, _, seconds in (first, second):
        assert kind == "TimeoutError" and text.startswith("no answer from rank 2 within 1 s")
        assert seconds < 10


def test_a_rank_that_is_killed_ends_all(tmp_path):
    group = Group(tmp_path, 3, "killed")
    try:
        for (kind, text, picks, seconds), expected in group.results("killed", but=[2]):
            assert kind == "RuntimeError" and "rank 2 (" in text and text.endswith("its process has ended")
            assert seconds < 15
            assert 0 < len(picks) < 2000 and picks == expected[: len(picks)]
    finally:
        group.close()


def test_the_example_of_a_training_loop_on_two_ranks(tmp_path):
    program = [sys.executable, str(ROOT / "examples" / "ddp_training_loop.py"), "--ranks", "2", "--epochs", "4"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=LIMIT, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["epoch", "rows", "radius", "accuracy"]
    assert [int(line[0]) for line in lines[1:]] == [1, 2, 3, 4]
    assert float(lines[-1][3].rstrip("%")) > 80

"""While a selection runs: progress, Ctrl-C, the interpreter's lock, threads, forks."""

import ast
import multiprocessing
import os
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import farpoint


@pytest.fixture(scope="module")
def large():
    """A selection of 3,000 takes some tenths of a second."""
    return np.random.default_rng(0).standard_normal((60_000, 96), dtype=np.float32)


# Progress


def test_progress_is_called_here_until_the_end(large):
    calls = []
    selection = farpoint.select(large, 3000, device="cpu", progress=lambda *told: calls.append((threading.get_ident(), *told)))
    threads, chosen, budgets, radii = zip(*calls, strict=True)
    assert set(threads) == {threading.get_ident()} and set(budgets) == {3000}
    assert list(chosen) == sorted(chosen) and chosen[-1] == 3000 and radii[-1] == selection.radius
    assert len(calls) > 2 and list(radii) == sorted(radii, reverse=True)


def test_progress_of_small_selections(pool):
    calls = []
    farpoint.select(pool, 9, device="cpu", progress=lambda *told: calls.append(told))
    assert calls[-1][:2] == (9, 9)
    calls.clear()
    stopped = farpoint.select(pool, 200, stop_radius=3.0, device="cpu", progress=lambda *told: calls.append(told))
    assert calls[-1] == (len(stopped), 200, stopped.radius)


def test_a_slow_callback_keeps_nothing_waiting(large):
    """The engine goes on while it is told: its own time has none of the callback's."""
    pool = large[:60_000]
    alone = min(farpoint.select(pool, 2000, device="cpu").seconds for _ in range(2))
    watched = farpoint.select(pool, 2000, device="cpu", progress=lambda *told: time.sleep(5 * alone + 0.5))
    assert watched.seconds < 3 * alone + 0.3


class Enough(Exception):
    pass


def test_progress_may_end_it(large):
    def tick(chosen, budget, radius):
        if chosen > 100:
            raise Enough(chosen)

    with pytest.raises(Enough) as raised:
        farpoint.select(large, 20_000, device="cpu", return_distances=True, progress=tick)
    selection = raised.value.selection
    k = len(selection)
    assert 100 < raised.value.args[0] <= k < 20_000
    assert selection.interrupted and len(selection.radii) == k - 1 and selection.min_distance is None
    assert "interrupted" in repr(selection)
    whole = farpoint.select(large, k, device="cpu")
    np.testing.assert_array_equal(selection.centers, whole.centers)
    np.testing.assert_array_equal(selection.radii, whole.radii[:-1])


def test_progress_may_raise_at_the_end(pool):
    def tick(chosen, budget, radius):
        if chosen == budget:
            raise Enough

    with pytest.raises(Enough) as raised:
        farpoint.select(pool, 9, device="cpu", progress=tick)
    assert raised.value.selection.centers.tolist() == farpoint.select(pool, 9).centers.tolist()


def test_a_bar(pool, monkeypatch):
    auto = pytest.importorskip("tqdm.auto")
    bars = []

    class Bar(auto.tqdm):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **{**options, "file": open(os.devnull, "w")})
            bars.append(self)

        def close(self):
            self.closed = True
            super().close()

    monkeypatch.setattr(auto, "tqdm", Bar)
    selection = farpoint.select(pool, 9, progress=True)
    assert len(selection) == 9
    (bar,) = bars
    assert (bar.n, bar.total, bar.closed) == (9, 9, True)


def test_no_bar_without_tqdm(pool, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert len(farpoint.select(pool, 9, progress=True)) == 9
    (warning,) = caught
    assert "install tqdm" in str(warning.message) and Path(warning.filename) == Path(__file__)


def test_no_progress(pool):
    assert len(farpoint.select(pool, 9, progress=False)) == 9


# Ctrl-C

SCRIPT = Path(__file__).with_name("interruptions.py")
HELPERS = {"fire", "interrupted", "middle", "check_prefix"}
CASES = [
    node.name
    for node in ast.parse(SCRIPT.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and node.name not in HELPERS
]


@pytest.mark.parametrize("case", CASES)
def test_an_interrupt_is_raised_soon(run_script, case, record_property):
    milliseconds = float(run_script(SCRIPT, case))
    record_property("milliseconds", milliseconds)
    print(f"{case}: {milliseconds} ms")
    # A robust search ends the step it is in, a reader its block; before a search there is nothing to end but passes.
    most = {"robust_while_it_searches": 2000, "robust_in_a_pass_over_the_pool": 1000, "reading_an_array_in_a_file": 500}
    assert milliseconds < most.get(case, 100)


# Threads


def test_the_interpreter_goes_on(large):
    counted, is_over = 0, False

    def count():
        nonlocal counted
        while not is_over:
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    started = time.perf_counter()
    farpoint.select(large, 3000, device="cpu", threads=1)
    seconds = time.perf_counter() - started
    during, is_over = counted, True
    thread.join()
    assert during > 50 * seconds, (during, seconds)


TOO_MANY = """
import numpy as np, farpoint
pool = np.random.default_rng(0).standard_normal((2000, 64), dtype=np.float32)
few = farpoint.select(pool, 2, device="cpu", threads=1)
for call in (lambda: farpoint.select(pool, 300, device="cpu"), lambda: farpoint.verify(pool, few), lambda: farpoint.plan(pool, 3)):
    try:
        call()
    except RuntimeError as error:
        print(error)
"""


def test_threads_that_cannot_be_started_are_no_wrong_value(run_apart):
    """They ask for more stack than there is address space."""
    lines = run_apart(TOO_MANY, RUST_MIN_STACK="1000000000000000000").splitlines()
    assert len(lines) == 3, lines
    assert lines[0].startswith("one thread a core cannot be started: ") and "ask for fewer threads" in lines[0]
    assert all("cannot be started" in line and "(ulimit -u, or pids.max of the control group)" in line for line in lines)


@pytest.mark.parametrize("is_shared", [True, False])
def test_many_at_once(is_shared):
    pools = [
        np.random.default_rng(0 if is_shared else number).standard_normal((3000, 24), dtype=np.float32) for number in range(6)
    ]
    if is_shared:
        pools = pools[:1] * 6
    expected = [farpoint.select(pool, 200, device="cpu", return_assignment=True) for pool in pools]
    answers = [None] * 6

    def work(number):
        answers[number] = [farpoint.select(pools[number], 200, device="cpu", return_assignment=True) for _ in range(3)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for several, one in zip(answers, expected, strict=True):
        for answer in several:
            np.testing.assert_array_equal(answer.centers, one.centers)
            np.testing.assert_array_equal(answer.radii, one.radii)
            np.testing.assert_array_equal(answer.assignment, one.assignment)


def tasks():
    return len(os.listdir("/proc/self/task"))


@pytest.mark.parametrize("how", ["quick", "watched", "ended early", "robust", "verify"])
def test_no_thread_stays(pool, large, how):
    def tick(*told):
        raise Enough

    calls = {
        "quick": lambda: farpoint.select(pool, 9, device="cpu", threads=3),
        "watched": lambda: farpoint.select(large, 2000, device="cpu", threads=3),
        "ended early": lambda: pytest.raises(Enough, farpoint.select, large, 2000, device="cpu", threads=3, progress=tick),
        "robust": lambda: farpoint.robust(pool, 3, candidates="greedy", device="cpu", threads=3),
        "verify": lambda: farpoint.verify(pool, farpoint.select(pool, 9), threads=3),
    }
    before = tasks()
    calls[how]()
    deadline = time.monotonic() + 2
    while tasks() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert tasks() <= before


# Forks


def picks(seed):
    pool = np.random.default_rng(seed).standard_normal((2000, 40), dtype=np.float32)
    return farpoint.select(pool, 100, device="cpu").centers.tolist()


def forked(work):
    """Whether `work` is true in a forked child."""
    with warnings.catch_warnings():
        # Newer Pythons warn of a fork beside threads, such as a test's own.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if work() else 2
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_fork_after_a_selection(large):
    expected, more = picks(1), farpoint.select(large, 500, device="cpu").centers.tolist()
    assert forked(lambda: picks(1) == expected)
    assert forked(lambda: farpoint.select(large, 500, device="cpu").centers.tolist() == more)
    assert forked(lambda: forked(lambda: picks(1) == expected))
    assert not forked(lambda: picks(2) == expected)
    assert picks(1) == expected


def test_a_fork_while_another_thread_selects(large):
    expected = picks(1)
    thread = threading.Thread(target=farpoint.select, args=(large, 3000), kwargs={"device": "cpu"})
    thread.start()
    time.sleep(0.05)
    try:
        assert forked(lambda: picks(1) == expected)
    finally:
        thread.join()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_pool_of_forked_processes():
    expected = [picks(seed) for seed in range(4)]
    with multiprocessing.get_context("fork").Pool(2) as processes:
        assert processes.map(picks, range(4)) == expected


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_workers_of_a_data_loader():
    data = pytest.importorskip("torch.utils.data")

    class Picks(data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, seed):
            return np.array(picks(seed))

    batches = list(data.DataLoader(Picks(), batch_size=2, num_workers=2, timeout=60))
    assert [row.tolist() for batch in batches for row in batch] == [picks(seed) for seed in range(4)]

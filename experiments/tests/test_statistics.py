"""Statistics of curves, against values computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from farpoint_experiments import statistics as told


def record(strategy: str, seed: int, labeled: int, accuracy: float) -> dict:
    return {"strategy": strategy, "seed": seed, "round": 0, "labeled": labeled, "accuracy": accuracy}


def run(by_strategy: dict[str, dict[int, list[float]]], points: tuple[int, ...] = (10, 20, 40)) -> list[dict]:
    """Lines of a run; each list begins with the start's accuracy."""
    lines = []
    for strategy, seeds in by_strategy.items():
        for seed, values in seeds.items():
            lines.append(record(told.START, seed, points[0], values[0]))
            lines += [record(strategy, seed, labeled, value) for labeled, value in zip(points[1:], values[1:])]
    return lines


def test_a_curve_begins_at_the_start_its_seeds_share() -> None:
    lines = [record("start", 0, 10, 0.5), record("start", 1, 10, 0.7), record("random", 1, 20, 0.9)]
    curve = told.curves(lines)["random"]
    assert curve.labeled == (10, 20) and curve.seeds == (1,)
    assert curve.accuracy.tolist() == [[0.7, 0.9]]


def test_a_start_alone_is_no_curve() -> None:
    assert told.curves([record("start", 0, 10, 0.5)]) == {}


def test_mean_and_deviation_over_the_seeds_that_have_a_point() -> None:
    curve = told.curves(run({"random": {0: [0.5, 0.6, 0.9], 1: [0.7, 0.8]}}))["random"]
    assert curve.mean == pytest.approx([0.6, 0.7, 0.9])
    # Two values at a distance of 0.2: the deviation with n - 1 is 0.2 / sqrt(2).
    assert curve.deviation[:2] == pytest.approx([0.2 / math.sqrt(2)] * 2)
    assert math.isnan(curve.deviation[2])


def test_the_area_is_a_mean_over_the_range_of_labels() -> None:
    # Trapezoids 10 * 0.6 and 20 * 0.8, over 30.
    assert told.area((10, 20, 40), (0.5, 0.7, 0.9)) == pytest.approx(22 / 30)
    assert told.area((10, 20, 40), (0.8, 0.8, 0.8)) == pytest.approx(0.8)
    assert math.isnan(told.area((10,), (0.5,)))
    assert math.isnan(told.area((10, 20), (0.5, math.nan)))


def test_the_interval_is_students_t_of_the_pairs() -> None:
    interval = told.paired({0: 0.53, 1: 0.64, 2: 0.75}, {0: 0.51, 1: 0.60, 2: 0.69})
    # Differences 0.02, 0.04, 0.06: mean 0.04, deviation 0.02; t of 2 degrees at 97.5 % is 4.30265.
    half = 4.302652729911275 * 0.02 / math.sqrt(3)
    assert (interval.mean, interval.low, interval.high) == pytest.approx((0.04, 0.04 - half, 0.04 + half))
    assert (interval.pairs, interval.left_out) == (3, 0)


def test_pairing_is_by_seed_and_not_by_place() -> None:
    interval = told.paired({1: 0.9, 0: 0.5}, {0: 0.4, 1: 0.8})
    assert (interval.mean, interval.low, interval.high) == pytest.approx((0.1, 0.1, 0.1))


def test_seeds_that_one_side_lacks_are_left_out_and_counted() -> None:
    interval = told.paired({0: 0.5, 1: 0.6, 4: 0.1}, {0: 0.4, 1: 0.6, 3: 0.9})
    assert interval.mean == pytest.approx(0.05)
    assert (interval.pairs, interval.left_out) == (2, 2)


def test_one_seed_has_no_interval() -> None:
    interval = told.paired({0: 0.5}, {0: 0.4})
    assert interval.mean == pytest.approx(0.1) and math.isnan(interval.low) and math.isnan(interval.high)
    assert told.verdict(interval) == "not told apart with 1 seed"


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.001, 0.03, "better"),
        (-0.03, -0.001, "worse"),
        (-0.004, 0.005, "level"),
        (-0.004, 0.0051, "not told apart with 5 seeds"),
        (-0.0051, 0.004, "not told apart with 5 seeds"),
        (0.0, 0.02, "not told apart with 5 seeds"),
        (math.nan, math.nan, "not told apart with 5 seeds"),
    ],
)
def test_verdicts(low: float, high: float, word: str) -> None:
    assert told.verdict(told.Interval((low + high) / 2, low, high, 5, 0)) == word


def test_a_comparison_of_whole_curves() -> None:
    by_strategy = {
        "random": {0: [0.5, 0.6, 0.7], 1: [0.6, 0.7, 0.8]},
        "k-center": {0: [0.5, 0.7, 0.8], 1: [0.6, 0.8, 0.9]},
    }
    known = told.curves(run(by_strategy))
    compared = told.compare(known["k-center"], known["random"])
    assert compared.labeled == (10, 20, 40)
    assert [point.mean for point in compared.points] == pytest.approx([0, 0.1, 0.1])
    # The curves differ by 0, 0.1, 0.1 at 10, 20, 40: (0.5 + 2) / 30 in both seeds, so no spread.
    assert (compared.area.mean, compared.area.low, compared.area.pairs) == pytest.approx((2.5 / 30, 2.5 / 30, 2))
    assert compared.verdict == "better"
    # Means end at 0.85 and 0.75; k-center has 0.75 at 20.
    assert compared.saved is not None
    assert (compared.saved.accuracy, compared.saved.strategy_labels, compared.saved.random_labels) == pytest.approx(
        (0.75, 20, 40)
    )
    assert compared.saved.labels == pytest.approx(20)


def test_labels_lost_are_negative() -> None:
    known = told.curves(run({"random": {0: [0.5, 0.7, 0.9]}, "k-center": {0: [0.5, 0.6, 0.8]}}))
    saved = told.compare(known["k-center"], known["random"]).saved
    # Random has 0.8 half way from 20 to 40.
    assert saved is not None and saved.labels == pytest.approx(30 - 40)


def test_an_unfinished_seed_counts_where_it_is_and_not_in_the_area() -> None:
    by_strategy = {
        "random": {0: [0.5, 0.6, 0.7], 1: [0.6, 0.7, 0.8], 2: [0.6, 0.7]},
        "k-center": {0: [0.5, 0.7, 0.8], 1: [0.6, 0.8], 3: [0.4, 0.5, 0.6]},
    }
    known = told.curves(run(by_strategy))
    compared = told.compare(known["k-center"], known["random"])
    assert [point.pairs for point in compared.points] == [2, 2, 1]
    assert [point.left_out for point in compared.points] == [2, 2, 2]
    assert (compared.area.pairs, compared.area.left_out) == (1, 3)


def test_points_that_no_seed_has_of_both_are_not_compared() -> None:
    known = told.curves(run({"random": {0: [0.5, 0.6, 0.7]}, "k-center": {0: [0.5, 0.7]}}))
    compared = told.compare(known["k-center"], known["random"])
    assert compared.labeled == (10, 20)
    assert compared.area.mean == pytest.approx(0.05)


def test_no_seed_of_both_compares_nothing() -> None:
    known = told.curves(run({"random": {0: [0.5, 0.6, 0.7]}, "k-center": {1: [0.5, 0.7, 0.8]}}))
    compared = told.compare(known["k-center"], known["random"])
    assert compared.labeled == () and compared.points == () and compared.saved is None
    assert (compared.area.pairs, compared.area.left_out) == (0, 2)
    assert compared.verdict == "not told apart with 0 seeds"


def test_the_first_of_several_crossings_counts() -> None:
    assert told.first_reaching((10, 20, 30, 40), (0.5, 0.7, 0.6, 0.9), 0.6) == pytest.approx(15)
    assert told.first_reaching((10, 20), (0.5, 0.7), 0.4) == 10
    assert math.isnan(told.first_reaching((10, 20), (0.5, 0.7), 0.8))


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    draws = np.random.default_rng(18).normal(0.01, 0.02, size=(2000, 5))
    held = [abs(np.mean(row) - 0.01) <= told.half_width(list(row)) for row in draws]
    assert 0.935 < np.mean(held) < 0.965

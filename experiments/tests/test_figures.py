"""The figures' numbers, against values computed by hand; each command end to end on digits."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from farpoint_experiments import __main__ as program
from farpoint_experiments import config as configs
from farpoint_experiments.figures import add_commands, bound, figure5, figure6, options, table1, theorem

TOML = """
title = "Digits"
dataset = "digits"
model = "mlp"
initial = 30
budget = 10
queries = 1
seeds = [0, 1]
strategies = ["random", "k-center"]
[training]
max_epochs = 3
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "digits.toml"
    path.write_text(TOML)
    return path


def command(*words: object) -> None:
    """One command, as the program runs it."""
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True))
    given = parser.parse_args([str(word) for word in words])
    given.command(given)


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


# Theorem 1.


def test_the_loss_is_the_distance_to_the_label() -> None:
    probabilities = np.array([[1.0, 0.0], [1.0, 0.0], [0.6, 0.4]], np.float32)
    assert theorem.loss(probabilities, np.array([0, 1, 0])) == pytest.approx(
        [0, theorem.LOSS_BOUND, 0.4 * math.sqrt(2)], rel=1e-6
    )
    assert probabilities[0].tolist() == [1, 0]


def test_no_loss_changes_faster_than_its_constant() -> None:
    generator = np.random.default_rng(1)
    head = generator.normal(size=(5, 8))
    constant = theorem.loss_lipschitz(head)
    assert constant == pytest.approx(np.linalg.svd(head)[1][0] / 2)
    rows = generator.normal(size=(4_000, 8))
    near = rows + 0.01 * generator.normal(size=rows.shape)
    losses = []
    for x in (rows, near):
        odds = np.exp(x @ head.T)
        losses.append(theorem.loss(odds / odds.sum(axis=1, keepdims=True), np.zeros(len(x), int)))
    speeds = np.abs(losses[0] - losses[1]) / np.linalg.norm(rows - near, axis=1)
    assert 0.2 * constant < speeds.max() <= constant


# Bound, from a run's results.


def record(strategy: str, number: int, picks: list[int], **details: Any) -> dict[str, Any]:
    return {
        "strategy": strategy,
        "seed": 0,
        "round": number,
        "labeled": 2 + 2 * number,
        "accuracy": 0.5,
        "picks": picks,
        "details": details,
    }


def test_labeled_rows_pile_up_round_by_round() -> None:
    records = [
        record("start", 0, [5, 3]),
        record("k-center", 2, [9, 8]),
        record("k-center", 1, [1, 0]),
        record("random", 1, [7, 6]),
    ]
    found = bound.labeled_rows(records, ["k-center"], [0])
    assert {key: rows.tolist() for key, rows in found.items()} == {
        ("start", 0, 2): [5, 3],
        ("k-center", 0, 4): [5, 3, 1, 0],
        ("k-center", 0, 6): [5, 3, 1, 0, 9, 8],
    }


def test_what_the_run_lacks_is_said() -> None:
    records = [record("start", 0, [5, 3]), record("ceal", 1, [1, 0], trusted="trusted/ceal-0-1.json")]
    with pytest.raises(ValueError, match="no round 0 of seed 4"):
        bound.labeled_rows(records, ["ceal"], [4])
    with pytest.raises(ValueError, match="no rounds of 'k-center' with seed 0"):
        bound.labeled_rows(records, ["k-center"], [0])
    with pytest.raises(ValueError, match="ceal trains on labels that it gives itself"):
        bound.labeled_rows(records, ["ceal"], [0])


def test_the_rank_correlation() -> None:
    lines = [{"radius": radius, "gap": gap} for radius, gap in ((1.0, 5.0), (2.0, 6.0), (30.0, 8.0), (4.0, 7.0))]
    assert bound.rank_correlation(lines, "radius", "gap") == pytest.approx(1)
    lines[0]["gap"] = 9.0
    # Ranks 0 1 3 2 and 3 0 2 1: their differences squared sum to 12, so 1 - 6 * 12 / (4 * 15).
    assert bound.rank_correlation(lines, "radius", "gap") == pytest.approx(-0.2)


def test_bound_end_to_end_and_again(tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, out = tmp_path / "run", tmp_path / "out"
    run.mkdir()
    (run / "run.json").write_text(json.dumps({"config": configs.as_table(configs.read(config))}))
    first, picks = list(range(30)), {"random": list(range(40, 50)), "k-center": list(range(60, 70))}
    records = [record("start", 0, first)] + [record(name, 1, rows) for name, rows in picks.items()]
    (run / "rounds.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    for _ in range(2):
        command("bound", run, "--out", out)
    lines = lines_of(out / "bound.jsonl")
    assert [line["strategy"] for line in lines] == ["start", "random", "k-center"]
    for line in lines:
        chance = theorem.LOSS_BOUND * math.sqrt(math.log(20) / (2 * 1297))
        assert line["bound"] == pytest.approx(line["radius"] * line["loss_lipschitz"] + chance)
        assert line["gap"] == pytest.approx(abs(line["pool_loss"] - line["labeled_loss"]))
        assert 0 < line["gap"] <= line["least_bound"] <= line["bound"]
    other = config.with_name("other.toml")
    other.write_text(TOML.replace("max_epochs = 3", "max_epochs = 2"))
    (run / "run.json").write_text(json.dumps({"config": configs.as_table(configs.read(other))}))
    with pytest.raises(ValueError, match="bound.jsonl, line 1 is of a run of another config: give another --out"):
        command("bound", run, "--out", out)
    said = capsys.readouterr().out
    assert "3 trainings" in said and "times the gap" in said
    assert "| k-center | 0 | 4 |" in (out / "bound.md").read_text()
    assert (out / "bound.png").stat().st_size > 1_000 and "<svg" in (out / "bound.svg").read_text()


def test_a_round_with_other_rows_is_another_measurement(tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = dict.fromkeys(("radius", "pool_loss", "labeled_loss", "gap", "bound", "least_bound", "loss_lipschitz"), 1.0)
    monkeypatch.setattr(bound, "measured", lambda *_: {**told, "pool_accuracy": 1.0, "labeled_accuracy": 1.0})
    out = tmp_path / "out"
    for picks in ([40, 41], [41, 40], [50, 51]):
        run = tmp_path / "run"
        run.mkdir(exist_ok=True)
        (run / "run.json").write_text(json.dumps({"config": configs.as_table(configs.read(config))}))
        records = [record("start", 0, list(range(30))), record("random", 1, picks)]
        (run / "rounds.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
        command("bound", run, "--out", out, "--strategies", "random")
    assert [line["strategy"] for line in lines_of(out / "bound.jsonl")] == ["start", "random", "random"]


@pytest.mark.parametrize("gamma", [0, 2, -1, "nan"])
def test_probabilities_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str], gamma: object) -> None:
    assert program.main(["bound", str(tmp_path), "--out", str(tmp_path), f"--gamma={gamma}"]) == 1
    assert capsys.readouterr().err == f"error: --gamma {gamma}: a probability above 0 and below 1\n"


# Figure 6.


def test_what_is_another_measurement(config: Path) -> None:
    read = configs.read(config)
    others = [
        configs.read(config, [setting]) for setting in ("training.max_epochs=4", "data.folder=x", "pool=900", "model=cnn_small")
    ]
    asked = [figure6.asked_for(one, one.load() if not one.data else read.load(), 0, 0.002, None) for one in (read, *others)]
    asked += [figure6.asked_for(read, read.load(), 0, 0.002, 5.0), figure6.asked_for(read, read.load(), 1, 0.002, None)]
    assert len({tuple(one.values()) for one in asked}) == len(asked)
    assert asked[0] == figure6.asked_for(configs.read(config, ["title=t", "seeds=[0]"]), read.load(), 0, 0.002, None)


def test_lines_of_other_trainings_are_no_seeds_of_one_place() -> None:
    line = {"dataset": "d", "model": "mlp", "features": "penultimate", "n": 100, "initial": 30, "budget": 5, "outliers": 0}
    lines = [{**line, "seed": seed, "time_limit": None, "config": config} for config in "ab" for seed in (0, 1)]
    assert [len(group) for group in figure6.grouped(lines).values()] == [2, 2]
    assert [*figure6.grouped(lines[:2])] == ["d\n30 + 5"]


def test_a_training_that_diverges_is_one_line(tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["seeds=[0]", "training.learning_rate=1e30", "training.optimizer=sgd"]
    words = [
        "figure6",
        config,
        "--out",
        tmp_path / "out",
        "--sizes",
        "30+5",
        *(word for one in settings for word in ("--set", one)),
    ]
    assert program.main([str(word) for word in words]) == 1
    error = capsys.readouterr().err
    assert (
        error.startswith("error: the loss is ") and error.endswith("a lower learning_rate may help\n") and error.count("\n") == 1
    )


def test_sizes() -> None:
    assert figure6.parsed("1000+5000") == (1000, 5000)
    for wrong in ("1000", "+5", "5+", "a+b", "-1+5"):
        with pytest.raises(ValueError, match="labeled rows"):
            figure6.parsed(wrong)


def test_the_radius_but_outliers() -> None:
    distances = np.array([3.0, 1.0, 9.0, 4.0])
    assert [figure6.radius_but(distances, left_out) for left_out in range(3)] == [9, 4, 3]


def test_robust_leaves_out_what_greedy_takes() -> None:
    # docs/robust.md: greedy takes 100 and leaves -100; with one outlier the best radius is 0.1.
    line = np.array([[0.0], [0.1], [100.0], [-100.0]], np.float32)
    told, picks = figure6.selections(line, np.array([0]), budget=1, outliers=1)
    assert picks["greedy"].tolist() == [2]
    assert (told["radius_before"], told["greedy_radius"]) == (100, 100)
    assert told["greedy_radius_but_outliers"] == pytest.approx(0.1)
    assert told["upper"] == pytest.approx(0.1) and told["optimal"] and told["gap"] == 0


def test_the_gain_is_paired_by_seed() -> None:
    lines = [
        {"seed": seed, "accuracy": {"greedy": greedy, "robust": robust}}
        for seed, greedy, robust in ((0, 0.5, 0.6), (1, 0.8, 0.9))
    ]
    told = figure6.gain(lines)
    assert (told.mean, told.low, told.high, told.pairs) == pytest.approx((0.1, 0.1, 0.1, 2))


def test_figure6_end_to_end_and_again(tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    for sizes in (["30+5"], ["30+5", "40+5"]):
        command(
            "figure6", config, "--out", out, "--sizes", *sizes, "--outliers", "0.002", "--time-limit", 2, "--set", "seeds=[0]"
        )
    lines = lines_of(out / "figure6.jsonl")
    assert [(line["initial"], line["budget"], line["outliers"], line["n"]) for line in lines] == [
        (30, 5, 3, 1297),
        (40, 5, 3, 1297),
    ]
    for line in lines:
        assert line["lower"] <= line["upper"] <= line["greedy_radius"] <= line["radius_before"]
        assert line["shared"] == len({*line["picks"]["greedy"]} & {*line["picks"]["robust"]}) / 5
        assert {*line["accuracy"]} == {"start", "greedy", "robust"} and line["machine"]
    assert "40 + 5, seed 0: greedy" in capsys.readouterr().out
    assert (out / "figure6.png").exists() and (out / "figure6.svg").exists()


# Table 1.


def test_table1_end_to_end(tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    command("table1", config, "--out", out, "--pool", 0, "--initial", 40, "--budget", 5, "--threads", 1)
    (line,) = lines_of(out / "table1.jsonl")
    assert (line["n"], line["initial"], line["budget"], line["outliers"], line["threads"]) == (1297, 40, 5, 0, 1)
    for times in (line["greedy"], line["robust"]):
        assert times["wall_seconds"] > 0 and times["processor_seconds"] > 0
    assert line["robust"]["lower"] <= line["robust"]["upper"] <= line["greedy"]["radius"]
    assert f"| digits | 1,297 x {line['dimensions']} | 40 + 5 | 0 |" in capsys.readouterr().out
    assert (out / "table1.md").read_text().count("\n") == 3


def test_a_row_of_the_table_says_what_is_proven() -> None:
    times = {"wall_seconds": 1.234, "processor_seconds": 2.5}
    line = {
        "dataset": "d",
        "n": 10,
        "dimensions": 2,
        "initial": 3,
        "budget": 4,
        "outliers": 1,
        "machine": "m",
        "greedy": {**times, "radius": 2.0},
    }
    robust = {**times, "lower": 0.99, "upper": 1.0, "optimal": False}
    assert (
        table1.table([{**line, "robust": robust}]).splitlines()[-1]
        == "| d | 10 x 2 | 3 + 4 | 1 | 1.23 | 2.5 | 1.23 | 2.5 | 0.5000 | within 1 % | m |"
    )
    assert "| optimal |" in table1.table([{**line, "robust": {**robust, "lower": 1.0, "optimal": True}}])


# Figure 5.


def test_the_map_has_all_rows_that_are_needed() -> None:
    needed = [np.array([90, 3]), np.array([3, 50])]
    shown = figure5.on_the_map(100, needed, 20)
    assert len(shown) == 20 and {3, 50, 90} <= {*shown.tolist()} and (np.diff(shown) > 0).all()
    assert shown.tolist() == figure5.on_the_map(100, needed, 20).tolist()
    assert figure5.on_the_map(100, needed, 2).tolist() == [3, 50, 90]
    assert len(figure5.on_the_map(100, needed, 0)) == len(figure5.on_the_map(100, needed, 500)) == 100


def test_a_map_keeps_groups_together_and_is_the_same_again() -> None:
    generator = np.random.default_rng(2)
    groups = np.concatenate([generator.normal(centre, 0.1, size=(40, 5)) for centre in (0.0, 20.0)]).astype(np.float32)
    places = figure5.mapped(groups)
    near, far = (np.linalg.norm(places[:40] - other.mean(axis=0), axis=1).mean() for other in (places[:40], places[40:]))
    assert places.shape == (80, 2) and near < far / 2
    assert np.array_equal(places, figure5.mapped(groups))


def test_figure5_end_to_end(tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figure5, "mapped", lambda embeddings: embeddings[:, :2])
    out = tmp_path / "out"
    command("figure5", config, "--out", out, "--rows", 100, "--seed", 1)
    told = json.loads((out / "figure5.json").read_text())
    assert [*told["picks"]] == ["max-entropy", "k-center"] and [len(rows) for rows in told["picks"].values()] == [10, 10]
    assert len(told["initial"]) == 30 and len(told["rows"]) == len(told["places"]) == 100
    for rows in told["picks"].values():
        assert not {*rows} & {*told["initial"]} and {*rows} <= {*told["rows"]}
    picture = (out / "figure5.svg").read_text()
    for word in ("max-entropy", "k-center", "100 rows of the pool", "30 labeled at first", "10 picked"):
        assert word in picture
    assert (out / "figure5.png").stat().st_size > 1_000


def test_a_config_that_is_wrong_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text(TOML + 'nonsense = "x"\n')
    with pytest.raises(ValueError, match="nonsense"):
        options.config_of(argparse.Namespace(config=tmp_path / "wrong.toml", set=[], out=tmp_path / "out"))

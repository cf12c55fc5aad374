"""Whole experiments on digits: rounds, resuming, processes, results that were cut off or damaged."""

import json

import numpy as np
import pytest

import farpoint
from farpoint.learning import strategy
from farpoint_experiments import __main__ as program
from farpoint_experiments import config as configs
from farpoint_experiments.jobs import Failed, jobs, minutes, run_all
from farpoint_experiments.results import Results
from farpoint_experiments.rounds import Seed, run, start_line

TABLE = {
    "title": "tiny",
    "dataset": "digits",
    "model": "mlp",
    "pool": 300,
    "initial": 20,
    "budget": 10,
    "queries": 2,
    "seeds": [0, 1],
    "strategies": ["random", "k-center"],
    "training": {"max_epochs": 3},
}
TIMES = {"train_seconds", "inputs_seconds", "select_seconds"}


def config(**changes):
    return configs.parsed({**TABLE, **changes}, "tiny")


def lines(results, but=TIMES):
    """All rounds without their times, in an order that does not depend on which was done first."""
    told = [{key: value for key, value in line.items() if key not in but} for line in results.rounds()]
    return sorted(told, key=lambda line: (line["seed"], line["strategy"], line["round"]))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    results = Results(tmp_path_factory.mktemp("whole"))
    run_all(config(), results, processes=1)
    return results


def test_all_rounds_are_there_and_strategies_share_the_start(whole):
    told = lines(whole)
    assert [(line["seed"], line["strategy"], line["round"]) for line in told] == [
        (seed, *rest)
        for seed in (0, 1)
        for rest in [("k-center", 1), ("k-center", 2), ("random", 1), ("random", 2), ("start", 0)]
    ]
    for seed in (0, 1):
        for name in ("random", "k-center"):
            picks = [line["picks"] for line in told if line["seed"] == seed and line["strategy"] in ("start", name)]
            rows = sum(picks, [])
            assert len(rows) == len(set(rows)) == 40
    assert [line["labeled"] for line in told][:5] == [30, 40, 30, 40, 20]
    assert all(sum(line["class_counts"]) == len(line["picks"]) for line in told)


def test_a_round_is_what_the_strategy_says_of_the_network_before(whole):
    small = config()
    seed = Seed(small, small.load(), 0)
    embeddings = seed.start.inputs({"embeddings"})["embeddings"]
    first = next(line for line in lines(whole) if line["strategy"] == "k-center" and line["seed"] == 0)
    engine = farpoint.select(embeddings, 10, labeled=seed.first_rows())
    assert first["picks"] == engine.centers.tolist()
    assert (first["radius_before"], first["radius"]) == (engine.initial_radius, engine.radius)


def test_any_number_of_processes_gives_the_same_lines(whole, tmp_path):
    results = Results(tmp_path)
    run_all(config(), results, processes=2)
    assert lines(results) == lines(whole)


def test_a_run_that_was_cut_off_goes_on_to_the_same_end(whole, tmp_path):
    results = Results(tmp_path)
    kept = whole.journal.path.read_bytes().splitlines(keepends=True)[:4]
    (tmp_path / "rounds.jsonl").write_bytes(b"".join(kept) + b'{"strategy":"k-cen')
    assert len(kept) == 4
    with pytest.warns(UserWarning, match="last line was cut off"):
        run_all(config(), results, processes=1)
    assert lines(results) == lines(whole)
    assert jobs(config(), results, results.rounds()) == []


def test_ceal_goes_on_with_the_rows_it_trusts(tmp_path):
    trusting = config(strategies=[{"name": "ceal", "threshold": 3.0}], seeds=[0])
    whole, cut = Results(tmp_path / "whole"), Results(tmp_path / "cut")
    run_all(trusting, whole, processes=1)
    line = next(line for line in whole.rounds() if line["round"] == 1)
    trusted = json.loads((whole.folder / line["details"]["trusted"]).read_text())
    assert len(trusted["rows"]) == 270 and not set(trusted["rows"]) & set(line["picks"])
    cut.begin(trusting)
    for line in whole.rounds()[:2]:
        cut.add(whole.whole(line))
    run_all(trusting, cut, processes=1)
    assert lines(cut) == lines(whole)


def test_certificates_of_robust_selections_are_kept(tmp_path):
    results = Results(tmp_path)
    run_all(config(strategies=["robust-k-center"], seeds=[0], queries=1, pool=120), results, processes=1)
    details = results.rounds()[-1]["details"]
    assert details["lower"] <= results.rounds()[-1]["radius"] <= details["greedy_radius"]
    assert json.loads((tmp_path / details["certificate"]).read_text())


def test_more_seeds_strategies_and_queries_are_added(whole, tmp_path):
    results = Results(tmp_path)
    run_all(config(seeds=[0], strategies=["random"], queries=1), results, processes=1)
    run_all(config(), results, processes=1)
    assert lines(results) == lines(whole)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"budget": 11}, "differs in budget"),
        ({"training": {"max_epochs": 4}}, "differs in training"),
        ({"strategies": [{"name": "k-center", "metric": "cosine"}]}, "differs in strategy 'k-center'"),
    ],
)
def test_another_config_does_not_go_on_with_these_results(whole, changes, message):
    with pytest.raises(ValueError, match=message):
        whole.begin(config(**changes))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"not json\n", "line 1: no JSON"), (b'{"seed":0}\n', "line 1 has no strategy")],
)
def test_damaged_results_are_named_and_left(tmp_path, content, message):
    (tmp_path / "rounds.jsonl").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        run_all(config(), Results(tmp_path))
    assert (tmp_path / "rounds.jsonl").read_bytes() == content


def written(whole, folder, edit):
    """A folder with the run and its edited lines: (strategy, seed, round) by place are start 0, random 1 and 2, k-center 1 and 2 of 0."""
    told = whole.rounds()[:5]
    assert [(line["strategy"], line["seed"], line["round"]) for line in told[1:3]] == [("random", 0, 1), ("random", 0, 2)]
    (folder / "rounds.jsonl").write_text("".join(json.dumps(line) + "\n" for line in edit(told)))
    return Results(folder)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda told: [*told, told[1]], r"rounds.jsonl, line 6 is random, seed 0, round 1, which line 2 is already"),
        (lambda told: [told[0], *told[2:]], r"line 2 is random, seed 0, round 2, and round 1 is not there"),
        (lambda told: [told[0], {**told[1], "labeled": 40}], r"line 2 is random, .* with 40 labels, not 20 [+] 1 x 10"),
        (lambda told: [{**told[0], "seed": "0"}], "line 1 has no seed"),
        (lambda told: [told[0], {**told[1], "round": True}], "line 2 has no round"),
        *(
            (lambda told, key=key: [{name: one for name, one in line.items() if name != key} for line in told], f"has no {key}")
            for key in ("details", "labeled", "picks")
        ),
    ],
)
def test_rounds_that_cannot_be_gone_on_with(whole, tmp_path, edit, message):
    results = written(whole, tmp_path, edit)
    before = results.journal.path.read_bytes()
    with pytest.raises(ValueError, match=message):
        run_all(config(), results)
    assert results.journal.path.read_bytes() == before


def test_rounds_are_known_by_their_number_and_not_by_their_place(whole, tmp_path):
    results = written(whole, tmp_path, lambda told: [told[2], told[1], told[0]])
    left = jobs(config(seeds=[0], strategies=["random"], queries=3), results, results.rounds())
    assert [(seed, label, [line["round"] for line in own]) for seed, label, own in left] == [(0, "random", [1, 2])]


def line(label, number=1, **details):
    return {"strategy": label, "seed": 0, "round": number, "labeled": 30, "accuracy": 0.5, "picks": [1], "details": details}


def test_labels_that_look_alike_have_files_of_their_own(tmp_path):
    results = Results(tmp_path)
    results.begin(config())
    trusted = {"a b": [1], "a-b": [2], "a_b": [3], "x" * 300: [4]}
    for label, rows in trusted.items():
        results.add(line(label, trusted=rows))
    assert {told["strategy"]: results.whole(told)["details"]["trusted"] for told in results.rounds()} == trusted
    (tmp_path / results.rounds()[0]["details"]["trusted"]).write_text("[1")
    with pytest.raises(ValueError, match=r"trusted/a-b[.]\w+-0-1.json: "):
        results.whole(results.rounds()[0])


@pytest.mark.parametrize(
    ("content", "message"), [('{"config": {"ti', "run.json: "), ("{}", "run.json: it holds no config"), ("[]", "no config")]
)
def test_a_run_json_that_is_none(tmp_path, content, message):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        Results(tmp_path).begin(config())
    assert (tmp_path / "run.json").read_text() == content


def about(folder):
    return json.loads((folder / "run.json").read_text())


def test_run_json_tells_of_all_lines_where_they_were_made(tmp_path, monkeypatch):
    made = {"machine": "m", "versions": {}, "commit": "first"}
    monkeypatch.setattr("farpoint_experiments.results.circumstances", lambda: dict(made))

    def begin_and_add(number):
        results = Results(tmp_path)
        results.begin(config())
        if number:
            results.add(line("random", number))

    begin_and_add(1)
    begin_and_add(2)
    made["commit"] = "second"
    begin_and_add(None)
    begin_and_add(3)
    first, second = about(tmp_path)["circumstances"]
    assert first == {"first_line": 1, "machine": "m", "versions": {}, "commit": "first"}
    assert second == {"first_line": 3, "machine": "m", "versions": {}, "commit": "second"}
    assert [path.name for path in tmp_path.iterdir() if "run" in path.name] == ["run.json"]


def test_a_run_json_with_one_commit_is_gone_on_with(tmp_path):
    before = {"config": configs.as_table(config()), "classes": [], "machine": "m", "versions": {"python": "3"}, "commit": "c"}
    (tmp_path / "run.json").write_text(json.dumps(before))
    Results(tmp_path).begin(config())
    assert about(tmp_path)["circumstances"] == [{"first_line": 1, "machine": "m", "versions": {"python": "3"}, "commit": "c"}]


def test_fewer_seeds_strategies_and_queries_leave_the_others_in_the_config(tmp_path):
    for changes in ({}, {"seeds": [2], "strategies": ["margin", "random"], "queries": 1}):
        Results(tmp_path).begin(config(**changes))
    told = about(tmp_path)["config"]
    assert told["seeds"] == [0, 1, 2] and told["queries"] == 2
    assert [one["label"] for one in told["strategies"]] == ["random", "k-center", "margin"]


@pytest.mark.parametrize("processes", [0, -1])
def test_a_run_needs_a_process(tmp_path, processes):
    with pytest.raises(ValueError, match=f"processes = {processes}: it is at least 1"):
        run_all(config(), Results(tmp_path), processes)


def test_an_error_of_one_strategy_leaves_the_others_done(tmp_path, capfd):
    results = Results(tmp_path)
    failing = config(strategies=["random", {"name": "k-center", "device": "cuda:99"}], seeds=[0])
    with pytest.raises(Failed, match="RuntimeError|device"):
        run_all(failing, results, processes=1)
    assert [line["strategy"] for line in results.rounds()] == ["start", "random", "random"]
    assert "seed 0, k-center:" in capfd.readouterr().err


def test_only_what_a_strategy_needs_is_computed(monkeypatch):
    small = config(queries=1)
    seed = Seed(small, small.load(), 0)
    asked = []
    trained = type(seed.start)
    inputs = trained.inputs
    monkeypatch.setattr(
        trained, "inputs", lambda self, wanted, **options: asked.append(set(wanted)) or inputs(self, wanted, **options)
    )
    for choice in config(strategies=["random", "margin", "bald", "uncertain-k-center"]).strategies:
        run(seed, choice, [], lambda line: None)
    assert asked == [{"probabilities"}, {"samples"}, {"embeddings", "probabilities"}]


def test_radii_of_any_strategy_on_request(tmp_path):
    small = config(radii=True, queries=1, seeds=[0])
    seed, told = Seed(small, small.load(), 0), []
    run(seed, small.strategies[0], [], told.append)
    embeddings = seed.start.inputs({"embeddings"})["embeddings"]
    known = [*seed.first_rows(), *told[0]["picks"]]
    distances = np.linalg.norm(embeddings[:, None] - embeddings[None, known], axis=2).min(axis=1)
    assert told[0]["radius"] == pytest.approx(distances.max(), rel=1e-6)
    assert told[0]["radius"] < told[0]["radius_before"]


def test_the_start_has_no_selection():
    small = config(seeds=[0])
    line = start_line(Seed(small, small.load(), 0))
    assert line["radius"] is None and line["select_seconds"] == 0 and line["labeled"] == len(line["picks"]) == 20


def test_the_program(tmp_path, capsys):
    path = tmp_path / "c.toml"
    path.write_text(
        'title = "p"\ndataset = "digits"\nmodel = "mlp"\ninitial = 20\nbudget = 10\nqueries = 1\nseeds = [0]\nstrategies = ["random"]\n'
    )
    words = ["run", str(path), "--folder", str(tmp_path / "out"), "--set", "training.max_epochs=2", "--processes", "1"]
    assert program.main(words) == 0
    told = capsys.readouterr()
    assert told.out.strip() == str(tmp_path / "out" / "page.html") and (tmp_path / "out" / "page.html").exists()
    assert "2 of 2: seed 0, random, 30 labels, accuracy " in told.err
    assert program.main(["list"]) == 0 and "k-center" in capsys.readouterr().out
    assert program.main(["run", str(path), "--folder", str(tmp_path), "--set", "dataset=cifar10"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and "cifar10" in error


def test_strategies_of_a_name_that_is_not_known(tmp_path):
    with pytest.raises(ValueError, match="no strategy 'k-centre'"):
        config(strategies=["k-centre"])
    assert strategy("k-center")


def test_durations():
    assert [minutes(seconds) for seconds in (5, 89, 600, 7_200)] == ["5 s", "89 s", "10 min", "2.0 h"]

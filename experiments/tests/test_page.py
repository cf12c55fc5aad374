"""The page: its sentences, its escaping, and runs that are not whole."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from farpoint_experiments.page import write_page
from farpoint_experiments.page.about import notices
from farpoint_experiments.page.analysis import Analysis, analyse
from farpoint_experiments.page.answer import answer
from farpoint_experiments.page.classes import shares
from farpoint_experiments.page.effort import effort_section
from farpoint_experiments.page.folder import checked, read_run
from farpoint_experiments.page.markup import tag
from farpoint_experiments.page.palette import is_k_center, looks
from farpoint_experiments.page.plots import spread
from farpoint_experiments.page.radii import Proven, proven, radii_section

#: Elements that HTML does not close.
VOID = {"meta", "br", "img", "input", "link"}


class Read(HTMLParser):
    """The page as a reader has it: its text, its elements, and whether they close."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.pieces.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.pieces))


def line(strategy: str, seed: int, number: int, accuracy: Any, **more: Any) -> dict[str, Any]:
    base = {
        "strategy": strategy,
        "seed": seed,
        "round": number,
        "labeled": 100 + 100 * number,
        "accuracy": accuracy,
        "train_accuracy": 0.995,
        "converged": True,
        "epochs": 10 + number,
        "train_seconds": 20.0,
        "inputs_seconds": 2.0,
        "select_seconds": 0.0 if strategy in ("start", "random") else 0.3,
        "radius_before": 12.0,
        "radius": 9.0,
        "class_counts": [10, 30, 60],
        "details": {},
    }
    return {**base, **more}


def run(gains: dict[str, float], seeds: int = 3, rounds: int = 2) -> list[dict[str, Any]]:
    """Random climbs by 0.1 a round; the others have `gain` more in each, give or take a little by seed."""
    lines = []
    for seed in range(seeds):
        lines.append(line("start", seed, 0, 0.5 + 0.01 * seed))
        for strategy, gain in {"random": 0.0, **gains}.items():
            wobble = 0.0 if strategy == "random" else 0.001 * (seed - 1)
            lines += [line(strategy, seed, at, 0.5 + 0.01 * seed + 0.1 * at + gain + wobble) for at in range(1, rounds + 1)]
    return lines


def config(strategies: list[Any], seeds: list[int], queries: int = 2) -> dict[str, Any]:
    named = [{"name": one, "label": one} if isinstance(one, str) else one for one in strategies]
    return {
        "config": {"title": "A title", "dataset": "fashion_mnist", "queries": queries, "seeds": seeds, "strategies": named},
        "machine": "a machine",
        "commit": "c0ffee",
    }


def written(tmp_path: Path, records: list[Any], about: dict[str, Any] | None = None) -> Read:
    write_page(records, tmp_path / "page.html", about)
    return Read((tmp_path / "page.html").read_text(encoding="utf-8"))


def answered(records: list[Any], about: dict[str, Any] | None = None) -> str:
    """The text at the top of the page, without the figures below it, which take most of the time."""
    of = analyse(checked(records, about))
    return Read(answer(of, notices(of))).text


def part(section: Callable[[Analysis], str], records: list[Any]) -> str:
    """The text of one section."""
    return Read(section(analyse(checked(records)))).text


@pytest.mark.parametrize(
    ("gains", "sentence"),
    [
        ({"k-center": 0.05}, "Yes. k-center beats random."),
        ({"k-center": -0.05}, "No. k-center is worse than random."),
        ({"k-center": 0.0}, "No. k-center is level with random."),
        (
            {"k-center": 0.05, "robust-k-center": -0.05, "dense-k-center": -0.06},
            "Some kinds do. k-center beats random; robust-k-center and dense-k-center are worse than random.",
        ),
    ],
)
def test_the_answer_is_a_sentence(gains: dict[str, float], sentence: str) -> None:
    assert sentence in answered(run(gains))


def test_equal_curves_are_neither_above_nor_below() -> None:
    records = run({"k-center": 0.0})
    for one in records:
        one["accuracy"] = 0.5
    assert "k-center is level with random, 0.00 points from it, on average" in answered(records)


def test_circumstances_are_told_by_the_lines_made_in_them(tmp_path: Path) -> None:
    about = config(["random"], [0, 1, 2])
    made = [{"first_line": 1, "machine": "one machine", "commit": about.pop("commit")}]
    about["circumstances"] = made
    del about["machine"]
    text = written(tmp_path, run({}), about).text
    assert "one machine" in text and "c0ffee" in text and "from line" not in text
    made.append({"first_line": 5, "machine": "another machine", "commit": "decade"})
    text = written(tmp_path, run({}), about).text
    assert "from line 1machineone machine" in text and "from line 5machineanother machine" in text


def test_by_how_much_and_how_sure(tmp_path: Path) -> None:
    text = written(tmp_path, run({"k-center": 0.05, "margin": 0.07}), config(["random", "k-center", "margin"], [0, 1, 2])).text
    assert "Does k-center beat random on fashion-mnist?" in text
    # Differences of the curves are 0, 0.05 and 0.05 at 100, 200 and 300: on average 0.0375. By seed 3/4 of the wobble more.
    half = 4.302652729911275 * 0.00075 / math.sqrt(3)
    low, high = (f"{100 * (0.0375 + sign * half):+.2f}" for sign in (-1, 1))
    assert (
        f"k-center beats random by 3.75 points, on average from 100 to 300 labels; 95 % interval {low} to {high}, 3 paired seeds."
        in text
    )
    assert "At 300 labels: 76.0 % against 71.0 %, +5.00 points" in text
    # k-center's mean curve is 0.66 at 200 and 0.76 at 300; random ends at 0.71.
    assert "Labels saved: about 50; 71.0 % takes 250 labels with it, 300 with random." in text
    assert "the best of the other strategiesmarginbetter+5.25" in text
    assert "not complete" not in text
    for known in ("A title", "a machine", "c0ffee"):
        assert known in text


def test_one_seed_has_no_interval_and_no_verdict(tmp_path: Path) -> None:
    text = written(tmp_path, run({"k-center": 0.05}, seeds=1)).text
    assert "Not shown. k-center is not told apart from random with 1 seed." in text
    assert "One seed has no interval." in text
    assert "no interval" in text and "beats random" not in text and "nan" not in text.lower().replace("fashion-mnist", "")


def test_the_page_asks_for_nothing_outside_itself(tmp_path: Path) -> None:
    page = written(tmp_path, run({"k-center": 0.05, "margin": 0.01}))
    assert not {"script", "link", "img", "iframe", "image"} & {tag for tag, _ in page.elements}
    named = {"src", "href", "xlink:href", "data", "action"}
    outside = [
        value
        for _, attributes in page.elements
        for key, value in attributes.items()
        if key in named and not str(value).startswith("#")
    ]
    assert outside == []
    assert sum(tag == "svg" for tag, _ in page.elements) == 2 + 2 + 2 + 3


def test_ids_are_unique_and_what_is_used_is_there(tmp_path: Path) -> None:
    page = written(tmp_path, run({"k-center": 0.05, "margin": 0.01, "badge": 0.02}))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = {str(attributes["xlink:href"])[1:] for _, attributes in page.elements if "xlink:href" in attributes}
    assert used and used <= set(ids)


def test_names_are_text_wherever_they_stand(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>\"' onload=$x$ \ud800 k-center"
    about = config(["random", evil], [0, 1, 2])
    about["classes"] = ["<b>", "c", "$a$"]
    about["machine"] = {"<i>": "</style>"}
    page = written(tmp_path, run({evil: 0.05, "$y$": 0.02}), about)
    assert not {"script", "b>", "i>"} & {tag for tag, _ in page.elements}
    assert all(not key.startswith("on") for _, attributes in page.elements for key in attributes)
    assert "<script>alert(1)</script>\"' onload=$x$ ? k-center" in page.text
    assert "</style>" in page.text
    # In figures, too, no formulas: a title of each kind of small figure, and the class that is named in all of them.
    drawn = "".join(re.findall(r"<text[^>]*>([^<]*)</text>", (tmp_path / "page.html").read_text(encoding="utf-8")))
    assert drawn.count("$y$") == 2 + 1 + 1 + 1 and drawn.count("$a$ 60 %") == 3


def test_attributes_are_text() -> None:
    assert tag("p", "a", class_='"><b>') == '<p class="&quot;&gt;&lt;b&gt;">a</p>'


def test_of_a_round_recorded_twice_the_later_counts() -> None:
    told = checked([line("random", 0, 1, 0.6), line("random", 0, 1, 0.7)])
    assert [one["accuracy"] for one in told.records] == [0.7] and len(told.problems) == 1


def test_an_incomplete_run_says_what_is_missing() -> None:
    records = [
        one for one in run({"k-center": 0.05}) if not (one["strategy"] == "k-center" and one["seed"] == 2 and one["round"] == 2)
    ]
    text = answered(records, config(["random", "k-center", "margin"], [0, 1, 2]))
    assert "This run is not complete. 7 rounds of 4 curves are not there" in text
    assert "k-center, seed 2: 1 of 2 rounds" in text and "margin, seed 0: 0 of 2 rounds" in text
    assert "1 seed left out" in text and "2 paired seeds" in text


def test_a_strategy_that_is_behind_is_compared_as_far_as_it_is() -> None:
    records = [one for one in run({"k-center": 0.05}) if one["strategy"] != "k-center" or one["round"] < 2]
    text = answered(records)
    assert "Compared up to 200 labels only; random's curve goes on to 300." in text


@pytest.mark.parametrize("strategies", [[], ["random"], ["k-center"]])
def test_a_run_that_has_just_begun_has_a_page(tmp_path: Path, strategies: list[str]) -> None:
    records = [line("start", 0, 0, 0.5)] + [line(name, 0, 1, 0.6) for name in strategies]
    text = written(tmp_path, records).text
    assert "Not known: this run has no rounds of" in text
    assert ("No strategy has finished a round" in text) == (not strategies)


def test_no_records_at_all(tmp_path: Path) -> None:
    assert "Nothing to compare yet." in written(tmp_path, []).text


def test_strategies_on_different_seeds_compare_nothing(tmp_path: Path) -> None:
    records = [line("start", 0, 0, 0.5), line("start", 1, 0, 0.5), line("random", 0, 1, 0.6), line("k-center", 1, 1, 0.7)]
    text = written(tmp_path, records).text
    assert "No seed has all points of both this and random yet" in text and "with 0 seeds" in text


def test_broken_lines_are_left_out_and_said(tmp_path: Path) -> None:
    whole = run({"k-center": 0.05})
    broken = [
        '{"strategy": "k-cen',
        "[1]",
        json.dumps({**whole[1], "accuracy": None}),
        json.dumps({**whole[1], "accuracy": 61.0}),
        json.dumps(whole[1]),
    ]
    (tmp_path / "rounds.jsonl").write_text("\n".join([*map(json.dumps, whole), *broken, '{"half": 1']))
    (tmp_path / "run.json").write_text("{not json")
    told = read_run(tmp_path)
    assert len(told.records) == len(whole)
    said = " ".join(told.problems)
    for word in (
        "run.json cannot be read",
        f"line {len(whole) + 1} of",
        f"line {len(whole) + 6} of",
        "is no table",
        "has no accuracy",
        "accuracy of 61",
        "recorded twice",
    ):
        assert word in said
    write_page(tmp_path, tmp_path / "page.html")
    assert "Yes. k-center beats random." in Read((tmp_path / "page.html").read_text(encoding="utf-8")).text


def test_a_folder_without_results_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="rounds.jsonl"):
        write_page(tmp_path, tmp_path / "page.html")


def test_missing_fields_are_gaps_and_no_errors(tmp_path: Path) -> None:
    bare = [{key: one[key] for key in ("strategy", "seed", "round", "labeled", "accuracy")} for one in run({"k-center": 0.05})]
    text = written(tmp_path, bare).text
    assert "Yes. k-center beats random." in text and "Classes of the picks" not in text and "Coverage radius" not in text


def test_seconds_and_their_ratio() -> None:
    text = part(effort_section, run({"k-center": 0.05}))
    # 0.3 s of 20 s.
    assert "k-center0.3 s2 s20 s1.5 %yes" in text


def test_what_did_not_converge_is_counted() -> None:
    records = run({"k-center": 0.05})
    records[-1] |= {"converged": False, "train_accuracy": 0.9}
    text = part(effort_section, records)
    assert "k-center65 of 611.51297.92 %90.00 %" in text
    assert "random66 of 6" in text
    marked = effort_section(analyse(checked(records)))
    assert "<b>5 of 6</b>" in marked and "<b>6 of 6</b>" not in marked


def test_radii_before_and_after() -> None:
    assert "12 → 9 75 %" in part(radii_section, run({"k-center": 0.05}))


def test_the_most_taken_class_is_a_mean_over_rounds_and_the_peak_one_round() -> None:
    records = [
        line("k-center", 0, 1, 0.5, class_counts=[10, 30, 60]),
        line("k-center", 1, 2, 0.5, class_counts=[0, 80, 20]),
        line("k-center", 2, 1, 0.5, class_counts=None),
    ]
    told = shares("k-center", records)
    assert told is not None
    assert told.mean.tolist() == pytest.approx([0.05, 0.55, 0.4])
    assert told.most == 1 and told.peak == (1, 0.8, 2, 1)
    assert shares("k-center", [line("k-center", 0, 1, 0.5, class_counts=[0, 0])]) is None


def test_a_certificate_is_read_from_its_file_and_from_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "certificate").mkdir()
    (tmp_path / "certificate" / "a.json").write_text(json.dumps({"lower": 1.9, "upper": 2.0}))
    details = {"lower": 1.9, "greedy_radius": 2.5, "certificate": "certificate/a.json"}
    # The round's own radius is of all rows, outliers too.
    told = proven(line("robust-k-center", 0, 1, 0.5, radius=7.0, details=details), tmp_path)
    assert told == Proven(1.9, 2.0, 2.5) and told.gap == pytest.approx(0.05)
    (tmp_path / "outside.json").write_text(json.dumps({"lower": 1.9, "upper": 5.0}))
    elsewhere = proven(
        line("robust-k-center", 0, 1, 0.5, radius=7.0, details={**details, "certificate": "../outside.json"}),
        tmp_path / "certificate",
    )
    assert elsewhere == Proven(1.9, 7.0, 2.5)
    assert proven(line("k-center", 0, 1, 0.5), tmp_path) is None


def test_what_robust_selections_prove_is_on_the_page() -> None:
    records = run({"robust-k-center": 0.05})
    for one in records:
        if one["strategy"] == "robust-k-center":
            upper = 2.0 if one["seed"] else 1.9
            one["details"] = {"lower": 1.9, "greedy_radius": 2.5, "certificate": {"lower": 1.9, "upper": upper}}
    text = part(radii_section, records)
    # One of three seeds is optimal; the others have a gap of 5 %.
    assert "robust-k-center2001 of 33.333 %5.000 %1.91.9670.7867" in text


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("k-center", True),
        ("robust-k-center", True),
        ("Core-Set", True),
        ("k_center cosine", True),
        ("k-median", False),
        ("random", False),
    ],
)
def test_kinds_of_k_center(name: str, is_one: bool) -> None:
    assert is_k_center(name) == is_one


def test_a_label_of_a_config_is_a_k_center_by_its_name(tmp_path: Path) -> None:
    about = config(["random", {"name": "k-center", "label": "ours", "metric": "cosine"}], [0, 1, 2])
    page = written(tmp_path, run({"ours": 0.05}), about)
    assert "Yes. ours beats random." in page.text and "k-center (label ours) (metric cosine)" in page.text


def test_an_oracle_is_never_the_best_other() -> None:
    text = answered(run({"k-center": 0.05, "oracle": 0.09, "badge": 0.02}))
    assert "the best of the other strategiesbadge" in text


def test_k_centers_have_colours_before_all_others() -> None:
    ranked = ["oracle", "margin", "a", "b", "c", "d", "e", "k-center"]
    told = looks(ranked, {"k-center"})
    named = [name for name in ranked if told[name].is_named]
    assert named == ["margin", "a", "b", "c", "d", "k-center"]
    assert len({told[name].color for name in named}) == 6


def test_labels_are_spread_apart_in_their_order() -> None:
    assert spread([0.5, 0.1, 0.51], 0.1, 0.0, 1.0) == pytest.approx([0.5, 0.1, 0.6])
    assert spread([0.95, 0.96, 0.97], 0.1, 0.0, 1.0) == pytest.approx([0.8, 0.9, 1.0])


def test_twice_the_same_run_is_the_same_page(tmp_path: Path) -> None:
    pages = []
    for name in ("a.html", "b.html"):
        write_page(checked(run({"k-center": 0.05})).records, tmp_path / name)
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]

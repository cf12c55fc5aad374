"""A run's folder, as far as it can be read: whole lines, and words on the others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from farpoint_experiments.lines import fault
from farpoint_experiments.statistics import START


@dataclass(frozen=True)
class Run:
    """The rounds of a run, and what is known about it."""

    records: list[dict[str, Any]]
    #: What `run.json` says: config, and machine, versions and commit.
    about: dict[str, Any] = field(default_factory=dict)
    #: What could not be read, a sentence each.
    problems: list[str] = field(default_factory=list)
    #: Where certificates are; None of records that come from no folder.
    folder: Path | None = None

    @property
    def strategies(self) -> list[str]:
        """In the order of their first lines, without the start."""
        return list(dict.fromkeys(record["strategy"] for record in self.records if record["strategy"] != START))

    @property
    def seeds(self) -> list[int]:
        return sorted({record["seed"] for record in self.records})

    @property
    def name(self) -> str:
        """The data set's name."""
        return str(self.config.get("dataset") or "this data").replace("_", "-")

    @property
    def config(self) -> Mapping[str, Any]:
        config = self.about.get("config")
        return config if isinstance(config, Mapping) else {}

    @property
    def choices(self) -> dict[str, str]:
        """The strategies the config asks for: what results call each, and its name in `farpoint.learning`."""
        listed = self.config.get("strategies")
        named = [one if isinstance(one, Mapping) else {"name": one} for one in listed] if isinstance(listed, list) else []
        return {str(one.get("label", one.get("name"))): str(one.get("name")) for one in named}

    def is_any(self, strategy: str, test: Callable[[str], bool]) -> bool:
        """Whether a test holds of what results call the strategy, or of its name."""
        return test(strategy) or test(self.choices.get(strategy, ""))

    def of(self, strategy: str) -> list[dict[str, Any]]:
        """The strategy's own rounds."""
        return [record for record in self.records if record["strategy"] == strategy]


def read_run(folder: Path) -> Run:
    """`rounds.jsonl` and, if it is there, `run.json`."""
    lines, problems = _lines(folder / "rounds.jsonl")
    about: dict[str, Any] = {}
    try:
        about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        if not isinstance(about, dict):
            raise ValueError("it holds no table")
    except FileNotFoundError:
        problems.append("run.json is not there: config, machine and commit are not known")
    except ValueError as error:
        about = {}
        problems.append(f"run.json cannot be read: {error}")
    run = checked(lines, about)
    return Run(run.records, run.about, problems + run.problems, folder)


def _lines(path: Path) -> tuple[list[Any], list[str]]:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; a run writes it")
    values: list[Any] = []
    problems: list[str] = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            values.append(json.loads(line))
        except ValueError:
            problems.append(f"line {number} of rounds.jsonl is no whole line of JSON, and left out")
    return values, problems


def checked(lines: Iterable[Any], about: Mapping[str, Any] | None = None) -> Run:
    """The lines that are rounds; of several of the same round the last, as a resumed run writes it."""
    rounds: dict[tuple[str, int, int], dict[str, Any]] = {}
    problems = []
    for number, line in enumerate(map(writable, lines), 1):
        wrong = fault(line)
        if wrong:
            problems.append(f"record {number} {wrong}, and is left out")
            continue
        key = line["strategy"], line["seed"], line["round"]
        if key in rounds:
            problems.append(f"{key[0]}, seed {key[1]}, round {key[2]} was recorded twice: the later one counts")
        rounds[key] = line
    return Run(list(rounds.values()), writable(dict(about or {})), problems)


def writable(value: Any) -> Any:
    """The value, with question marks for the halves of surrogate pairs, which JSON can hold and UTF-8 cannot."""
    if isinstance(value, str):
        return value.encode("utf-8", errors="replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {writable(key): writable(one) for key, one in value.items()}
    return [writable(one) for one in value] if isinstance(value, list) and value and not isinstance(value[0], int) else value

"""A TOML file, and `KEY=VALUE` on the command line, as one checked `Config`."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomllib

from farpoint.learning import strategy

from . import datasets, models
from .datasets.dataset import hold_out
from .statistics import RANDOM, START
from .trainers import Training

#: What may differ between two runs whose rounds can be in one folder.
FREE = ("title", "seeds", "strategies", "queries")
#: Options of every strategy that the experiment gives itself.
_GIVEN = ("random_state", "missing_label")


@dataclass(frozen=True)
class Choice:
    """A strategy of a config: its name in `farpoint.learning`, its options, and how results and figures call it."""

    name: str
    label: str
    options: dict[str, Any]


@dataclass(frozen=True)
class Config:
    """An experiment: what is learned, by which rounds, and by whom."""

    title: str
    dataset: str
    model: str
    #: Rows labeled at first, drawn at random; then how many each query labels, and how many queries.
    initial: int
    budget: int
    queries: int
    seeds: tuple[int, ...]
    strategies: tuple[Choice, ...]
    #: Options of the data set's loader; `folder` is where its files are.
    data: dict[str, Any] = field(default_factory=dict)
    training: Training = field(default_factory=Training)
    #: Where embeddings come from: "penultimate", "logits" or "pool5".
    features: str = "penultimate"
    #: Draws of MC dropout.
    samples: int = 20
    #: The pool is so many of its rows, the same of every seed; 0 is all.
    pool: int = 0
    #: Whether every strategy's radius is measured, and not only those that say it.
    radii: bool = False

    @property
    def points(self) -> int:
        """How many trainings a curve has."""
        return self.queries + 1

    def load(self) -> datasets.DataSet:
        """The data set, cut to `pool` rows."""
        data = datasets.load(self.dataset, **self.data)
        if self.pool > len(data.pool):
            raise ValueError(f"pool = {self.pool}, but {data.name} has {len(data.pool)} rows")
        if self.pool:
            rows, _ = hold_out(len(data.pool), len(data.pool) - self.pool, 0)
            data = dataclasses.replace(data, pool=data.pool[rows], labels=data.labels[rows])
        wanted = self.initial + self.budget * self.queries
        if wanted > len(data.pool):
            raise ValueError(f"{self.initial} + {self.queries} x {self.budget} = {wanted} rows are labeled, of {len(data.pool)}")
        return data


def read(path: Path, settings: Iterable[str] = ()) -> Config:
    """The config of a file, with settings such as ``training.max_epochs=5`` in place of its own.

    Raises
    ------
    ValueError
        A file that is no TOML; an unknown key, with the nearest known; a missing key; a value of another type.
    """
    try:
        table = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from None
    for setting in settings:
        _set(table, setting)
    return parsed(table, str(path))


def parsed(table: dict[str, Any], where: str) -> Config:
    """A config of a table."""
    table = dict(table)
    _known(table, Config, where)
    _typed(table, Config, where)
    lacking = [key.name for key in dataclasses.fields(Config) if key.default is key.default_factory and key.name not in table]
    if lacking:
        raise ValueError(f"{where}: {', '.join(lacking)} must be given")
    training = _training(table.pop("training", {}), where)
    choices = tuple(_choice(entry, where) for entry in table.pop("strategies"))
    _check_labels(choices, where)
    config = Config(**{**table, "seeds": tuple(table["seeds"])}, strategies=choices, training=training)
    _checked(config, where)
    return config


def as_table(config: Config) -> dict[str, Any]:
    """What `parsed` makes the same config of, as JSON and TOML have it."""
    table = dataclasses.asdict(config)
    table["seeds"] = list(config.seeds)
    table["strategies"] = [{"name": c.name, "label": c.label, **c.options} for c in config.strategies]
    return table


def digest(config: Config) -> str:
    """The same for configs whose trainings on the same rows, with the same seed, are the same: all but what is `FREE`."""
    table = {key: value for key, value in as_table(config).items() if key not in FREE}
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[:12]


def _training(table: dict[str, Any], where: str) -> Training:
    _known(table, Training, f"{where}, [training]")
    _typed(table, Training, f"{where}, [training]")
    try:
        return Training(**table)
    except ValueError as error:
        raise ValueError(f"{where}, {error}") from None


def _choice(entry: Any, where: str) -> Choice:
    entry = dict(entry) if isinstance(entry, dict) else {"name": entry}
    if "name" not in entry:
        raise ValueError(f"{where}: a strategy without a name")
    name = entry.pop("name")
    label = entry.pop("label", name)
    for key, value in (("name", name), ("label", label)):
        if not isinstance(value, str):
            raise ValueError(f"{where}: strategies: {key} = {value!r} is no text")
    return Choice(name, label, entry)


def _check_labels(choices: Iterable[Choice], where: str) -> None:
    """Results and pages go by labels: each is one strategy's, and what all are compared with is known by its own."""
    labels = [choice.label for choice in choices]
    if twice := {label for label in labels if labels.count(label) > 1}:
        raise ValueError(f"{where}: two strategies are labeled {', '.join(sorted(twice))}")
    if START in labels:
        raise ValueError(f"{where}: no strategy is labeled {START!r}, as round 0 is")
    for choice in choices:
        if (choice.name == RANDOM) != (choice.label == RANDOM):
            raise ValueError(
                f"{where}: {choice.name!r} is labeled {choice.label!r}; the strategy random is, and no other, 'random'"
            )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))


def _are_seeds(value: Any) -> bool:
    return isinstance(value, list) and all(_is_whole(one) and one >= 0 for one in value)


#: For each annotation of a field: what its values are called, and whether a value is one.
_TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "str": ("text", lambda value: isinstance(value, str)),
    "int": ("whole number", _is_whole),
    "float": ("finite number", _is_finite),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "dict[str, Any]": ("table", lambda value: isinstance(value, dict)),
    "Training": ("table", lambda value: isinstance(value, dict)),
    "tuple[int, ...]": ("list of whole numbers from 0", _are_seeds),
    "tuple[Choice, ...]": ("list of names and tables", lambda value: isinstance(value, list)),
}


def _typed(table: dict[str, Any], kind: type, where: str) -> None:
    """Refuses values that are not of their field's type."""
    for field_ in dataclasses.fields(kind):
        called, fits = _TYPES[str(field_.type)]
        if field_.name in table and not fits(table[field_.name]):
            raise ValueError(f"{where}: {field_.name} = {table[field_.name]!r} is no {called}")


def _known(table: dict[str, Any], kind: type, where: str) -> None:
    known = [key.name for key in dataclasses.fields(kind)]
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            raise ValueError(f"{where}: no key {key!r}" + (f"; is it {near[0]!r}?" if near else ""))


def _checked(config: Config, where: str) -> None:
    for key, known in (("dataset", datasets.NAMES), ("model", models.NAMES)):
        if getattr(config, key) not in known:
            raise ValueError(f"{where}: no {key} {getattr(config, key)!r}; there are: {', '.join(known)}")
    for key, least in (("initial", 2), ("budget", 1), ("queries", 0), ("samples", 2), ("pool", 0)):
        value = getattr(config, key)
        if value < least:
            raise ValueError(f"{where}: {key} = {value!r} is no whole number of at least {least}")
    for choice in config.strategies:
        for option in _GIVEN:
            if option in choice.options:
                raise ValueError(f"{where}: strategy {choice.name!r} takes no option {option!r} in a config")
        try:
            strategy(choice.name, **choice.options)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{where}: {error}") from None
    if not config.seeds or len(set(config.seeds)) < len(config.seeds):
        raise ValueError(f"{where}: seeds are distinct numbers, at least one")


def _set(table: dict[str, Any], setting: str) -> None:
    key, equals, text = setting.partition("=")
    if not equals:
        raise ValueError(f"--set {setting}: KEY=VALUE")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text  # a word without quotes
    *path, last = key.split(".")
    for name in path:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise ValueError(f"--set {setting}: {name} is no table")
    table[last] = value

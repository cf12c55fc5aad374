"""One rank's part of the pool, what it asks, and whether all ranks ask the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from farpoint import _native, _terms
from farpoint._frameworks import framework, readable
from farpoint._terms import Terms

#: Options, beside the budget, of which all ranks must say the same.
ALIKE = ("metric", "stop_radius", "first", "seed", "resume", "assign")
#: Lists that are of one rank or of the whole pool.
LISTS = ("labeled", "exclude", "weights")


class Ask:
    """What one rank gave, checked, and the holder of its rows."""

    def __init__(self, pool: Any, budget: int | None, rows: str, labeled_vectors: Any, **options: Any) -> None:
        if rows not in ("local", "global"):
            raise ValueError(f"rows {rows!r} says nothing: 'local' or 'global'")
        pool = readable(pool)
        self.rows, self.shape = rows, _shape(pool)
        self.budget = _terms.budget(budget, options["stop_radius"])
        masks = {name: options[name] for name in ("labeled", "exclude") if rows == "global"}
        self.masks = {name: len(mask) for name, given in masks.items() if (mask := _mask(given)) is not None}
        #: Of global lists the length of the pool is not known yet.
        self.terms = _terms.terms(self.shape[0] if rows == "local" else None, **options)
        vectors = None if labeled_vectors is None else _terms.vectors(labeled_vectors)
        self.vectors = None if vectors is None else _terms.host(vectors)
        own = {"weights": self.terms.weights, "exclude": self.terms.exclude} if rows == "local" else {}
        self.shard = None
        if self.shape[0] != 0:
            stream = framework(pool).stream
            self.shard = _native.Shard(pool, device=self.terms.device, threads=self.terms.threads, stream=stream, **own)
            self.shape = self.shard.rows, self.shard.dimensions

    def facts(self, host: str) -> Facts:
        """What rank 0 must know before work begins."""
        asked = self.terms._asdict()
        alike = {"budget": self.budget, "rows": self.rows, **{name: asked[name] for name in ALIKE}}
        lists = {name: asked[name] for name in LISTS}
        if self.rows == "global":
            alike |= lists | {"labeled_vectors": self.vectors}
        return Facts(
            host,
            *self.shape,
            None if self.shard is None else self.shard.dtype,
            {name: _said(value) for name, value in alike.items()},
            lists["labeled"] if self.rows == "local" else None,
            self.vectors if self.rows == "local" else None,
            self.rows == "local" and lists["weights"] is not None,
        )

    def whole(self, facts: list[Facts]) -> tuple[Terms, Any]:
        """The options of the whole selection, and its labeled vectors. Weights and exclusions of one rank are in its shard."""
        if self.rows == "local":
            terms = self.terms._replace(labeled=_joined_rows(facts), weights=None, exclude=None)
            return terms, _joined_vectors(facts)
        n = sum(fact.rows for fact in facts)
        for name, length in self.masks.items():
            if length != n:
                raise ValueError(f"the mask {name} has {length} entries for {n} rows")
        return self.terms, self.vectors

    def settled(self) -> tuple[np.ndarray, np.ndarray]:
        """Distances and nearest centers of this rank's rows."""
        if self.shard is None:
            return np.empty(0), np.empty(0, np.int64)
        return self.shard.settled()


class Facts(NamedTuple):
    """What rank 0 must know of a rank before work begins."""

    host: str
    rows: int
    dimensions: int
    #: None of a part without rows.
    dtype: str | None
    #: What every rank must say alike, by the name of the option.
    alike: dict[str, Any]
    #: This rank's own rows.
    labeled: np.ndarray | None
    labeled_vectors: np.ndarray | None
    has_weights: bool


def check_alike(facts: list[Facts], name: Callable[[int], str]) -> None:
    """Raise ValueError for the first thing that two ranks say differently."""
    with_rows = [rank for rank, fact in enumerate(facts) if fact.rows]
    if not with_rows:
        raise ValueError(f"the pool is empty: none of the {len(facts)} ranks has a row")
    for option in facts[0].alike:
        _check(option, {rank: fact.alike[option] for rank, fact in enumerate(facts)}, name)
    _check("the number of dimensions", {rank: fact.dimensions for rank, fact in enumerate(facts)}, name)
    _check("the type of values", {rank: facts[rank].dtype for rank in with_rows}, name)
    _check("whether there are weights", {rank: facts[rank].has_weights for rank in with_rows}, name)


def _check(what: str, values: dict[int, Any], name: Callable[[int], str]) -> None:
    one, *others = values
    other = next((rank for rank in others if values[rank] != values[one]), None)
    if other is not None:
        raise ValueError(f"ranks disagree on {what}: {name(one)} has {values[one]!r}, {name(other)} {values[other]!r}")


def _said(value: Any) -> Any:
    """An option as it is compared and told: arrays by their length and a digest."""
    if not isinstance(value, np.ndarray):
        return value
    digest = hashlib.blake2b(np.ascontiguousarray(value).tobytes(), digest_size=4).hexdigest()
    return f"{len(value)} entries of digest {digest}"


def _joined_rows(facts: list[Facts]) -> np.ndarray | None:
    """Labeled rows of all ranks as global rows, rank by rank."""
    first_rows = np.cumsum([0, *(fact.rows for fact in facts)]).tolist()
    lists = [first + fact.labeled for first, fact in zip(first_rows, facts) if fact.labeled is not None]
    return np.concatenate(lists) if lists else None


def _joined_vectors(facts: list[Facts]) -> np.ndarray | None:
    """Labeled vectors of all ranks, rank by rank."""
    lists = [fact.labeled_vectors for fact in facts if fact.labeled_vectors is not None]
    return np.concatenate(lists) if lists else None


def _shape(pool: Any) -> tuple[int, int]:
    """``(n, d)`` as far as a pool says so; only that of an empty part is used."""
    shape = getattr(pool, "shape", None)
    return (int(shape[0]), int(shape[1])) if isinstance(shape, tuple) and len(shape) == 2 else (_terms.rows_of(pool) or -1, 0)


def _mask(given: Any) -> np.ndarray | None:
    array = None if given is None else _terms.host(given)
    return array if array is not None and array.dtype.kind == "b" else None

"""Strategies by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from farpoint.learning import _bmdr, _ceal, _drawn, _k_center, _k_median, _ranked
from farpoint.learning._strategy import Strategy

_OURS: dict[str, type[Strategy]] = {
    "random": _drawn.Random,
    "max-entropy": _ranked.MaxEntropy,
    "margin": _ranked.Margin,
    "least-confident": _ranked.LeastConfident,
    "bald": _ranked.Bald,
    "variation-ratios": _ranked.VariationRatios,
    "sampled-entropy": _ranked.SampledEntropy,
    "oracle": _drawn.Oracle,
    "k-median": _k_median.KMedian,
    "ceal": _ceal.Ceal,
    "bmdr": _bmdr.Bmdr,
    "k-center": _k_center.KCenter,
    "robust-k-center": _k_center.RobustKCenter,
    "uncertain-k-center": _k_center.UncertainKCenter,
    "quota-k-center": _k_center.QuotaKCenter,
    "dense-k-center": _k_center.DenseKCenter,
}
#: Of scikit-activeml, which is imported when one is asked for.
_PEERS = {"badge": "Badge", "typiclust": "TypiClust", "probcover": "ProbCover", "maxherding": "MaxHerding"}

_ANY_PEER = "skactiveml.pool."

#: What `strategy` takes.
STRATEGIES: tuple[str, ...] = (*_OURS, *_PEERS)


def strategy(name: str, **options: Any) -> Strategy:
    """The query strategy of that name, one of `STRATEGIES`; `options` are those of its class.

    ``skactiveml.pool.<class>`` is any other of scikit-activeml's, as far as embeddings and class probabilities are all it asks for.

    Raises
    ------
    ValueError
        An unknown name, with the nearest known ones.
    TypeError
        An option that it has not.
    ImportError
        One of scikit-activeml's, which is not installed.
    """
    make = _maker(name)
    try:
        return make(**options)
    except TypeError as error:
        raise TypeError(f"strategy {name!r}: {error}") from None


def _maker(name: str) -> Callable[..., Strategy]:
    if name in _OURS:
        return _OURS[name]
    peer = name.removeprefix(_ANY_PEER) if name.startswith(_ANY_PEER) else _PEERS.get(name)
    if peer is not None:
        try:
            return partial(import_module("farpoint.learning._scikit_activeml").Peer, peer)
        except ModuleNotFoundError as error:
            raise ImportError(f"strategy {name!r} is scikit-activeml's: pip install scikit-activeml ({error})") from error
    near = difflib.get_close_matches(name, STRATEGIES, 3) or STRATEGIES
    raise ValueError(f"no strategy {name!r}: {', '.join(near)}")

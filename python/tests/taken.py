"""How tests of what pools may be see a pool taken: picks, and the warnings on the way."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import farpoint

NOT_CONTIGUOUS = "not row-major without gaps: copied"


def picks(pool: Any, **options: Any) -> list[int]:
    return farpoint.select(pool, 20, **options).centers.tolist()


@contextmanager
def one_warning(text: str) -> Iterator[None]:
    """Exactly one, that points at who called `select`: `picks`, here."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    assert [text in str(one.message) for one in caught] == [True], [str(one.message) for one in caught]
    assert Path(caught[0].filename) == Path(__file__)


@contextmanager
def no_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield

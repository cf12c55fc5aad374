"""The adapter for Calibra (`calibra-robotics`), beside the real package."""

import numpy as np
import pytest

pruning = pytest.importorskip("calibra.pruning")

from calibra.llm.fingerprint import FingerprintResult  # noqa: E402
from calibra.llm.select import SFTCoresetSelector  # noqa: E402
from farthest_first import clouds, farthest_first, gaussian  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from farpoint.adapters import calibra as adapter  # noqa: E402
from farpoint.adapters._starts import select_from  # noqa: E402

THEIRS = pruning._greedy_max_coverage


@given(features=clouds(rows=st.integers(1, 12)), data=st.data())
def test_rows_are_theirs_where_theirs_are_farthest_first(features, data):
    features = features.astype(np.float64)
    k = data.draw(st.integers(1, len(features)))
    rows = adapter.greedy_max_coverage(features, k)
    assert rows[0] == THEIRS(features, k)[0] and all(type(row) is int for row in rows)
    if k < len(features):
        assert rows == farthest_first(features, k, rows[0])
    else:
        assert rows == list(range(len(features)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_rows_of_theirs(dtype):
    features = gaussian(200, 8).astype(dtype)
    assert adapter.greedy_max_coverage(features, 50) == THEIRS(features, 50)


def fingerprints(n):
    """As their `compute_fingerprints` gives them, of examples that none of its filters drops."""
    fields = FingerprintResult.__dataclass_fields__
    known = {
        "embeddings": gaussian(n, 8),
        "coherence": np.full(n, 0.9),
        "repetition_rate": np.zeros(n),
        "template_ratio": np.zeros(n),
        "response_length_words": np.full(n, 50),
    }
    return FingerprintResult(**{name: known.get(name) for name in fields})


@pytest.mark.parametrize("approximate", [False, True])
def test_their_selectors_while_patched(monkeypatch, approximate):
    called = []
    monkeypatch.setattr(adapter, "select_from", lambda *given: called.append(given) or select_from(*given))
    examples = fingerprints(120)
    selector = SFTCoresetSelector(keep_fraction=0.25, use_approximate=approximate, batch_size=40)
    theirs = selector.select(examples).keep_indices
    assert not called
    with adapter.patch():
        ours = selector.select(examples).keep_indices
    assert ours == theirs and len(ours) == 30 and len(called) == (4 if approximate else 1)
    assert pruning._greedy_max_coverage is THEIRS


def test_values_that_are_not_finite():
    features = np.full((5, 2), np.nan)
    assert len(THEIRS(features, 2)) == 2
    with pytest.raises(ValueError, match="finite"):
        adapter.greedy_max_coverage(features, 2)

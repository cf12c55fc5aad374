"""What docs/adapters.md says of PyPI's k-center, for which `farpoint.sklearn.KCenter` stands with other arguments."""

import inspect

import numpy as np
import pytest

k_center = pytest.importorskip("k_center")

from farthest_first import gaussian  # noqa: E402

from farpoint.sklearn import KCenter  # noqa: E402


def test_its_arguments_and_ours():
    theirs = {name: parameter.default for name, parameter in inspect.signature(k_center.KCenter).parameters.items()}
    assert theirs == {"algorithm": "gonzalez", "n_clusters": 3, "distance_metric": "euclidean", "random_state": 42}
    assert list(inspect.signature(KCenter).parameters)[0] == "n_clusters" and KCenter().n_clusters == 8


def test_without_a_seed_theirs_starts_from_row_0_as_ours():
    X = gaussian(200, 4)
    theirs, ours = k_center.KCenter(n_clusters=20, random_state=None).fit(X), KCenter(n_clusters=20).fit(X)
    assert ours.center_indices_.tolist() == theirs.center_indices_.tolist()
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    np.testing.assert_allclose(ours.radii_, theirs.cluster_radii_, rtol=1e-12)
    firsts = {int(k_center.KCenter(n_clusters=20).fit(X).center_indices_[0]) for _ in range(3)}
    assert len(firsts) == 1 and firsts != {0}


def test_what_either_has_alone():
    X = gaussian(50, 4)
    theirs, ours = k_center.KCenter(random_state=None).fit(X), KCenter(3).fit(X)
    assert not hasattr(theirs, "transform") and ours.transform(X).shape == (50, 3)
    assert not hasattr(theirs, "radii_") and not hasattr(ours, "cluster_radii_")
    assert k_center.KCenter(distance_metric="manhattan").fit(X).objective_radius_ > 0
    with pytest.raises(ValueError):
        KCenter(3, metric="manhattan").fit(X)

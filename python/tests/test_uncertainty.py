"""Weights from class probabilities."""

import numpy as np
import pytest

import farpoint

SURE, EVEN, MIDDLE = [1.0, 0.0, 0.0], [1 / 3] * 3, [0.5, 0.3, 0.2]


@pytest.mark.parametrize(
    "by, middle",
    [
        ("entropy", -(0.5 * np.log(0.5) + 0.3 * np.log(0.3) + 0.2 * np.log(0.2)) / np.log(3)),
        ("margin", 0.8),
        ("least-confident", 0.75),
    ],
)
def test_how_unsure_a_classifier_is(by, middle):
    found = farpoint.uncertainty([SURE, EVEN, MIDDLE], by)
    assert found.dtype == np.float64 and found.shape == (3,)
    np.testing.assert_allclose(found, [0, 1, middle], atol=1e-12)
    np.testing.assert_allclose(farpoint.uncertainty([SURE, EVEN, MIDDLE], by, exponent=3, floor=0.1), 0.1 + 0.9 * found**3)
    assert farpoint.uncertainty([SURE, EVEN, MIDDLE], by, exponent=0).tolist() == [1, 1, 1]


def test_far_rows_come_first_unless_the_classifier_is_sure(pool):
    probabilities = np.full((300, 2), [0.999, 0.001])
    unsure = [7, 30, 41, 200]
    probabilities[unsure] = 0.5
    weights = farpoint.uncertainty(probabilities, exponent=4)
    assert set(farpoint.select(pool, 4, weights=weights, first="heaviest").centers.tolist()) == set(unsure)
    even = farpoint.uncertainty(probabilities, exponent=0)
    assert farpoint.select(pool, 40, weights=even).centers.tolist() == farpoint.select(pool, 40).centers.tolist()


def test_tensors_and_halves():
    torch = pytest.importorskip("torch")
    probabilities = torch.softmax(torch.randn(50, 10, generator=torch.Generator().manual_seed(0)), 1)
    expected = farpoint.uncertainty(probabilities.numpy(), "margin")
    assert np.array_equal(farpoint.uncertainty(probabilities.requires_grad_(), "margin"), expected)
    np.testing.assert_allclose(farpoint.uncertainty(probabilities.bfloat16(), "margin"), expected, atol=0.01)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ([[2.0, -1.0]],),
            "probabilities of row 0 are none: the least is -1 and they sum to 1: pass softmax probabilities, not logits",
        ),
        (([[0.5, 0.5], [0.2, 0.2]],), "probabilities of row 1 are none: the least is 0.2 and they sum to 0.4"),
        (([[0.5, 0.5], [np.nan, 1]],), "probabilities of row 1 are not finite"),
        (([0.5, 0.5],), r"probabilities have shape \(2,\)"),
        (([[1.0]],), r"probabilities have shape \(1, 1\); they are \(n, c\), of at least two classes"),
        (([EVEN], "doubt"), "by 'doubt' is none of 'entropy', 'margin', 'least-confident'"),
    ],
)
def test_what_are_no_probabilities(arguments, message):
    with pytest.raises(ValueError, match=message):
        farpoint.uncertainty(*arguments)


@pytest.mark.parametrize(
    "options", [{"exponent": -1}, {"exponent": np.inf}, {"exponent": np.nan}, {"floor": 1.5}, {"floor": -0.1}]
)
def test_numbers_out_of_range(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        farpoint.uncertainty([EVEN], **options)

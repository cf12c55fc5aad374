"""Tensors of PyTorch on the host: read where they lie, answered as tensors."""

import warnings

import numpy as np
import pytest
import reference
from taken import NOT_CONTIGUOUS, no_warning, one_warning, picks

import farpoint


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def tensor(torch, pool):
    return torch.from_numpy(pool)


@pytest.mark.parametrize("name", ["float32", "float16", "bfloat16", "uint8", "int8"])
def test_torchs_types(torch, tensor, name):
    rows = (10 * tensor.abs()).to(getattr(torch, name))
    with no_warning():
        assert picks(rows) == reference.select(rows.float().numpy(), 20).centers


def test_tensors_come_back(torch, tensor):
    selection = farpoint.select(tensor, 5, return_distances=True, return_assignment=True)
    plain = farpoint.select(tensor.numpy(), 5, return_distances=True, return_assignment=True)
    for name, dtype in [
        ("centers", torch.int64),
        ("radii", torch.float64),
        ("lower_bounds", torch.float64),
        ("min_distance", torch.float64),
        ("assignment", torch.int64),
    ]:
        given = getattr(selection, name)
        assert type(given) is torch.Tensor and given.dtype == dtype and given.device == torch.device("cpu"), name
        np.testing.assert_array_equal(given.numpy(), getattr(plain, name))
    assert type(selection.radius) is float and type(selection.farthest) is int
    assert selection.to_json() and farpoint.verify(tensor, selection) and type(selection.curve()[1]) is np.ndarray
    assert tensor[selection.centers].shape == (5, 8)


def test_gradients_are_no_matter(torch, tensor, expected):
    leaf = tensor.clone().requires_grad_()
    with no_warning():
        assert picks(leaf) == picks(torch.nn.Parameter(tensor)) == picks(leaf * 1) == picks(tensor * 1) == expected
        with torch.inference_mode():
            assert picks(tensor * 1) == expected
    assert not farpoint.select(leaf, 3).radii.requires_grad
    with no_warning():
        assert picks(leaf.double()) == expected


def test_tensors_of_doubles_are_what_they_are(torch, tensor):
    doubles = 5e6 + tensor.double() / 20
    with no_warning():
        assert picks(doubles) == reference.select(doubles.numpy(), 20).centers
    with one_warning(NOT_CONTIGUOUS):
        assert picks(doubles.t().contiguous().t()) == picks(doubles)


def test_tensors_of_other_strides(torch, tensor, expected):
    for rows in (
        tensor.T.contiguous().T,
        tensor.T.contiguous().requires_grad_().T,
        tensor.repeat(1, 2)[:, :8],
        torch.repeat_interleave(tensor, 2, 0)[::2],
    ):
        with one_warning(NOT_CONTIGUOUS):
            assert picks(rows) == expected
    with pytest.warns(UserWarning, match="19 of the 20 picks"), pytest.warns(UserWarning, match=NOT_CONTIGUOUS):
        assert picks(tensor[:1].expand(30, 8)) == list(range(20))


def test_negated_and_conjugated_views(torch, tensor):
    """Lazily negated tensors lie in memory as they were: beside a labeled vector, signs matter."""
    vector = np.ones((1, 8), np.float32)
    answer = reference.select(-tensor.numpy(), 20, labeled_vectors=vector).centers
    assert answer != reference.select(tensor.numpy(), 20, labeled_vectors=vector).centers
    conjugated = torch.complex(tensor * 0, tensor).conj().imag
    for negated in (torch._neg_view(tensor), conjugated):
        assert negated.is_neg()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert picks(negated, labeled_vectors=vector) == answer
            assert picks(-tensor, labeled_vectors=torch._neg_view(torch.from_numpy(-vector))) == answer


def test_tensors_that_are_no_pools(torch, tensor):
    for rows, name in [
        (tensor.long(), "int64"),
        (tensor > 0, "bool"),
        (tensor.to(torch.complex64), "complex64"),
        (tensor.to(torch.int16), "int16"),
    ]:
        with pytest.raises(TypeError, match=f"{name} values"):
            picks(rows)
    with pytest.raises(TypeError, match="to_dense"):
        picks(tensor.to_sparse())
    with pytest.raises(ValueError, match="row 3 holds NaN"):
        picks(tensor.index_fill(0, torch.tensor([3]), float("nan")))
    for empty in (tensor[:0], tensor[:, :0], tensor[0], tensor[None]):
        with pytest.raises(ValueError):
            picks(empty)


def test_a_tensor_elsewhere_is_told_where(torch, tensor):
    with pytest.raises(TypeError, match="meta"):
        picks(tensor.to("meta"))


def test_subclasses_of_tensors(torch, tensor, expected):
    class Own(torch.Tensor):
        pass

    with no_warning():
        assert picks(tensor.as_subclass(Own)) == expected


def test_rows_and_weights_as_tensors(torch, tensor, pool):
    asked = {"labeled": [7, 3], "exclude": [9], "weights": np.arange(300) % 5}
    answer = reference.select(pool, 20, **asked).centers
    said = {name: torch.tensor(value) for name, value in asked.items()}
    assert picks(tensor, **said) == picks(pool, **said) == answer
    assert picks(tensor, **{**said, "weights": said["weights"].to(torch.bfloat16).requires_grad_()}) == answer
    assert picks(tensor, exclude=torch.arange(300) == 9) == reference.select(pool, 20, exclude=[9]).centers
    assert picks(tensor, resume=farpoint.select(tensor, 4).centers) == picks(pool)
    assert (
        picks(pool, labeled_vectors=tensor[:2].requires_grad_()) == reference.select(pool, 20, labeled_vectors=pool[:2]).centers
    )


def test_tensors_without_memory(torch, tensor):
    """As of parameters that are sharded elsewhere: an error, and no access to address 0."""
    emptied = tensor.clone()
    emptied.untyped_storage().resize_(0)
    for rows in (emptied, torch._subclasses.FakeTensorMode().from_tensor(tensor)):
        with pytest.raises(TypeError, match="no memory"):
            picks(rows)
    with pytest.raises(TypeError, match="no memory"):
        picks(tensor, labeled_vectors=emptied)


def test_small_integers_are_rows(torch, tensor):
    labeled = torch.tensor([7, 3], dtype=torch.int16)
    assert picks(tensor, labeled=labeled) == picks(tensor, labeled=[7, 3])

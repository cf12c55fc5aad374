"""Arrays of JAX on the host: read where they lie, answered as arrays of JAX where JAX has their type."""

import numpy as np
import pytest

import farpoint

jax = pytest.importorskip("jax")


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "uint8", "int8"])
def test_every_type(pool, dtype):
    array = jax.numpy.asarray(pool * 10).astype(dtype)
    widened = np.asarray(array.astype("float32"))
    found = farpoint.select(array, 20, return_assignment=True)
    expected = farpoint.select(widened, 20, return_assignment=True)
    assert isinstance(found.centers, jax.Array) and isinstance(found.assignment, jax.Array)
    assert found.centers.tolist() == expected.centers.tolist() and found.assignment.tolist() == expected.assignment.tolist()


def test_radii_are_exact(pool):
    """JAX rounds to float32 unless it is told otherwise."""
    array = jax.numpy.asarray(pool)
    found = farpoint.select(array, 20, return_distances=True)
    expected = farpoint.select(pool, 20, return_distances=True)
    assert found.radii.tolist() == expected.radii.tolist()
    assert found.min_distance.tolist() == expected.min_distance.tolist()
    assert farpoint.verify(array, found)


def test_options_and_refusals(pool):
    array = jax.numpy.asarray(pool)
    asked = {"labeled": [5, 3], "weights": np.arange(len(pool)) % 7, "labeled_vectors": pool[:2] + 1}
    said = {name: jax.numpy.asarray(value) for name, value in asked.items()}
    assert farpoint.select(array, 9, **said).centers.tolist() == farpoint.select(pool, 9, **asked).centers.tolist()
    with pytest.raises(TypeError, match="int32 values"):
        farpoint.select(array.astype("int32"), 3)

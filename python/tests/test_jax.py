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


IN_PARTS = """
import os
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
import jax, numpy as np, farpoint
from jax.sharding import Mesh, NamedSharding, PartitionSpec
pool = np.random.default_rng(0).standard_normal((300, 8), dtype=np.float32)
mesh = Mesh(jax.devices(), ("rows",))
for spec in (PartitionSpec("rows"), PartitionSpec()):
    a = jax.device_put(pool, NamedSharding(mesh, spec))
    try:
        farpoint.select(a, 20)
    except TypeError as error:
        told = str(error)
    assert "on 2 devices is no pool: pass np.asarray(a), which gathers it, or a.addressable_shards[0].data" in told
    assert farpoint.select(np.asarray(a), 20).centers.tolist() == farpoint.select(pool, 20).centers.tolist()
    assert len(farpoint.select(a.addressable_shards[0].data, 20)) == 20
print("told")
"""


def test_arrays_in_parts_come_with_a_remedy(run_apart):
    assert run_apart(IN_PARTS) == "told\n"


def test_arrays_without_values_come_with_a_remedy(pool):
    with pytest.raises(TypeError, match="inside jax.jit or jax.vmap has no values yet: pass it to farpoint outside"):
        jax.jit(lambda a: farpoint.select(a, 3).centers)(pool)

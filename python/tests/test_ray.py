"""`farpoint.ray` on a cluster of real processes."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import farpoint

ray = pytest.importorskip("ray")
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from ray.cluster_utils import Cluster  # noqa: E402
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: E402

import farpoint.ray  # noqa: E402 - it needs Ray
from farpoint.ray import _select, _shards  # noqa: E402

#: Seconds after which a run of these tests is taken to hang.
LIMIT = 120.0
#: Every shard takes one CPU.
THREE = {"num_shards": 3, "num_cpus_per_shard": 1, "timeout": LIMIT}
BUDGET = 300

ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="module")
def cluster():
    """A head with room for four shards. Workers import what this process does."""
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), *sys.path]))
    os.environ["PYTHONPATH"] = path
    made = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 4, "object_store_memory": 100 << 20, "include_dashboard": False},
    )
    ray.init(address=made.address, log_to_driver=False, logging_level="error")
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture(scope="module")
def whole():
    return np.random.default_rng(2).integers(-8, 9, (3000, 16)).astype(np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory, whole):
    """Four files of unequal length."""
    folder = tmp_path_factory.mktemp("pool")
    for at, part in enumerate(np.split(whole, [500, 1700, 1900])):
        np.save(folder / f"part-{at}.npy", part)
    return folder


@pytest.fixture(scope="module")
def expected(whole):
    return farpoint.select(whole, BUDGET, return_distances=True, return_assignment=True)


def same(selection, expected):
    assert selection.centers.tolist() == expected.centers.tolist()
    assert np.array_equal(selection.radii, expected.radii)
    assert selection.farthest == expected.farthest


class Changed:
    """A part that does something before it is opened."""

    def __init__(self, part, before):
        self.part, self.before = part, before

    def open(self):
        self.before()
        return self.part.open()

    def __getattr__(self, name):
        if name.startswith("__") or name == "part":
            raise AttributeError(name)
        return getattr(self.part, name)


def change(monkeypatch, shard, before):
    """Have one shard do something before it opens its part."""
    real = _select.parts_of

    def parts_of(*arguments, **options):
        parts = real(*arguments, **options)
        parts[shard] = Changed(parts[shard], before)
        return parts

    monkeypatch.setattr(_select, "parts_of", parts_of)


def at_call(monkeypatch, number, do):
    """Do something right before a call, counted from 1. The calls that were made."""
    made, real = [], _shards.Shards.call

    def call(self, common, own):
        made.append(len(own))
        if len(made) == number:
            do(self)
        return real(self, common, own)

    monkeypatch.setattr(_shards.Shards, "call", call)
    return made


def kill(shards):
    """The process of shard 1."""
    os.kill(int(shards._about[1].life.split()[1].rstrip(",")), signal.SIGKILL)


def test_files_in_any_number_of_shards(cluster, files, expected, whole):
    for shards in (1, 3, 4):
        same(farpoint.ray.select(files / "*.npy", BUDGET, num_shards=shards, num_cpus_per_shard=1), expected)
    listed = [files / f"part-{at}.npy" for at in (2, 0)]
    selection = farpoint.ray.select(listed, 50, num_shards=2, num_cpus_per_shard=1)
    same(selection, farpoint.select(np.concatenate([whole[1700:1900], whole[:500]]), 50))
    same(farpoint.ray.select(files / "part-1.npy", 50, **THREE), farpoint.select(whole[500:1700], 50))


def test_options_and_what_there_is_one_of_a_row(cluster, files, whole, tmp_path):
    rng = np.random.default_rng(4)
    asked = {"labeled": rng.choice(3000, 9, replace=False), "exclude": [5, 1800], "weights": rng.random(3000)}
    asked |= {"labeled_vectors": whole[:2] + 1}
    expected = farpoint.select(whole, 80, **asked, return_distances=True, return_assignment=True)
    ticks = []
    selection = farpoint.ray.select(files, 80, **asked, **THREE, distances=tmp_path, progress=lambda *tick: ticks.append(tick))
    same(selection, expected)
    assert ticks[-1][:2] == (80, 80)
    arrays = [np.load(name) for name in selection.distances]
    assert np.array_equal(np.concatenate(arrays[0::2]), expected.min_distance)
    assert np.array_equal(np.concatenate(arrays[1::2]), expected.assignment)
    assert sorted(os.listdir(tmp_path)) == sorted(os.path.basename(name) for name in selection.distances)


def test_object_references_and_a_dataset_with_ids(cluster, whole, expected):
    references = [ray.put(part) for part in np.split(whole, [700, 701, 2000])]
    same(farpoint.ray.select(references, BUDGET, **THREE), expected)
    pyarrow = pytest.importorskip("pyarrow")
    vectors = pyarrow.FixedSizeListArray.from_arrays(whole.ravel(), 16)
    table = pyarrow.table({"key": [f"row-{row}" for row in range(3000)], "v": vectors, "other": np.arange(3000)})
    dataset = ray.data.from_arrow([table.slice(0, 1100), table.slice(1100)])
    selection = farpoint.ray.select(dataset, BUDGET, id_column="key", distances="dataset", num_shards=2, num_cpus_per_shard=1)
    same(selection, expected)
    assert selection.ids == [f"row-{row}" for row in expected.centers]
    rows = selection.distances.to_pandas().sort_values("row")
    assert np.array_equal(rows["min_distance"], expected.min_distance)
    assert np.array_equal(rows["assignment"], expected.assignment)
    assert rows["id"].iloc[17] == "row-17"


def test_lance_and_parquet_with_ids(cluster, whole, expected, tmp_path):
    lance, parquet = pytest.importorskip("lance"), pytest.importorskip("pyarrow.parquet")
    import pyarrow

    table = pyarrow.table({"id": np.arange(3000) * 7, "v": pyarrow.FixedSizeListArray.from_arrays(whole.ravel(), 16)})
    lance.write_dataset(table, tmp_path / "pool.lance", max_rows_per_file=700)
    selection = farpoint.ray.select(tmp_path / "pool.lance", BUDGET, id_column="id", **THREE)
    same(selection, expected)
    assert selection.ids == (expected.centers * 7).tolist()
    for at, start in enumerate(range(0, 3000, 1000)):
        parquet.write_table(table.slice(start, 1000), tmp_path / f"part-{at}.parquet")
    selection = farpoint.ray.select(tmp_path / "*.parquet", BUDGET, id_column="id", **THREE)
    same(selection, expected)
    assert selection.ids == (expected.centers * 7).tolist()
    twice = table.set_column(0, "id", pyarrow.array([7, *range(1, 3000)]))
    lance.write_dataset(twice, tmp_path / "twice.lance")
    with pytest.raises(ValueError, match="the id 7 of the column 'id' stands at 2 rows: ids must tell rows apart"):
        farpoint.ray.select(tmp_path / "twice.lance", 5, id_column="id", **THREE)
    with pytest.raises(ValueError, match="there is no column 'nix'; there are id, v"):
        farpoint.ray.select(tmp_path / "pool.lance", 5, id_column="nix", **THREE)


def test_ids_and_what_is_meant_in_files_are_as_in_one_process(cluster, whole, expected, tmp_path):
    lance, parquet = pytest.importorskip("lance"), pytest.importorskip("pyarrow.parquet")
    import pyarrow

    names = [f"row {row}" for row in range(3000)]
    columns = {f"f{at}": whole[:, at] for at in range(16)}
    table = pyarrow.table({"name": names, "label": np.arange(3000), **columns})
    for at, start in enumerate(range(0, 3000, 1000)):
        parquet.write_table(table.slice(start, 1000), tmp_path / f"part-{at}.parquet")
    pool = tmp_path / "*.parquet"
    opened = farpoint.open(pool, columns="f*")
    for ids in ("name", "path", names):
        selection = farpoint.ray.select(pool, BUDGET, columns="f*", ids=ids, **THREE)
        same(selection, expected)
        one = farpoint.select(opened, BUDGET, ids=ids)
        assert selection.ids.tolist() == one.ids.tolist()
        ours, theirs = selection.table(), one.table()
        assert list(ours) == list(theirs) and all(ours[name].tolist() == theirs[name].tolist() for name in ours)
    labeled, exclude = names[5:9], names[100:200]
    selection = farpoint.ray.select(pool, 50, columns="f*", ids="name", labeled=labeled, exclude=exclude, **THREE)
    one = farpoint.select(opened, 50, ids="name", labeled=labeled, exclude=exclude)
    assert selection.ids.tolist() == one.ids.tolist() and selection.radii.tolist() == one.radii.tolist()
    np.save(tmp_path / "raw.npy", whole.astype("f2").view("V2"))
    os.rename(tmp_path / "raw.npy", tmp_path / "raw.data")
    same(farpoint.ray.select(tmp_path / "raw.data", BUDGET, dtype="f16", format="npy", **THREE), expected)
    vectors = pyarrow.FixedSizeListArray.from_arrays(whole.ravel(), 16)
    lance.write_dataset(pyarrow.table({"name": names, "v": vectors}), tmp_path / "pool.lance")
    selection = farpoint.ray.select(tmp_path / "pool.lance", BUDGET, ids="name", **THREE)
    assert selection.ids == [names[row] for row in expected.centers]
    for options, told in [
        ({"ids": "name", "id_column": "name"}, "ids and id_column each say what rows are called"),
        ({"ids": names[:9]}, "there are 9 ids for 3000 rows"),
        ({"ids": "nix"}, "has 'nix' not among its columns"),
    ]:
        with pytest.raises(ValueError, match=told):
            farpoint.ray.select(pool, 5, columns="f*", **options, **THREE)
    with pytest.raises(ValueError, match="columns, dtype and format are of files"):
        farpoint.ray.select(tmp_path / "pool.lance", 5, dtype="f16", **THREE)


@pytest.fixture(scope="module")
def calls(cluster, files, tmp_path_factory):
    """How many calls the selection takes that shards are killed in; the last settles."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        made = at_call(monkeypatch, 0, kill)
        farpoint.ray.select(files, BUDGET, **THREE, distances=tmp_path_factory.mktemp("distances"))
    return len(made)


@pytest.mark.parametrize("where", ["in round 1", "in the middle", "in the last round", "while settling"])
def test_a_shard_that_is_killed_is_brought_up_to_date(cluster, files, expected, calls, monkeypatch, caplog, tmp_path, where):
    number = {"in round 1": 4, "in the middle": calls // 2, "in the last round": calls - 1, "while settling": calls}[where]
    at_call(monkeypatch, number, kill)
    with caplog.at_level(logging.WARNING, "farpoint"):
        selection = farpoint.ray.select(files, BUDGET, **THREE, distances=tmp_path)
    same(selection, expected)
    assert np.array_equal(np.concatenate([np.load(name) for name in selection.distances[0::2]]), expected.min_distance)
    assert selection.statistics["replayed_shards"] == 1
    assert "shard 1 (" in caplog.text and "was started again" in caplog.text


def test_a_shard_that_is_killed_after_settling_settles_again(cluster, files, expected, monkeypatch, tmp_path):
    real = _shards.Shards.files

    def files_of(self, folder):
        if not killed:
            killed.append(kill(self))
        return real(self, folder)

    killed = []
    monkeypatch.setattr(_shards.Shards, "files", files_of)
    selection = farpoint.ray.select(files, BUDGET, **THREE, distances=tmp_path)
    assert np.array_equal(np.concatenate([np.load(name) for name in selection.distances[1::2]]), expected.assignment)


@ray.remote(num_cpus=2)
class Guest:
    """Something else that takes half of a node."""

    def node(self):
        return ray.get_runtime_context().get_node_id()


def test_a_node_that_is_removed(cluster, files, expected, monkeypatch, caplog):
    """Two of four shards are on it: another actor leaves the head no room for more than two. Their place is the actor's then."""
    on_head = NodeAffinitySchedulingStrategy(cluster.head_node.node_id, soft=False)
    guest = Guest.options(scheduling_strategy=on_head).remote()
    assert ray.get(guest.node.remote()) == cluster.head_node.node_id
    node = cluster.add_node(num_cpus=2, object_store_memory=100 << 20)
    moved = []

    def remove(shards):
        moved.append(node)
        ray.kill(guest)
        cluster.remove_node(node, allow_graceful=False)

    at_call(monkeypatch, 8, remove)
    with caplog.at_level(logging.WARNING, "farpoint"):
        selection = farpoint.ray.select(files, BUDGET, num_shards=4, num_cpus_per_shard=1, timeout=LIMIT)
    same(selection, expected)
    assert moved and "was started again" in caplog.text


def test_a_file_that_is_changed_meanwhile_is_refused_by_name(cluster, whole, monkeypatch, tmp_path):
    for at, part in enumerate(np.split(whole, 3)):
        np.save(tmp_path / f"part-{at}.npy", part)
    at_call(monkeypatch, 12, lambda shards: np.save(tmp_path / "part-1.npy", whole[:1000] + 1))
    with pytest.raises(OSError, match=r"shard 1 \(node .*part-1.npy was changed after the run began") as raised:
        farpoint.ray.select(tmp_path / "*.npy", BUDGET, **THREE)
    assert raised.value.selection is not None


def test_a_slow_shard_is_named(cluster, files, expected, monkeypatch, caplog):
    change(monkeypatch, 2, lambda: time.sleep(5))
    with caplog.at_level(logging.WARNING, "farpoint"):
        same(farpoint.ray.select(files, BUDGET, **THREE), expected)
    assert "waiting for shard 2 (" in caplog.text
    monkeypatch.undo()
    change(monkeypatch, 2, lambda: time.sleep(60))
    # Starting takes its time.
    monkeypatch.setattr(_shards.Shards, "_check_version", lambda shards, *_: setattr(shards, "timeout", 2.5))
    with pytest.raises(TimeoutError, match=r"shard 2 \(node .*: no answer within 2.5 s") as raised:
        farpoint.ray.select(files, BUDGET, **THREE)
    assert "\n" not in str(raised.value)


def test_a_shard_out_of_memory_and_one_that_dies_each_time(cluster, files, monkeypatch):
    def too_much():
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (1 << 36, 1 << 36))
        np.ones(1 << 40)

    change(monkeypatch, 1, too_much)
    with pytest.raises(MemoryError, match=r"shard 1 \(node .*Unable to allocate"):
        farpoint.ray.select(files, BUDGET, **THREE)
    monkeypatch.undo()
    change(monkeypatch, 0, lambda: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(RuntimeError, match=r"shard 0 \(node .*its process ended 4 times") as raised:
        farpoint.ray.select(files, BUDGET, **THREE)
    assert "\n" not in str(raised.value)


def test_a_driver_that_is_killed_goes_on_from_its_checkpoint(cluster, files, expected, tmp_path, caplog):
    checkpoint = tmp_path / "picks.json"
    program = f"""
import time, ray, farpoint.ray
from farpoint.ray import _checkpoint, _shards
_checkpoint.INTERVAL, real = 0.2, _shards.Shards.call
def call(self, common, own):
    time.sleep(0.1)
    return real(self, common, own)
_shards.Shards.call = call
ray.init(address={cluster.address!r}, log_to_driver=False, logging_level="error")
farpoint.ray.select({str(files)!r}, {BUDGET}, num_shards=2, num_cpus_per_shard=1, checkpoint={str(checkpoint)!r})
"""
    driver = subprocess.Popen([sys.executable, "-c", program])
    end = time.monotonic() + LIMIT
    while not checkpoint.exists() or not json.loads(checkpoint.read_text())["centers"]:
        assert time.monotonic() < end and driver.poll() is None
        time.sleep(0.05)
    driver.kill()
    driver.wait()
    picks = json.loads(checkpoint.read_text())["centers"]
    assert 0 < len(picks) < BUDGET and picks == expected.centers[: len(picks)].tolist()
    with caplog.at_level(logging.INFO, "farpoint"):
        same(farpoint.ray.select(files, BUDGET, **THREE, checkpoint=checkpoint), expected)
    assert "going on from" in caplog.text
    assert json.loads(checkpoint.read_text())["centers"] == expected.centers.tolist()
    with pytest.raises(ValueError, match="is of another selection: metric was 'euclidean' and is 'cosine'"):
        farpoint.ray.select(files, BUDGET, **THREE, checkpoint=checkpoint, metric="cosine")
    checkpoint.write_text("{}")
    with pytest.raises(ValueError, match="is no checkpoint of farpoint"):
        farpoint.ray.select(files, BUDGET, **THREE, checkpoint=checkpoint)


def test_parts_that_do_not_go_together(cluster, whole, tmp_path):
    narrow, wide = ray.put(whole[:, :3]), ray.put(whole)
    with pytest.raises(ValueError, match=r"must agree: shard 0 .* rows of 16 f32 values, shard 1 .* rows of 3 f32 values"):
        farpoint.ray.select([wide, narrow], 5, num_shards=2, num_cpus_per_shard=1)
    np.save(tmp_path / "a.npy", whole)
    with pytest.raises(ValueError, match="a.npy stands twice"):
        farpoint.ray.select([tmp_path / "a.npy"] * 2, 5, **THREE)
    (tmp_path / "b.npy").touch()
    with pytest.raises(ValueError, match="b.npy"):
        farpoint.ray.select([tmp_path / "a.npy", tmp_path / "b.npy"], 5, **THREE)
    with pytest.raises(TypeError, match="a ndarray is no pool of a cluster"):
        farpoint.ray.select(whole, 5)
    np.save(tmp_path / "one.npy", whole[:1])
    assert farpoint.ray.select(tmp_path / "one.npy", 1, **THREE).centers.tolist() == [0]
    with pytest.raises(FileNotFoundError):
        farpoint.ray.select(tmp_path / "none.npy", 1, **THREE)


def test_versions_addresses_and_places(cluster, files, monkeypatch):
    from farpoint import _native
    from farpoint.ray import _cluster

    with monkeypatch.context() as patched:
        patched.setattr(_native, "__version__", "0.0.9")
        with pytest.raises(RuntimeError, match=f"has farpoint {farpoint.__version__}, and the driver 0.0.9"):
            farpoint.ray.select(files, 5, **THREE)
    with pytest.raises(TimeoutError, match="a shard needs 64 CPUs and 0 GPUs, and the cluster has 4 CPUs"):
        farpoint.ray.select(files, 5, num_shards=1, num_cpus_per_shard=64, timeout=2)
    with pytest.raises(ImportError, match=r"needs Ray 2.40 or newer, and 2.9.1 is installed"):
        _cluster.check_version("2.9.1")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(ConnectionError, match="no Ray cluster answers at 127.0.0.1:9: "):
        farpoint.ray.select(files, 5, address="127.0.0.1:9")


def test_the_program(cluster, files, whole, expected, tmp_path):
    program = [sys.executable, "-m", "farpoint.ray", "select", str(files / "*.npy"), "--budget", str(BUDGET)]
    program += ["--ray", cluster.address, "--shards", "2", "--cpus-per-shard", "1"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    assert [int(line) for line in done.stdout.splitlines()] == expected.centers.tolist()
    np.save(tmp_path / "labeled.npy", np.array([3, 4]))
    output = ["--labeled", str(tmp_path / "labeled.npy"), "-o", str(tmp_path / "picks.csv"), "--quiet"]
    done = subprocess.run([*program, *output], capture_output=True, text=True, timeout=LIMIT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    lines = (tmp_path / "picks.csv").read_text().splitlines()
    assert lines[0] == "rank,row,file,row_in_file,radius" and len(lines) == BUDGET + 1
    lance = pytest.importorskip("lance")
    import pyarrow

    vectors = pyarrow.FixedSizeListArray.from_arrays(whole.ravel(), 16)
    lance.write_dataset(pyarrow.table({"key": np.arange(3000) * 7, "v": vectors}), tmp_path / "pool.lance")
    words = [str(tmp_path / "pool.lance"), "--budget", "10%", "--ids", "key", "-o", str(tmp_path / "keys.csv"), "--quiet"]
    done = subprocess.run([*program[:4], *words, *program[-6:]], capture_output=True, text=True, timeout=LIMIT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    lines = (tmp_path / "keys.csv").read_text().splitlines()
    assert lines[0] == "rank,row,id,file,row_in_file,radius"
    assert [line.split(",")[1:3] for line in lines[1:]] == [[str(row), str(7 * row)] for row in expected.centers]
    done = subprocess.run([*program[:5], "--budget", "0", *program[-6:]], capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 2 and done.stderr.count("\n") == 1

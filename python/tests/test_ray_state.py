"""What a run of `farpoint.ray` keeps, compares and tells, with shards of this process in the place of actors."""

from __future__ import annotations

import errno
import json
import os
import pathlib
import types

import numpy as np
import pytest

import farpoint

ray = pytest.importorskip("ray")

from farpoint import _native, _terms  # noqa: E402
from farpoint.ray import _checkpoint, _holder, _ids, _parts, _pools, _select, _shards  # noqa: E402 - they need Ray
from farpoint.ray._watch import Watch  # noqa: E402

BUDGET = 60


class Calls:
    """A holder whose methods are called as an actor's are, at once."""

    def __init__(self, holder):
        self.holder = holder

    def __getattr__(self, name):
        method = getattr(self.holder, name)
        return type("Method", (), {"remote": staticmethod(method)})


class Local(_shards.Shards):
    """Shards without Ray."""

    def __init__(self, parts):
        self.parts = parts
        self._holders = [_holder.Holder("cpu", 1) for _ in parts]
        self._actors = [Calls(holder) for holder in self._holders]
        self._about = {at: _holder.About(_native.__version__, "here", holder._life) for at, holder in enumerate(self._holders)}
        self._opened = {at: holder.open(part, None) for at, (holder, part) in enumerate(zip(self._holders, parts))}

    def _all(self, ask, shards):
        return {shard: ask(shard) for shard in shards}

    def once(self, method, arguments, within):
        return self.own(method, arguments)


@pytest.fixture
def whole():
    return np.random.default_rng(5).standard_normal((600, 8)).astype(np.float32)


@pytest.fixture
def files(tmp_path, whole):
    """Three files of one pool."""
    folder = tmp_path / "pool"
    folder.mkdir()
    for at, part in enumerate(np.split(whole, [150, 400])):
        np.save(folder / f"part-{at}.npy", part)
    return folder


@pytest.fixture
def objects(monkeypatch):
    """References are the arrays themselves."""
    monkeypatch.setattr(_parts.Blocks, "_blocks", lambda part: part.refs)


def parts_of(pool, shards=2, column=None, id_column=None):
    return _pools.parts_of(pool, shards, column=column, id_column=id_column, memory=None, scratch=None)


def blocks(*arrays, column=None):
    return [_parts.Blocks([array], column, None, at) for at, array in enumerate(arrays)]


def run_of(parts, budget=BUDGET, **options):
    shards = Local(parts)
    return _select._Run(shards, budget, _terms.terms(shards.first_rows[-1], **options), None, Watch(None))


def select(parts, budget=BUDGET, *, checkpoint=None, folder=None, ids=False, **options):
    run = run_of(parts, budget, assign=folder is not None, **options)
    kept = None if checkpoint is None else run.go_on_from(checkpoint)
    return run.run(kept, folder is not None, folder, ids)


def picks_in(checkpoint):
    return json.loads(checkpoint.read_text())["centers"]


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def refused(parts, checkpoint, match):
    with pytest.raises(ValueError, match=match) as raised:
        select(parts, 2 * BUDGET, checkpoint=checkpoint)
    assert "is of another selection" in str(raised.value) and "\n" not in str(raised.value)


def test_a_checkpoint_of_files_is_of_their_order_and_column(tmp_path, files, whole):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    names = [files / f"part-{at}.npy" for at in range(3)]
    checkpoint, expected = tmp_path / "picks.json", farpoint.select(whole, 2 * BUDGET).centers.tolist()
    for shards, budget in ((2, BUDGET), (3, 2 * BUDGET)):
        assert select(parts_of(names, shards), budget, checkpoint=checkpoint).centers.tolist() == expected[:budget]
    refused(parts_of(names[::-1]), checkpoint, r"part 0 of the pool was .*part-0.npy.* and is .*part-2.npy")
    os.utime(names[1], ns=(5, 5))
    refused(parts_of(names), checkpoint, r"part 1 of the pool was .*part-1.npy")
    columns = {
        name: pyarrow.FixedSizeListArray.from_arrays(values.ravel(), 8) for name, values in (("a", whole), ("b", whole[::-1]))
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "two.parquet")
    of_column = tmp_path / "column.json"
    select(parts_of(tmp_path / "two.parquet", column="a"), checkpoint=of_column)
    refused(parts_of(tmp_path / "two.parquet", column="b"), of_column, r"part 0 of the pool was \['file', .*'a', .*'b', ")
    select(parts_of(names[:2]), checkpoint=tmp_path / "two.json")
    with pytest.raises(ValueError, match="rows was 400 and is 600"):
        select(parts_of(names), checkpoint=tmp_path / "two.json")


def test_a_checkpoint_of_objects_is_of_their_values(tmp_path, objects, whole):
    checkpoint = tmp_path / "picks.json"
    select(blocks(*np.split(whole, 2)), checkpoint=checkpoint)
    expected = farpoint.select(whole, 2 * BUDGET).centers.tolist()
    assert select(blocks(*np.split(whole, [7, 300])), 2 * BUDGET, checkpoint=checkpoint).centers.tolist() == expected
    refused(blocks(whole[::-1].copy()), checkpoint, "values of some rows was")
    refused(blocks(*np.split(whole, 2)[::-1]), checkpoint, "values of some rows was")


def test_a_checkpoint_of_a_lance_dataset_is_of_its_version(tmp_path, whole):
    lance, pyarrow = pytest.importorskip("lance"), pytest.importorskip("pyarrow")
    uri, checkpoint = str(tmp_path / "pool.lance"), tmp_path / "picks.json"
    table = pyarrow.table({"key": np.arange(600), "v": pyarrow.FixedSizeListArray.from_arrays(whole.ravel(), 8)})
    lance.write_dataset(table, uri, max_rows_per_file=70)
    lance.dataset(uri).delete("key % 7 = 3")
    left = whole[np.arange(600) % 7 != 3]
    expected = farpoint.select(left, 2 * BUDGET).centers.tolist()
    for shards, budget in ((1, BUDGET), (3, 2 * BUDGET)):
        assert select(parts_of(uri, shards), budget, checkpoint=checkpoint).centers.tolist() == expected[:budget]
    part = parts_of(uri, 3)[1]
    assert part.prints([0, 9]) == [_parts._print(left[part.start]), _parts._print(left[part.start + 9])]
    lance.dataset(uri).delete("key = 599")
    lance.write_dataset(table.slice(599, 1), uri, mode="append")
    refused(parts_of(uri), checkpoint, r"part 0 of the pool was \['lance', .*, 2, 'v'\] and is \['lance', .*, 4, 'v'\]")


@pytest.fixture
def store(tmp_path, files, monkeypatch):
    """Names of an object store, which stand for files that are named alike."""
    real = _native.open_part

    def open_part(names, *rest):
        return real([name.replace("s3://pools", str(files)) for name in names], *rest)

    monkeypatch.setattr(_native, "open_part", open_part)
    names = tuple(f"s3://pools/part-{at}.npy" for at in range(3))
    return [
        _parts.Files(names[:2], 0, 300, None, None, None, None, (0, 150)),
        _parts.Files(names[1:], 150, 450, None, None, None, None, (0, 250)),
    ]


def test_addresses_stay_addresses(monkeypatch):
    files = [pathlib.Path(f"s3://pools/part-{at}.npy") for at in range(2)]
    outlined = types.SimpleNamespace(files=files, first_rows=[0, 5], shape=(10, 3))
    monkeypatch.setattr(_native, "outline", lambda *_: outlined)
    parts = parts_of("s3://pools/*.npy")
    assert [part.files for part in parts] == [("s3://pools/part-0.npy",), ("s3://pools/part-1.npy",)]
    assert [part.stamps() for part in parts] == [{}, {}]


def test_objects_of_a_store_that_are_changed_are_noticed(tmp_path, files, store, whole):
    checkpoint = tmp_path / "picks.json"
    select(store, checkpoint=checkpoint)
    assert (
        select(store, 2 * BUDGET, checkpoint=checkpoint).centers.tolist() == farpoint.select(whole, 2 * BUDGET).centers.tolist()
    )
    known = _holder.Holder("cpu", 1).open(store[0], None)
    assert _holder.Holder("cpu", 1).open(store[0], known) == known
    np.save(files / "part-0.npy", whole[:150] + np.float32(1e-3))
    with pytest.raises(OSError, match="part-0.npy ... part-1.npy was changed after the run began: it has other rows"):
        _holder.Holder("cpu", 1).open(store[0], known)
    refused(store, checkpoint, "values of some rows was")


def test_a_file_that_is_changed_in_the_last_round_is_noticed(files, whole, monkeypatch):
    parts, real = parts_of(files), _select._Run._coordinate

    def coordinate(run, *arguments):
        answer = real(run, *arguments)
        np.save(files / "part-2.npy", whole[:200])
        return answer

    monkeypatch.setattr(_select._Run, "_coordinate", coordinate)
    with pytest.raises(OSError, match="part-2.npy was changed after the run began") as raised:
        select(parts)
    assert len(raised.value.selection) == BUDGET


def test_a_checkpoint_is_written_now_and_then(tmp_path, monkeypatch):
    monkeypatch.setattr(_checkpoint, "INTERVAL", 0.0)
    checkpoint = _checkpoint.Checkpoint(tmp_path / "picks.json", {"rows": 5})
    assert checkpoint.read() is None
    checkpoint.picked([3])
    checkpoint.picked([1, 2])
    assert checkpoint.read().centers == [3, 1, 2]
    with pytest.raises(ValueError, match="rows was 5 and is 2"):
        _checkpoint.Checkpoint(tmp_path / "picks.json", {"rows": 2}).read()
    with pytest.raises(FileNotFoundError, match="no such folder"):
        _checkpoint.Checkpoint(tmp_path / "none" / "picks.json", {})


def test_a_smaller_budget_and_a_larger_stop_radius_go_on_from_a_checkpoint(tmp_path, files, whole):
    checkpoint, parts = tmp_path / "picks.json", parts_of(files)
    expected = farpoint.select(whole, 200)
    select(parts, 200, checkpoint=checkpoint)
    assert select(parts, 5, checkpoint=checkpoint).centers.tolist() == expected.centers[:5].tolist()
    assert picks_in(checkpoint) == expected.centers.tolist()
    radius = float(expected.radii[90])
    stopped = select(parts, 200, checkpoint=checkpoint, stop_radius=radius)
    assert stopped.centers.tolist() == farpoint.select(whole, 200, stop_radius=radius).centers.tolist()
    assert len(stopped) <= 91 and picks_in(checkpoint) == expected.centers.tolist()
    own = tmp_path / "own.json"
    assert select(parts, 200, checkpoint=own, stop_radius=radius).centers.tolist() == picks_in(own)
    smaller = select(parts, 200, checkpoint=own, stop_radius=float(expected.radii[120]))
    assert smaller.centers.tolist() == expected.centers[:121].tolist() == picks_in(own)
    labeled = select(parts, 200, checkpoint=tmp_path / "labeled.json", labeled=[3])
    one = select(parts, 200, checkpoint=tmp_path / "labeled.json", labeled=[3], stop_radius=labeled.initial_radius)
    assert len(one) == 0


@pytest.mark.parametrize(
    "written",
    [
        {},
        [],
        {"question": [], "centers": []},
        {"centers": [0, 10**30]},
        {"centers": [0, 1.5]},
        {"centers": [0, True]},
        {"centers": [0, 600]},
        {"centers": [0, -1]},
        {"centers": [0, 0]},
        {"centers": {"0": 1}},
        {"centers": [0], "stop_radius": "a"},
        "[" * 100_000,
    ],
)
def test_what_is_no_checkpoint_is_told_in_one_line(tmp_path, files, written):
    checkpoint, parts = tmp_path / "picks.json", parts_of(files)
    if isinstance(written, dict) and "question" not in written and written:
        select(parts, 3, checkpoint=checkpoint)
        written = json.loads(checkpoint.read_text()) | written
    checkpoint.write_text(written if isinstance(written, str) else json.dumps(written))
    with pytest.raises(ValueError) as raised:
        select(parts, checkpoint=checkpoint)
    assert str(raised.value).startswith(str(checkpoint)) and "\n" not in str(raised.value)
    assert "is no checkpoint" in str(raised.value) or written == {"question": [], "centers": []}


def test_a_checkpoint_on_a_full_disk_is_named_and_the_picks_are_kept(tmp_path, files, monkeypatch):
    checkpoint, parts = tmp_path / "picks.json", parts_of(files)
    monkeypatch.setattr(os, "fsync", full_disk)
    monkeypatch.setattr(_checkpoint, "INTERVAL", 1e9)
    with pytest.raises(OSError, match="No space left on device: .*picks.json") as raised:
        select(parts, checkpoint=checkpoint)
    assert raised.value.filename == str(checkpoint) and len(raised.value.selection) == BUDGET
    monkeypatch.setattr(_checkpoint, "INTERVAL", -1.0)
    with pytest.raises(OSError, match="No space left on device: .*picks.json") as raised:
        select(parts, 300, checkpoint=checkpoint)
    assert raised.value.selection is not None
    assert os.listdir(tmp_path) == ["pool"]


def test_distances_on_a_full_disk_are_named_and_the_picks_are_kept(tmp_path, files, monkeypatch):
    monkeypatch.setattr(np, "save", full_disk)
    folder = tmp_path / "distances"
    with pytest.raises(OSError, match="distances-00000-of-row-000000000000.npy: No space left on device") as raised:
        select(parts_of(files), folder=str(folder))
    assert len(raised.value.selection) == BUDGET and os.listdir(folder) == []


def test_a_run_that_fails_keeps_its_first_error_and_asks_for_ids_once(tmp_path, objects, whole, monkeypatch):
    run, asked = run_of(blocks(*np.split(whole, 2)), 300), []

    def call(common, own):
        asked.append(len(own))
        if len(asked) == 12:
            raise KeyboardInterrupt
        return real(common, own)

    def once(method, arguments, within):
        assert within <= 5
        asked.append(method)
        raise ray.exceptions.GetTimeoutError("busy")

    real, run.shards.call, run.shards.once = run.shards.call, call, once
    checkpoint = run.go_on_from(tmp_path / "picks.json")
    with pytest.raises(KeyboardInterrupt) as raised:
        run.run(checkpoint, False, None, True)
    assert asked[12:] == ["ids"]
    assert 0 < len(raised.value.selection) < 300 and raised.value.selection.ids is None
    assert picks_in(tmp_path / "picks.json") == raised.value.selection.centers.tolist()


def test_an_interruption_while_distances_are_found_again_is_told(tmp_path, files, monkeypatch):
    run = run_of(parts_of(files), assign=True)

    def files_of(folder):
        def call(common, own):
            raise KeyboardInterrupt

        run.shards.call = call
        raise _shards.StartedAgain

    run.shards.files = files_of
    with pytest.raises(KeyboardInterrupt) as raised:
        run.run(None, True, str(tmp_path), False)
    assert len(raised.value.selection) == BUDGET


def test_distances_of_two_runs_are_not_mixed(tmp_path, files):
    folder = tmp_path / "distances"
    selection = select(parts_of(files, 3), folder=str(folder))
    assert sorted(os.listdir(folder)) == sorted(map(os.path.basename, selection.distances))
    shards = Local(parts_of(files, 2))
    with pytest.raises(
        FileExistsError, match="has distances of an earlier run, such as assignment-00000-of-row-000000000000.npy"
    ):
        _select._check_no_distances(shards, str(folder))
    for name in selection.distances:
        os.unlink(name)
    (folder / "notes.txt").touch()
    _select._check_no_distances(shards, str(folder))
    _select._check_no_distances(shards, str(tmp_path / "none"))


class Ids:
    """Parts whose ids are given."""

    def __init__(self, *columns):
        pyarrow = pytest.importorskip("pyarrow")
        columns = [pyarrow.chunked_array([column]) for column in columns]
        self.reads = [0] * len(columns)
        self.shards = object.__new__(Local)
        self.shards.parts, self.shards._about = list(map(self._part, range(len(columns)), columns)), {}
        self.shards._opened = {at: _holder.Opened(len(column), 1, "f32", {}, []) for at, column in enumerate(columns)}
        self.shards._actors = [Calls(_holder.Holder("cpu", 1)) for _ in columns]
        for actor, part in zip(self.shards._actors, self.shards.parts):
            actor.holder._part = part

    def _part(self, at, column):
        def ids():
            self.reads[at] += 1
            return column

        return type("Part", (), {"ids": staticmethod(ids), "id_column": "key", "label": f"part {at}"})

    def check(self):
        _ids.check_distinct(self.shards, "key")


def test_ids_that_stand_twice_are_found_whatever_type_they_are_of(monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    array = pyarrow.array
    texts = array(["a", "b", "c"])
    for first, second in [
        (array([1, 2, 3]), array([4, 3], pyarrow.int32())),
        (array([1, 2, 3], pyarrow.uint8()), array([4, 3])),
        (texts, array(["d", "c"]).dictionary_encode()),
        (texts.cast(pyarrow.large_string()), array(["c"])),
        (array([b"a", b"c"]), array([b"c"], pyarrow.binary(1))),
        (array([0.5, 0.0]), array([-0.0])),
    ]:
        with pytest.raises(ValueError, match=r"the id (3|'c'|b'c'|0.0|-0.0) of the column 'key' stands at 2 rows"):
            Ids(first, second).check()
        Ids(first).check()
    Ids(array([-1, 1]), array([2**64 - 1], pyarrow.uint64())).check()
    for first, second, row in [(array([1, 2]), array([3, None]), 3), (texts, array([None, "d"]).dictionary_encode(), 3)]:
        with pytest.raises(ValueError, match=f"row {row} has no id in the column 'key'"):
            Ids(first, second).check()
    with pytest.raises(TypeError, match=r"shard 0 \(part 0\) has whole numbers, shard 1 \(part 1\) texts"):
        Ids(array([1, 2]), texts).check()
    with pytest.raises(TypeError, match="ids of the type struct"):
        Ids(array([{"a": 1}])).check()


def test_ids_are_read_and_hashed_once(monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    monkeypatch.setattr(_ids, "AT_ONCE", 10)
    given = Ids(pyarrow.array(range(0, 200, 2)), pyarrow.array(range(1, 200, 2)))
    given.check()
    assert given.reads == [1, 1]
    assert all(actor.holder._hashes is None for actor in given.shards._actors)
    holder = given.shards._actors[0].holder
    holder.hash_ids(0)
    buckets = [len(holder.id_hashes(bucket, 20)) for bucket in range(20)]
    assert sum(buckets) == 100 and max(buckets) <= 10


def test_a_process_that_was_started_again_says_that_it_has_nothing():
    holder = _holder.Holder("cpu", 1)
    asked = [holder.answer(holder._life, b"", b""), holder.is_unchanged(), holder.prints([0]), holder.ids(np.array([0]))]
    asked += [holder.hash_ids(0), holder.id_hashes(0, 1), holder.ids_of(np.uint64(0)), holder.write("x", 0, 0)]
    assert asked == [None] * 8


def test_pools_without_rows_and_references_to_lists(objects):
    class Empty:
        def schema(self):
            return None

    with pytest.raises(ValueError, match="the pool has no rows"):
        _pools._dataset(Empty(), 2, None, None)
    with pytest.raises(TypeError, match=r"these references are to a list: a pool is of references to arrays \(n, d\)"):
        blocks([[1.0, 2.0]])[0].open()
    with pytest.raises(ValueError, match="these blocks have no rows"):
        blocks(np.empty((0, 3)))[0].open()

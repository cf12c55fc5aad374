"""Readers on tiny files of the official formats, splits, and what bad files are told."""

from __future__ import annotations

import gzip
import os
import pickle
import struct
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from farpoint_experiments import datasets
from farpoint_experiments.datasets import DataSet, load
from farpoint_experiments.datasets.dataset import hold_out_by_class, standardized


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    """Ten and ten images of 28 x 28; the pixel at (row 2, column 3) of image i is i + 1, or 100 + i in the test part."""
    for part, first in (("train", 1), ("t10k", 100)):
        images = np.zeros((10, 28, 28), np.uint8)
        images[:, 2, 3] = np.arange(first, first + 10)
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(idx(images))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.arange(10)[::-1])))
    return tmp_path


@pytest.mark.filterwarnings("ignore:.*has one row")
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_idx_files_are_read_packed_or_not(mnist: Path, name: str) -> None:
    data = load(name, mnist)
    assert data.pool.shape == data.test.shape == (10, 1, 28, 28) and data.pool.dtype == np.uint8
    assert data.pool[4, 0, 2, 3] == 5 and data.test[4, 0, 2, 3] == 104 and data.pool.sum() == 55
    assert data.labels.tolist() == data.test_labels.tolist() == list(range(9, -1, -1)) and data.labels.dtype == np.int64
    assert data.classes[9] == {"mnist": "9", "fashion_mnist": "Ankle boot"}[name]


def test_idx_files_that_are_damaged(mnist: Path) -> None:
    labels, images = mnist / "t10k-labels-idx1-ubyte.gz", mnist / "train-images-idx3-ubyte"
    whole = images.read_bytes()
    for damaged, message in (
        (whole[:-1], "7839 bytes where its header has"),
        (whole[:9], "ends inside"),
        (b"PNG.....", "not an idx"),
    ):
        images.write_bytes(damaged)
        with pytest.raises(ValueError, match=message):
            load("mnist", mnist)
    images.write_bytes(whole)
    labels.write_bytes(labels.read_bytes()[:-12])
    with pytest.raises(ValueError, match="t10k-labels"):
        load("mnist", mnist)
    labels.unlink()
    with pytest.raises(FileNotFoundError, match="t10k-labels-idx1-ubyte is not there: run experiments/fetch-data"):
        load("mnist", mnist)


def test_digits_have_a_fixed_split() -> None:
    data, again = load("digits"), load("digits")
    assert data.pool.shape == (1297, 1, 8, 8) and data.test.shape == (500, 1, 8, 8)
    assert np.array_equal(data.pool, again.pool) and data.pool.max() == 240 and data.pool.min() == 0
    # Every image is in one part; counts of classes are those of scikit-learn's documentation.
    assert np.bincount(np.concatenate([data.labels, data.test_labels])).tolist() == [
        178,
        182,
        177,
        183,
        181,
        182,
        181,
        179,
        174,
        180,
    ]
    assert np.bincount(data.labels).tolist() == [131, 131, 128, 126, 133, 130, 134, 127, 121, 136]


def rda(folder: Path, table: str, label: str, names: list[str], rows: int, columns: int) -> None:
    """A table of mlbench in its form: column j of row i is i * (j + 1), column 0 is constant."""
    pandas, pyreadr = pytest.importorskip("pandas"), pytest.importorskip("pyreadr")
    features = np.outer(np.arange(rows), np.arange(columns) + 1.0)
    features[:, 0] = 7
    frame = pandas.DataFrame(features, columns=[f"V{j}" for j in range(columns)])
    frame[label] = pandas.Categorical(np.array(names)[np.arange(rows) % len(names)])
    pyreadr.write_rdata(str(folder / f"{table}.rda"), frame, df_name=table)


def test_letter_is_split_and_standardized_by_the_pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyreadr

    rda(tmp_path, "LetterRecognition", "lettr", list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 20_000, 16)
    read = pyreadr.read_r

    def with_factor(path: Path) -> dict:  # pyreadr writes a factor as text.
        tables = read(path)
        tables["LetterRecognition"]["lettr"] = tables["LetterRecognition"]["lettr"].astype("category")
        return tables

    monkeypatch.setattr(pyreadr, "read_r", with_factor)
    data = load("letter", tmp_path)
    assert data.pool.shape == (16_000, 16) and data.test.shape == (4_000, 16) and data.classes[25] == "Z"
    assert data.labels[:28].tolist() == [*range(26), 0, 1] and data.test_labels[0] == 16_000 % 26
    assert np.all(data.pool[:, 0] == 0) and np.allclose(data.pool[:, 3].std(), 1, atol=1e-5)
    # 0..15,999 have mean 7,999.5 and deviation sqrt((16,000**2 - 1) / 12).
    assert data.test[0, 3] == pytest.approx((16_000 - 7_999.5) / np.sqrt((16_000**2 - 1) / 12), rel=1e-6)


def test_rda_files_that_are_damaged_short_or_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="LetterRecognition.rda is not there: run experiments/fetch-data"):
        load("letter", tmp_path)
    rda(tmp_path, "Shuttle", "Class", ["a", "b"], 12, 9)
    with pytest.raises(ValueError, match="12 rows, not the 58000 of Shuttle"):
        load("shuttle", tmp_path)
    (tmp_path / "Shuttle.rda").write_bytes(b"RDX2 and no more")
    with pytest.raises(ValueError, match="not mlbench's table Shuttle"):
        load("shuttle", tmp_path)


def cifar(path: Path, key: bytes, labels: list[int], first: int) -> None:
    """Image i is full of first + i in red, and of 3 at the last position of blue."""
    data = np.zeros((len(labels), 3072), np.uint8)
    data[:, :1024] = (first + np.arange(len(labels)))[:, None]
    data[:, 3071] = 3
    path.write_bytes(as_python_2({key: labels, b"data": data}))


def as_python_2(content: dict) -> bytes:
    """As the official files were pickled: protocol 2, NumPy under its old names, bytes as they are."""
    import io

    class Python2(pickle._Pickler):  # type: ignore[misc,name-defined]
        dispatch = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined]

        def save_bytes(self, value: bytes) -> None:
            self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)
            self.memoize(value)

        dispatch[bytes] = save_bytes

    file = io.BytesIO()
    Python2(file, 2).dump(content)
    return file.getvalue().replace(b"numpy._core", b"numpy.core")


def test_cifar10_of_its_official_files(tmp_path: Path) -> None:
    inner = tmp_path / "cifar-10-batches-py"
    inner.mkdir()
    for part in range(1, 6):
        cifar(inner / f"data_batch_{part}", b"labels", [2 * part - 2, 2 * part - 1], 10 * part)
    cifar(inner / "test_batch", b"labels", [9, 0, 3], 200)
    (inner / "batches.meta").write_bytes(as_python_2({b"label_names": [b"class %d" % i for i in range(10)]}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data, same = load("cifar10", tmp_path), load("cifar10", inner)
    assert data.pool.shape == (10, 3, 32, 32) and np.array_equal(data.pool, same.pool)
    assert data.pool[:, 0, 5, 5].tolist() == [10, 11, 20, 21, 30, 31, 40, 41, 50, 51]
    assert np.all(data.pool[:, 2, 31, 31] == 3) and np.all(data.pool[:, 1] == 0)
    assert data.labels.tolist() == list(range(10)) and data.test_labels.tolist() == [9, 0, 3]
    assert data.classes[7] == "class 7" and data.test[2, 0, 0, 0] == 202


@pytest.mark.filterwarnings("ignore:.*has one row")
def test_cifar100_has_its_fine_labels(tmp_path: Path) -> None:
    cifar(tmp_path / "train", b"fine_labels", [1, 0, 2], 50)
    cifar(tmp_path / "test", b"fine_labels", [2], 60)
    (tmp_path / "meta").write_bytes(as_python_2({b"fine_label_names": [b"apple", b"bee", b"cup"]}))
    data = load("cifar100", tmp_path)
    assert data.labels.tolist() == [1, 0, 2] and data.classes == ("apple", "bee", "cup") and data.test[0, 0, 1, 1] == 60


class Evil:
    def __reduce__(self) -> tuple:
        return os.system, ("echo ran > ran",)


def test_cifar_files_run_no_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train").write_bytes(pickle.dumps({b"data": Evil()}))
    with pytest.raises(ValueError, match="train: refers to posix.system"):
        load("cifar100", tmp_path)
    assert not (tmp_path / "ran").exists()


def test_cifar_files_that_are_damaged_or_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="cifar-100-python, from its official page and unpack it in"):
        load("cifar100", tmp_path)
    cifar(tmp_path / "train", b"coarse_labels", [0, 1], 1)
    with pytest.raises(ValueError, match="no list fine_labels of 2 labels"):
        load("cifar100", tmp_path)
    (tmp_path / "train").write_bytes((tmp_path / "train").read_bytes()[:-100])
    with pytest.raises(ValueError, match="train: "):
        load("cifar100", tmp_path)


@pytest.mark.filterwarnings("ignore:.*has one row")
def test_svhn_has_rows_first_and_ten_as_zero(tmp_path: Path) -> None:
    savemat = pytest.importorskip("scipy.io").savemat
    images = np.zeros((32, 32, 3, 10), np.uint8)
    images[1, 2, 0] = np.arange(10) + 20
    for part in ("train", "test"):
        savemat(tmp_path / f"{part}_32x32.mat", {"X": images, "y": np.arange(1, 11, dtype=np.uint8)[:, None]})
    data = load("svhn", tmp_path)
    assert data.pool.shape == (10, 3, 32, 32) and data.pool[:, 0, 1, 2].tolist() == list(range(20, 30))
    assert data.labels.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0] and data.pool.sum() == sum(range(20, 30))
    savemat(tmp_path / "test_32x32.mat", {"X": images[..., 0], "y": np.arange(1, 11, dtype=np.uint8)[:, None]})
    with pytest.raises(ValueError, match=r"test_32x32.mat: X is uint8 \(32, 32, 3\), not"):
        load("svhn", tmp_path)
    (tmp_path / "test_32x32.mat").write_bytes(b"MATLAB 5.0")
    with pytest.raises(ValueError, match="test_32x32.mat: not a file of SVHN"):
        load("svhn", tmp_path)
    (tmp_path / "test_32x32.mat").unlink()
    with pytest.raises(FileNotFoundError, match="SVHN's official page"):
        load("svhn", tmp_path)


def features(folder: Path, n: int = 20) -> np.ndarray:
    rows = np.arange(3.0 * n).reshape(n, 3)
    np.save(folder / "features.npy", rows)
    return rows


def test_files_hold_out_a_part_of_each_class(tmp_path: Path) -> None:
    rows = features(tmp_path)
    names = ["cat"] * 15 + ["dog"] * 5
    (tmp_path / "labels.csv").write_text("\n".join(names) + "\n")
    data = load("files", tmp_path, labels="labels.csv")
    assert data.classes == ("cat", "dog") and np.bincount(data.test_labels).tolist() == [3, 1]
    assert data.pool.dtype == np.float32 and len(data.pool) == 16
    everything = np.concatenate([data.pool, data.test])
    assert sorted(everything[:, 0].tolist()) == rows[:, 0].tolist()
    # Column 0 of row i is 3 i, which tells the label of every row wherever it went.
    assert [names[int(x) // 3] for x in data.pool[:, 0]] == [data.classes[label] for label in data.labels]
    other = load("files", tmp_path, labels="labels.csv", seed=1)
    assert not np.array_equal(other.test, data.test)
    assert np.array_equal(load("files", tmp_path, labels="labels.csv").test, data.test)


def test_files_with_test_files_keep_their_order(tmp_path: Path) -> None:
    rows = features(tmp_path)
    np.save(tmp_path / "labels.npy", np.arange(20) % 2 * 10)
    np.save(tmp_path / "t.npy", rows[:2])
    (tmp_path / "t.txt").write_text("10\n0\n")
    data = load("files", tmp_path, test_features="t.npy", test_labels="t.txt")
    assert np.array_equal(data.pool, rows) and data.labels[:3].tolist() == [0, 1, 0]
    assert data.classes == ("0", "10") and data.test_labels.tolist() == [1, 0]


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    rows = features(tmp_path)
    np.save(tmp_path / "labels.npy", np.arange(19) % 2)
    with pytest.raises(ValueError, match="features.npy has 20 rows, .*labels.npy 19 labels"):
        load("files", tmp_path)
    np.save(tmp_path / "labels.npy", np.arange(20) % 2)
    rows[7, 2] = np.nan
    np.save(tmp_path / "features.npy", rows)
    with pytest.raises(ValueError, match="features.npy: row 7, column 2 is nan"):
        load("files", tmp_path)
    (tmp_path / "features.npy").write_bytes((tmp_path / "features.npy").read_bytes()[:-8])
    with pytest.raises(ValueError, match="features.npy: "):
        load("files", tmp_path)
    features(tmp_path)
    (tmp_path / "gap.txt").write_text("a\n\nb\n")
    with pytest.raises(ValueError, match="gap.txt: line 2 has no label"):
        load("files", tmp_path, labels="gap.txt")
    with pytest.raises(ValueError, match="both or neither"):
        load("files", tmp_path, test_features="features.npy")
    with pytest.raises(FileNotFoundError, match="none.npy is not there: the data set files wants"):
        load("files", tmp_path, features="none.npy")


@pytest.mark.parametrize(
    ("content", "classes"),
    [
        (b"\xef\xbb\xbfa\nb\n", ("a", "b")),
        (b"01\n1\n", ("01", "1")),
        (b"1_0\n10\n", ("10", "1_0")),
        (b"10\n9\n", ("9", "10")),
        (b"9\n99999999999999999999\n", ("9", "99999999999999999999")),
    ],
)
def test_labels_are_the_words_of_their_lines(tmp_path: Path, content: bytes, classes: tuple[str, ...]) -> None:
    features(tmp_path)
    first, rest = content[: content.index(b"\n") + 1], content[content.index(b"\n") + 1 :]
    (tmp_path / "labels.txt").write_bytes(first + rest + (first.removeprefix(b"\xef\xbb\xbf") + rest) * 9)
    assert load("files", tmp_path, labels="labels.txt").classes == classes


def test_labels_that_are_no_text(tmp_path: Path) -> None:
    features(tmp_path)
    (tmp_path / "labels.txt").write_bytes(b"caf\xe9\n" * 20)
    with pytest.raises(ValueError, match="labels.txt: 'utf-8' codec can't decode"):
        load("files", tmp_path, labels="labels.txt")


def test_arrays_that_hold_no_features(tmp_path: Path) -> None:
    for shape in ((0, 3), (20, 0)):
        np.save(tmp_path / "features.npy", np.zeros(shape))
        np.save(tmp_path / "labels.npy", np.arange(shape[0]) % 2)
        with pytest.raises(ValueError, match="features.npy: .* is no row, or rows of no feature"):
            load("files", tmp_path)
    np.savez(tmp_path / "features.npz", np.zeros((20, 3)))
    (tmp_path / "features.npz").rename(tmp_path / "features.npy")
    with pytest.raises(ValueError, match="features.npy: an archive"):
        load("files", tmp_path)


def test_a_class_of_the_test_rows_that_the_pool_lacks(tmp_path: Path) -> None:
    features(tmp_path)
    np.save(tmp_path / "labels.npy", np.arange(20) % 2)
    (tmp_path / "t.txt").write_text("\n".join(["0"] * 19 + ["7"]))
    with pytest.raises(ValueError, match="no row of the pool has class 7"):
        load("files", tmp_path, test_features="features.npy", test_labels="t.txt")


def test_a_class_of_one_row_stays_in_the_pool_and_warns(tmp_path: Path) -> None:
    features(tmp_path)
    (tmp_path / "labels.txt").write_text("\n".join(["a"] * 19 + ["rare"]))
    with pytest.warns(UserWarning, match="files: class rare has one row in the pool"):
        data = load("files", tmp_path, labels="labels.txt", hold_out=0.5)
    assert data.labels.sum() == 1 and data.test_labels.sum() == 0 and len(data.test) == 9


def image(path: Path, color: tuple[int, int, int], size: tuple[int, int] = (6, 4)) -> None:
    pil = pytest.importorskip("PIL.Image")
    path.parent.mkdir(parents=True, exist_ok=True)
    pil.new("RGB", size, color).save(path)


def test_images_of_a_folder_a_class(tmp_path: Path) -> None:
    for row in range(5):
        image(tmp_path / "red" / f"{row}.png", (250, row, 0))
        image(tmp_path / "blue" / f"{row}.png", (0, row, 200), size=(9, 9))
    (tmp_path / "red" / "notes.txt").write_text("no image")
    image(tmp_path / ".cache" / "0.png", (1, 1, 1))
    (tmp_path / "red" / "._0.png").write_text("no image either")
    data = load("images", tmp_path, size=8)
    assert (
        data.pool.shape == (8, 3, 8, 8) and data.classes == ("blue", "red") and np.bincount(data.test_labels).tolist() == [1, 1]
    )
    assert data.labels.tolist() == [0] * 4 + [1] * 4
    assert np.all(data.pool[:4, 2] == 200) and np.all(data.pool[4:, 0] == 250)
    assert sorted(np.concatenate([data.pool, data.test])[:, 1, 0, 0].tolist()) == sorted([*range(5), *range(5)])
    assert load("images", tmp_path, size=8, grey=True).pool.shape == (8, 1, 8, 8)


@pytest.mark.filterwarnings("ignore:.*has one row")
def test_images_of_train_and_test_folders(tmp_path: Path) -> None:
    for part, shade in (("train", 10), ("test", 90)):
        for name in ("a", "b"):
            image(tmp_path / part / name / "0.png", (shade, shade, shade))
    data = load("images", tmp_path, size=4)
    assert np.all(data.pool == 10) and np.all(data.test == 90) and data.labels.tolist() == [0, 1]
    (tmp_path / "test" / "b" / "0.png").write_bytes(b"\x89PNG and no more")
    with pytest.raises(ValueError, match="b/0.png: "):
        load("images", tmp_path)
    with pytest.raises(ValueError, match="no class has rows enough for a hold_out of 0.2"):
        load("images", tmp_path / "train")
    with pytest.raises(FileNotFoundError, match="a has no images: it wants one sub-folder a class"):
        load("images", tmp_path / "train" / "a")


def test_names_and_options_that_are_unknown() -> None:
    with pytest.raises(ValueError, match="no data set 'minst'; there are: fashion_mnist, mnist, digits"):
        load("minst")
    with pytest.raises(ValueError, match="images takes no option 'pixels'; it takes: size, grey, hold_out, seed"):
        load("images", pixels=3)
    assert len(datasets.NAMES) == 10


def test_data_sets_reject_what_no_loader_may_give() -> None:
    rows, labels = np.zeros((4, 2), np.float32), np.array([0, 1, 0, 1])
    good = DataSet("x", rows, labels, rows, labels, ("a", "b"))
    assert good.shape == (2,) and {good: 1}[good] == 1
    for changed, message in (
        ({"labels": labels[:3]}, "pool has 4 rows and 3 labels"),
        ({"labels": labels + 1}, "labels are int64 from 0 to 1, not int64 1 to 2"),
        ({"labels": np.zeros(4, np.int64)}, "no row of the pool has class b"),
        ({"pool": rows.astype(np.float64)}, "pool is float64"),
        ({"test": np.zeros((4, 3), np.float32)}, r"pool rows are \(2,\), test rows \(3,\)"),
        ({"test": np.full((4, 2), np.inf, np.float32)}, "test: row 0, column 0 is inf"),
        ({"pool": rows[:0], "labels": labels[:0]}, "pool has no rows"),
    ):
        with pytest.raises(ValueError, match=message):
            DataSet(**{**vars(good), **changed})


def test_standardized_by_hand() -> None:
    pool, test = standardized(np.array([[1.0, 5], [3, 5]]), np.array([[5.0, 6]]))
    assert pool.tolist() == [[-1, 0], [1, 0]] and test.tolist() == [[3, 1]]


def test_hold_out_by_class_partitions() -> None:
    labels = np.repeat([3, 1, 2], [10, 1, 4])
    kept, held = hold_out_by_class(labels, 0.25, seed=0)
    assert sorted([*kept, *held]) == list(range(15)) and np.bincount(labels[held], minlength=4).tolist() == [0, 0, 1, 2]
    with pytest.raises(ValueError, match="hold_out is 1.0"):
        hold_out_by_class(labels, 1.0, seed=0)


def test_fetch_data_does_nothing_for_what_is_there_and_names_what_it_has(tmp_path: Path) -> None:
    script = Path(__file__).parents[1] / "fetch-data"
    copy = tmp_path / "fetch-data"
    copy.write_bytes(script.read_bytes())
    for name in ("fashion_mnist", "mlbench", "mnist"):
        (tmp_path / "data" / name).mkdir(parents=True)
    done = subprocess.run(["bash", str(copy)], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    unknown = subprocess.run(["bash", str(copy), "cifar10"], capture_output=True, text=True)
    assert unknown.returncode == 2 and "no registry holds cifar10" in unknown.stderr


@pytest.mark.skipif(not (datasets.dataset.DATA / "fashion_mnist").exists(), reason="experiments/fetch-data was not run")
def test_fashion_mnist_itself() -> None:
    data = load("fashion_mnist")
    assert data.pool.shape == (60_000, 1, 28, 28) and np.all(np.bincount(data.labels) == 6_000)
    assert data.labels[:5].tolist() == [9, 0, 0, 3, 0] and np.all(np.bincount(data.test_labels) == 1_000)
    assert data.pool.mean() == pytest.approx(72.94, abs=0.01)


@pytest.mark.skipif(not (datasets.dataset.DATA / "mlbench").exists(), reason="experiments/fetch-data was not run")
def test_letter_and_shuttle_themselves() -> None:
    letter, shuttle = load("letter"), load("shuttle")
    assert [letter.classes[label] for label in letter.labels[:3]] == ["T", "I", "D"] and len(letter.pool) == 16_000
    assert np.bincount(shuttle.labels).tolist() == [34108, 37, 132, 6748, 2458, 6, 11] and shuttle.classes[0] == "Rad.Flow"


def test_importing_the_data_sets_imports_no_torch() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, farpoint_experiments.datasets; print('torch' in sys.modules)"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert done.stdout.strip() == "False"

"""What the examples of labeling do where no person sees it."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("answer", "classes", "expected"),
    [
        ("no", ["no", "not-sure"], "no"),
        ("not", ["no", "not-sure"], "not-sure"),
        ("n", ["no", "not-sure"], None),
        ("2", ["no", "not-sure"], "not-sure"),
        ("1", ["2", "1"], "1"),
        ("3", ["10", "30", "20"], "20"),
        ("1", ["7", "11", "12"], "7"),
        ("0", ["no", "not-sure"], None),
    ],
)
def test_an_answer_is_a_class_then_its_number_then_its_beginning(answer, classes, expected):
    pytest.importorskip("sklearn")
    assert example("label_texts").meant(answer, classes) == expected


def test_rows_that_ceal_trusts_are_trained_on(monkeypatch):
    torch = pytest.importorskip("torch")
    images = example("label_images")
    trained = []

    class Sure(torch.nn.Module):
        """Sure that all images are zeros."""

        encoder = torch.nn.Flatten()

        def head(self, embeddings):
            return torch.tensor([20.0, 0.0]).expand(len(embeddings), 2)

        def forward(self, x):
            return self.head(self.encoder(x))

    def train(x, labels):
        trained.append(labels.tolist())
        return Sure()

    monkeypatch.setattr(images, "train", train)
    pool = torch.zeros(40, 1, 8, 8), torch.ones(40, dtype=torch.long)
    images.rounds("ceal", 2, 5, pool, pool)
    assert [np.bincount(labels, minlength=2).tolist() for labels in trained] == [[0, 20], [15, 25], [10, 30]]

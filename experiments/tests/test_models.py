"""Networks: their sizes, features, initialization, and what they refuse."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from farpoint_experiments import models  # noqa: E402
from farpoint_experiments.datasets import DataSet  # noqa: E402

IMAGE = (1, 28, 28)
SHAPES = {name: (1280,) if name.startswith("efficientnet") else IMAGE for name in models.NAMES}


@functools.cache  # VGG-16 has 15M weights to draw.
def built(name: str) -> models.Network:
    torch.manual_seed(0)
    return models.build(name, SHAPES[name], 10, dropout=0.5).eval()


@pytest.mark.parametrize("name", models.NAMES)
def test_logits_are_the_head_of_the_penultimate_layer(name: str) -> None:
    network = built(name)
    x = torch.randn(3, *SHAPES[name])
    with torch.no_grad():
        layers = network.body(x)
        penultimate = layers["penultimate"]
        by_hand = penultimate @ network.head.weight.T + network.head.bias
        assert torch.allclose(network(x), by_hand, rtol=1e-4, atol=1e-4) and by_hand.shape == (3, 10)
    if name != "efficientnet_lite0":  # Its penultimate layer is what it is given.
        assert penultimate.min() >= 0 and (penultimate == 0).any()
    if name.startswith("vgg16"):
        assert layers["pool5"].shape == (3, 512) and layers["pool5"].min() >= 0
    # Each row's features are its own.
    with torch.no_grad():
        assert torch.allclose(
            network.body(x[1:2])["penultimate"], penultimate[1:2], rtol=1e-3, atol=1e-3 * penultimate.max().item()
        )


def test_weights_are_as_many_as_said() -> None:
    def weights(name: str) -> int:
        return sum(weight.numel() for weight in built(name).parameters())

    # By hand: convolutions 9 (1x16 + 16x32 + 32x64), batch norms 2 (16 + 32 + 64 + 512), 576 x 512, head 513 x 10.
    assert weights("cnn_small") == 9 * (16 + 512 + 2048) + 2 * 624 + 576 * 512 + 5130 == 324_474
    assert weights("cnn_large") == 9 * (32 + 2048) + 2 * 608 + 3136 * 512 + 5130 == 1_630_698
    convolutions = 9 * (64 + 64 * 64 + 64 * 128 + 128**2 + 128 * 256 + 2 * 256**2 + 256 * 512 + 5 * 512**2)
    assert weights("vgg16") == convolutions + 2 * 4224 + 2 * (512**2 + 1024) + 5130
    assert weights("vgg16_released") == convolutions + 4224 + 2 * 513 * 512 + 5130
    assert weights("mlp") == 784 * 256 + 256 * 128 + 2 * 384 + 1290
    assert weights("efficientnet_lite0") == 12_810


@pytest.mark.parametrize("name", ["cnn_small", "vgg16", "mlp"])
def test_weights_are_hes(name: str) -> None:
    for module in built(name).modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            fan_in = module.weight[0].numel()
            spread = 4 / math.sqrt(2 * module.weight.numel())
            assert module.weight.detach().std().item() == pytest.approx(math.sqrt(2 / fan_in), rel=spread)
            assert module.bias is None or not module.bias.any()


def test_weights_of_the_released_variant() -> None:
    network = built("vgg16_released")
    for module in network.modules():
        assert not isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d)
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            assert module.weight.abs().max() <= 0.2 and torch.all(module.bias == 0.1)
    # A normal of deviation 0.1 cut at two deviations has deviation 0.088.
    assert network.convolutions[26].weight.detach().std().item() == pytest.approx(0.08796, rel=0.01)


def test_vgg16_pads_28_by_its_edge_to_32() -> None:
    network = built("vgg16")
    x = torch.randn(1, *IMAGE)
    padded = torch.nn.functional.pad(x, (2, 2, 2, 2), mode="replicate")
    with torch.no_grad():
        logits, black = network(x), network(torch.nn.functional.pad(x, (2, 2, 2, 2)))
        assert torch.equal(logits, network(padded)) and not torch.equal(logits, black)


def test_dropout_stands_before_the_head_only() -> None:
    network = models.build("cnn_small", IMAGE, 10, dropout=0.5)
    for module in network.modules():  # Batch statistics apart, nothing else differs between training and not.
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            module.momentum = 0.0
    x = torch.randn(4, *IMAGE)
    network.train()
    assert torch.equal(network.body(x)["penultimate"], network.body(x)["penultimate"])
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))


def test_models_say_what_they_take() -> None:
    for name, shape, message in (
        ("vgg", IMAGE, "no model 'vgg'; there are: cnn_small, cnn_large, mlp"),
        ("cnn_small", (16,), r"takes images \(c, h, w\), not rows of \(16,\)"),
        ("vgg16", (16,), "for features there is mlp"),
        ("cnn_small", (1, 7, 28), "takes images of 8 x 8 at least"),
        ("efficientnet_lite0", IMAGE, "take its 1280 features"),
    ):
        with pytest.raises(ValueError, match=message):
            models.build(name, shape, 10, dropout=0.5)


def test_efficientnet_features_are_computed_once_and_tell_images_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("efficientnet_lite_pytorch")
    from farpoint_experiments.models import efficientnet

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (4, 1, 8, 8)).astype(np.uint8)
    images[2] = images[0]
    data = DataSet("x", images, np.array([0, 1, 0, 1]), images[:1], np.array([0]), ("a", "b"))
    prepared = models.prepared("efficientnet_lite0", data)
    assert prepared.pool.shape == (4, 1280) and prepared.labels is data.labels and prepared.pool.dtype == np.float32
    assert np.allclose(prepared.pool[0], prepared.pool[2], atol=1e-5) and np.allclose(
        prepared.test[0], prepared.pool[0], atol=1e-4
    )
    assert np.abs(prepared.pool[0] - prepared.pool[1]).max() > 0.1 and prepared.pool.min() >= 0 and prepared.pool.max() <= 6
    monkeypatch.setattr(efficientnet, "_frozen", lambda: pytest.fail("computed again"))
    assert models.prepared("efficientnet_lite0_mlp", data) is prepared
    assert models.prepared("cnn_small", data) is data

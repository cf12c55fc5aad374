"""Training, the stop rule, what strategies are given, and the Gamma model's terms by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from farpoint_experiments import models  # noqa: E402
from farpoint_experiments.datasets import DataSet, load  # noqa: E402
from farpoint_experiments.trainers import Trained, Training, gamma, train, trained  # noqa: E402
from farpoint_experiments.trainers.augment import flip_crop  # noqa: E402
from farpoint_experiments.trainers.rows import Rows, Scale  # noqa: E402
from farpoint_experiments.trainers.run import Run  # noqa: E402


@pytest.fixture(scope="module")
def digits() -> DataSet:
    return load("digits")


def some(data: DataSet, count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).permutation(len(data.pool))[:count]


def few_of(digits: DataSet) -> DataSet:
    """Three rows of two classes each, for VGG-16, which trains 56 images a second."""
    rows = [int(np.flatnonzero(digits.labels == label)[row]) for row in range(3) for label in range(2)]
    return DataSet("few", digits.pool[rows], digits.labels[rows], digits.pool[:2], digits.labels[rows[:2]], ("0", "1"))


@pytest.fixture(scope="module")
def mlp(digits: DataSet) -> Trained:
    return train("mlp", digits, some(digits, 300), Training(), 0)


def test_training_learns_digits_to_the_stop_accuracy(mlp: Trained) -> None:
    assert mlp.converged and mlp.train_accuracy >= 0.99 and 1 < mlp.epochs < 100 and mlp.seconds > 0
    assert 0.85 < mlp.accuracy() < 1


def test_accuracies_are_of_the_rows_they_say(mlp: Trained, digits: DataSet) -> None:
    def by_hand(images: np.ndarray, labels: np.ndarray) -> float:
        mean, deviation = digits.pool.mean(dtype=float), digits.pool.std(dtype=float)
        with torch.no_grad():
            logits = mlp.network.eval()(torch.from_numpy((images - mean) / deviation).float())
        return float((logits.argmax(1).numpy() == labels).mean())

    rows = some(digits, 300)
    assert mlp.accuracy() == pytest.approx(by_hand(digits.test, digits.test_labels))
    assert mlp.train_accuracy == pytest.approx(by_hand(digits.pool[rows], digits.labels[rows]))


def test_a_cap_of_epochs_is_no_convergence(digits: DataSet) -> None:
    short = train("mlp", digits, some(digits, 300), Training(max_epochs=1), 0)
    assert short.epochs == 1 and not short.converged and 0.3 < short.train_accuracy < 0.99


def test_a_seed_gives_the_same_bits_and_leaves_torchs_generator_alone(digits: DataSet) -> None:
    torch.manual_seed(5)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    weights = [train("mlp", digits, some(digits, 60), Training(max_epochs=2), seed).network.head.weight for seed in (3, 3, 4)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    assert torch.equal(before, torch.get_rng_state()) and torch.get_num_threads() == threads


def test_labels_of_other_rows_are_not_read(digits: DataSet) -> None:
    rows = some(digits, 60)
    labels = digits.labels.copy()
    others = np.setdiff1d(np.arange(len(labels)), rows)
    labels[others] = (labels[others] + 1) % 10
    wrong = DataSet(digits.name, digits.pool, labels, digits.test, digits.test_labels, digits.classes)
    for trainer in ("supervised", "gamma"):
        training = Training(trainer=trainer, max_epochs=2, passes=1)
        one, other = train("mlp", digits, rows, training, 0), train("mlp", wrong, rows, training, 0)
        assert torch.equal(one.network.head.weight, other.network.head.weight), trainer


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_other_optimizers_learn(digits: DataSet, optimizer: str) -> None:
    rate = {"sgd": 0.05, "adam": 1e-3}[optimizer]
    assert train("mlp", digits, some(digits, 300), Training(optimizer=optimizer, learning_rate=rate, momentum=0.9), 0).converged


def test_images_are_learned_by_a_cnn(digits: DataSet) -> None:
    result = train("cnn_small", digits, some(digits, 400), Training(batch=32), 0)
    assert result.converged and result.accuracy() > 0.85


def test_the_stop_rule_gives_up_early_and_is_exact(mlp: Trained, digits: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    every = torch.arange(len(digits.pool))
    truth = trained.accuracy(mlp.network, mlp.pool, every, mlp.labels)
    assert 0.85 < truth < 0.99
    assert trained.accuracy(mlp.network, mlp.pool, every, mlp.labels, at_least=truth) == truth
    assert trained.accuracy(mlp.network, mlp.pool, every, mlp.labels, at_least=truth + 1e-6) == 0
    passes = []
    monkeypatch.setattr(mlp.network, "forward", lambda x: passes.append(len(x)) or torch.zeros(len(x), 10))
    assert trained.accuracy(mlp.network, mlp.pool, every, mlp.labels, at_least=0.99) == 0 and len(passes) == 1


def counted(monkeypatch: pytest.MonkeyPatch, network: models.Network) -> dict[str, int]:
    """How often the body, the head and the draw of masks are called."""
    calls = {"body": 0, "head": 0, "masks": 0}

    def count(name: str, function: Callable) -> Callable:
        def counting(*args: object) -> object:
            calls[name] += 1
            return function(*args)

        return counting

    monkeypatch.setattr(network, "body", count("body", network.body))
    monkeypatch.setattr(network.head, "forward", count("head", network.head.forward))
    monkeypatch.setattr(trained, "_mc_dropout", count("masks", trained._mc_dropout))
    return calls


CHUNKS = 6  # Of 256 rows: digits' pool has 1,297.


@pytest.mark.parametrize(
    ("wanted", "heads", "masks"),
    [
        ((), 0, 0),
        (("embeddings",), 0, 0),
        (("probabilities",), CHUNKS, 0),
        (("losses", "probabilities"), CHUNKS, 0),
        (("samples",), CHUNKS, CHUNKS),
        (("embeddings", "probabilities", "losses", "samples"), 2 * CHUNKS, CHUNKS),
    ],
)
def test_only_what_is_wanted_is_computed_in_one_pass(
    mlp: Trained, monkeypatch: pytest.MonkeyPatch, wanted: tuple[str, ...], heads: int, masks: int
) -> None:
    calls = counted(monkeypatch, mlp.network)
    assert set(mlp.inputs(wanted, samples=3)) == set(wanted)
    assert calls == {"body": CHUNKS if wanted else 0, "head": heads, "masks": masks}


def test_inputs_by_hand(mlp: Trained, digits: DataSet) -> None:
    inputs = mlp.inputs(["embeddings", "probabilities", "losses"])
    with torch.no_grad():
        features = mlp.network.eval().body(mlp.pool.batch(torch.arange(len(digits.pool))))["penultimate"]
        logits = mlp.network.head(features).double()
    assert inputs["embeddings"].shape == (1297, 128) and inputs["embeddings"].dtype == np.float32
    assert np.allclose(inputs["embeddings"], features, atol=1e-5) and inputs["embeddings"].min() == 0
    exponentials = np.exp(logits.numpy())
    probabilities = exponentials / exponentials.sum(1, keepdims=True)
    assert np.allclose(inputs["probabilities"], probabilities, atol=1e-5) and inputs["probabilities"].dtype == np.float32
    own = probabilities[np.arange(1297), digits.labels]
    assert np.allclose(inputs["losses"], -np.log(own), atol=1e-4) and inputs["losses"].dtype == np.float64
    assert np.allclose(mlp.inputs(["embeddings"], features="logits")["embeddings"], logits, atol=1e-4)


def test_losses_are_finite_where_the_softmax_is_zero(mlp: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlp.network.head, "forward", lambda x: torch.eye(10)[[0]].expand(len(x), 10) * 1000)
    inputs = mlp.inputs(["losses", "probabilities"])
    assert inputs["probabilities"].min() == 0
    assert set(inputs["losses"]) == {0.0, 1000.0}


def test_samples_are_dropouts_of_each_row(mlp: Trained) -> None:
    inputs = mlp.inputs(["samples", "probabilities"], samples=40, seed=1)
    samples = inputs["samples"]
    assert samples.shape == (40, 1297, 10) and samples.dtype == np.float32 and np.allclose(samples.sum(2), 1, atol=1e-5)
    assert np.array_equal(mlp.inputs(["samples"], samples=40, seed=1)["samples"], samples)
    assert not np.array_equal(mlp.inputs(["samples"], samples=40, seed=2)["samples"], samples)
    assert samples.std(axis=0).max() > 0.1
    # Masks keep the expected logits: with torch's own dropout the same mean comes out.
    network, images = mlp.network, mlp.pool.batch(slice(0, 20))
    with torch.no_grad():
        penultimate = network.eval().body(images)["penultimate"]
        draws = network.head(torch.nn.functional.dropout(penultimate.expand(1000, -1, -1), 0.5, True)).softmax(2)
    expected, spread = draws.mean(0).numpy(), draws.std(0).numpy()
    assert np.all(np.abs(samples[:, :20].mean(0) - expected) <= 6 * spread * math.sqrt(1 / 40 + 1 / 1000) + 1e-3)


def test_inputs_that_cannot_be_had(mlp: Trained, digits: DataSet) -> None:
    with pytest.raises(ValueError, match="no input logits; there are: embeddings, probabilities"):
        mlp.inputs(["logits"])
    with pytest.raises(ValueError, match="no features 'pool5'; this network has: penultimate, logits"):
        mlp.inputs(["embeddings"], features="pool5")
    plain = train("mlp", digits, some(digits, 60), Training(dropout=0.0, max_epochs=1), 0)
    with pytest.raises(ValueError, match="dropout above 0"):
        plain.inputs(["samples"])


def test_rows_and_choices_that_cannot_be(digits: DataSet) -> None:
    for rows, message in ((np.array([3]), "at least two"), (np.array([0, 1297]), "0 to 1297: the pool of digits has 1297")):
        with pytest.raises(ValueError, match=message):
            train("mlp", digits, rows, Training(), 0)
    for choice, message in (
        ({"trainer": "ladder"}, "no trainer 'ladder'; there are: supervised, gamma"),
        ({"optimizer": "lbfgs"}, "no optimizer 'lbfgs'"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"stop_accuracy": 99.0}, "stop_accuracy is 99.0; it is above 0 and at most 1"),
        ({"batch": 1}, "batch is 1; it is at least 2"),
        ({"noise": -1.0}, "noise is -1.0; it is not negative"),
    ):
        with pytest.raises(ValueError, match=message):
            Training(**choice)
    if not torch.cuda.is_available():
        with pytest.raises(RuntimeError, match="device is cuda, and torch finds no GPU"):
            train("mlp", digits, np.arange(9), Training(device="cuda"), 0)


@pytest.mark.parametrize("shape", [(5000, 2, 3, 4), (5000, 3)])
def test_scale_is_of_the_whole_pool(shape: tuple[int, ...]) -> None:
    pool = np.random.default_rng(0).integers(0, 200, shape).astype(np.uint8 if len(shape) == 4 else np.float32)
    pool[:, -1] = 9  # Constant.
    scale = Scale(pool)
    axes = (0, 2, 3) if len(shape) == 4 else (0,)
    assert np.allclose(scale.mean.ravel(), pool.mean(axes, dtype=float))
    assert np.allclose(scale.deviation.ravel()[:-1], pool.std(axes, dtype=float)[:-1]) and scale.deviation.ravel()[-1] == 1
    batch = Rows(pool, scale, torch.device("cpu")).batch(slice(0, 5000))
    assert torch.all(batch[:, -1] == 0) and abs(float(batch[:, 0].mean())) < 1e-4


def test_batches_are_the_rows_in_another_order_each_time() -> None:
    run = Run(None, None, None, torch.arange(100, 229), Training(batch=64))
    epochs = [list(run.batches(run.rows)) for _ in range(2)]
    for parts in epochs:
        assert sorted(len(part) for part in parts) == [64, 65] and sorted(torch.cat(parts).tolist()) == list(range(100, 229))
    assert not torch.equal(torch.cat(epochs[0]), torch.cat(epochs[1]))


@pytest.mark.parametrize("batch", [2, 3])
def test_no_batch_has_one_row(batch: int) -> None:
    for count in range(2, 12):
        run = Run(None, None, None, torch.arange(count), Training(batch=batch))
        assert min(len(part) for part in run.batches(run.rows)) >= 2, count


def test_flip_crop_shifts_and_mirrors_whole_images() -> None:
    torch.manual_seed(0)
    image = torch.zeros(1, 1, 16, 16)
    image[0, 0, 5, 4] = 1
    images = flip_crop(image.expand(600, 1, 16, 16))
    assert images.shape == (600, 1, 16, 16) and torch.all(images.sum((1, 2, 3)) == 1)
    places = {(int(row), int(column)) for _, _, row, column in images.nonzero()}
    columns = {*range(2, 7), *(15 - column for column in range(2, 7))}
    assert places == {(row, column) for row in range(3, 8) for column in columns}


# The Gamma model.


def test_g_is_the_papers() -> None:
    torch.manual_seed(0)
    g = gamma.Denoiser(3)
    z, u = torch.randn(4, 3), torch.randn(4, 3)
    assert torch.all(g(z, u) == 0)  # As it starts.
    with torch.no_grad():
        g.a.copy_(torch.randn_like(g.a))
    a = [row for part in g.a.detach() for row in part]
    mu = a[0] / (1 + torch.exp(-(a[1] * u + a[2]))) + a[3] * u + a[4]
    v = a[5] / (1 + torch.exp(-(a[6] * u + a[7]))) + a[8] * u + a[9]
    assert torch.allclose(g(z, u), (z - mu) * v + mu, atol=1e-6)


def test_the_denoising_cost_by_hand() -> None:
    torch.manual_seed(0)
    top = gamma.Top(3)
    with torch.no_grad():
        for weight in top.parameters():
            weight.copy_(torch.randn_like(weight))
    clean, noisy, noise = torch.randn(5, 3) * 2 + 1, torch.randn(5, 3), torch.randn(5, 3) * 0.3
    c, n = clean.numpy().astype(float), noisy.numpy().astype(float)
    gain, shift = top.gain.detach().numpy(), top.shift.detach().numpy()
    normal = lambda x: (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)  # noqa: E731
    z_noisy = normal(n) + noise.numpy()
    exponentials = np.exp(gain * (z_noisy + shift))
    u = normal(exponentials / exponentials.sum(1, keepdims=True))
    with torch.no_grad():
        estimate = top.denoiser(torch.tensor(z_noisy), torch.tensor(u)).numpy()
    expected = (((estimate - c.mean(0)) / np.sqrt(c.var(0) + 1e-5) - normal(c)) ** 2).mean()
    assert gamma.denoising(top, clean, noisy, noise).item() == pytest.approx(expected, rel=1e-4)


def gamma_run(digits: DataSet, **choices: float) -> Run:
    torch.manual_seed(0)
    pool = Rows(digits.pool, Scale(digits.pool), torch.device("cpu"))
    network = models.build("mlp", digits.shape, 10, dropout=0.0).train()
    return Run(network, pool, torch.from_numpy(digits.labels), torch.arange(60), Training(trainer="gamma", **choices))


def test_the_loss_is_cross_entropy_of_labels_and_cost_times_denoising(digits: DataSet) -> None:
    run = gamma_run(digits, cost=3.0, noise=0.0)
    top, labeled, rows = gamma.Top(10), torch.arange(20), torch.arange(30, 80)
    with gamma.Encoder(run.network, 0.0) as encoder, torch.no_grad():
        loss = float(gamma._loss(run, encoder, top, labeled, rows))
        # Without noise a noisy pass is a clean one, and g is 0 as it starts.
        z, z_rows = run.network(run.images(labeled)), run.network(run.images(rows))
        z = (z - z.mean(0)) / torch.sqrt(z.var(0, unbiased=False) + 1e-5)
        cross_entropy = -z.log_softmax(1)[range(20), digits.labels[:20]].mean()
        mean, variance = z_rows.mean(0), z_rows.var(0, unbiased=False) + 1e-5
        cost = ((-mean - (z_rows - mean)) ** 2 / variance).mean()
    assert loss == pytest.approx(float(cross_entropy + 3 * cost), rel=1e-4)


def test_noise_is_on_the_input_and_every_norm_and_only_in_noisy_passes(digits: DataSet) -> None:
    run = gamma_run(digits)
    x = run.images(torch.arange(500))
    norms = [module for module in run.network.modules() if isinstance(module, torch.nn.BatchNorm1d)]
    with torch.no_grad():
        norms[0].weight.fill_(2.0)
    outputs: dict[str, list[torch.Tensor]] = {"clean": [], "noisy": []}
    with gamma.Encoder(run.network, 0.3) as encoder, torch.no_grad():
        assert torch.equal(encoder(x, noisy=False), encoder(x, noisy=False))
        for name in outputs:
            hook = norms[0].register_forward_hook(lambda _, __, output, name=name: outputs[name].append(output))
            for _ in range(2):
                encoder(x, noisy=name == "noisy")
            hook.remove()
        assert torch.equal(*outputs["clean"])
        encoder.noise = 0.0
        assert torch.equal(encoder(x, noisy=True), encoder(x, noisy=False))
        # On the norm alone: its noise is 0.3 of a deviation of 1, before a gain of 2.
        encoder.noise, encoder.noisy = 0.3, True
        added = encoder._corrupt(norms[0], None, torch.zeros(500, 256))
        assert float(added.std()) == pytest.approx(0.6, rel=0.02)
    before = run.network.layers[0](x)
    assert torch.equal(before, run.network.layers[0](x)) and not norms[0]._forward_hooks


def test_noisy_passes_leave_running_statistics_alone(digits: DataSet) -> None:
    run = gamma_run(digits)
    norm = next(module for module in run.network.modules() if isinstance(module, torch.nn.BatchNorm1d))
    with gamma.Encoder(run.network, 0.3) as encoder:
        before = norm.running_mean.clone()
        encoder(run.images(torch.arange(50)), noisy=True)
        assert torch.equal(norm.running_mean, before)
        encoder(run.images(torch.arange(50)), noisy=False)
        assert not torch.equal(norm.running_mean, before)
    assert norm.momentum == 0.1


def test_folding_the_top_keeps_its_logits() -> None:
    torch.manual_seed(0)
    head, top, x = torch.nn.Linear(6, 3), gamma.Top(3), torch.randn(200, 6)
    with torch.no_grad():
        top.gain.copy_(torch.tensor([0.5, 2.0, -1.0]))
        top.shift.copy_(torch.tensor([1.0, 0.0, 3.0]))
        z, mean, variance = gamma.standardize(head(x))
        top.mean.copy_(mean)
        top.variance.copy_(variance)
        expected = top.logits(z)
        top.fold_into(head)
        assert torch.allclose(head(x), expected, atol=1e-5)


def test_both_paths_are_trained(digits: DataSet) -> None:
    """The clean outputs are no fixed target: their gradient reaches the network."""
    top = gamma.Top(3)
    clean, noisy = torch.randn(5, 3, requires_grad=True), torch.randn(5, 3, requires_grad=True)
    with torch.no_grad():
        top.denoiser.a.fill_(0.5)
    gamma.denoising(top, clean, noisy, torch.zeros(5, 3)).backward()
    assert clean.grad.abs().max() > 1e-3 and noisy.grad.abs().max() > 1e-3


def test_unlabeled_rows_help_with_100_labels(digits: DataSet) -> None:
    accuracies: dict[str, list[float]] = {"supervised": [], "gamma": []}
    for seed in range(3):
        for trainer, found in accuracies.items():
            training = Training(trainer=trainer, batch=32, passes=4, stop_accuracy=1.0 if trainer == "supervised" else 0.99)
            result = train("mlp", digits, some(digits, 100, seed), training, seed)
            found.append(result.accuracy())
            assert result.converged and (trainer == "supervised" or result.epochs == 4)
    assert np.mean(accuracies["gamma"]) > np.mean(accuracies["supervised"]), accuracies


@pytest.mark.parametrize("name", ["cnn_small", "vgg16"])
def test_images_train_weakly(digits: DataSet, name: str) -> None:
    result = train(name, few_of(digits), np.arange(4), Training(trainer="gamma", passes=1), 0)
    assert result.epochs == 1 and np.isfinite(result.inputs(["losses"])["losses"]).all()


def test_networks_without_batch_norm_cannot_train_weakly(digits: DataSet) -> None:
    with pytest.raises(ValueError, match="needs a network with batch norm"):
        train("vgg16_released", few_of(digits), np.arange(4), Training(trainer="gamma"), 0)


def test_a_training_that_diverges_says_so(digits: DataSet) -> None:
    with pytest.raises(FloatingPointError, match="the loss is (nan|inf) in epoch [12]; a lower learning_rate may help"):
        train("mlp", digits, some(digits, 300), Training(optimizer="sgd", learning_rate=1e30, max_epochs=2), 0)

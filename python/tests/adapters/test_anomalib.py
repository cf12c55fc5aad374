"""The adapter for anomalib, beside the real anomalib."""

from unittest import mock

import numpy as np
import pytest

torch = pytest.importorskip("torch")
sampling = pytest.importorskip("anomalib.models.components.sampling")

from farthest_first import clouds, farthest_first, gaussian, nearest_distances  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import farpoint  # noqa: E402
from farpoint.adapters import anomalib as adapter  # noqa: E402

TWO_PLACES = torch.tensor([[0.0, 0.0], [3.0, 4.0]]).repeat(10, 1)


class Unprojected:
    """Stands in for anomalib's projection, so that its selection sees the embedding itself."""

    def fit(self, embedding):
        return self

    def transform(self, embedding):
        return embedding


def ratio_for(budget, n):
    """A sampling ratio of which ``int(n * ratio)`` is the budget."""
    return (budget + 0.5) / n


def from_start(sampler, start):
    with mock.patch("torch.randint", return_value=torch.tensor([start])):
        return sampler.select_coreset_idxs()


def theirs_unprojected(embedding, budget, start):
    sampler = sampling.KCenterGreedy(embedding, ratio_for(budget, len(embedding)))
    sampler.model = Unprojected()
    return from_start(sampler, start), sampler


def ours(embedding, budget, start):
    sampler = adapter.KCenterGreedy(embedding, ratio_for(budget, len(embedding)))
    return from_start(sampler, start), sampler


def seeded(make):
    torch.manual_seed(5)
    np.random.seed(5)
    sampler = make()
    return sampler.select_coreset_idxs(), sampler


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_gives_the_projection_the_start_and_the_rows_of_theirs(seed):
    embedding = torch.from_numpy(gaussian(600, 96, seed))
    their_rows, theirs = seeded(lambda: sampling.KCenterGreedy(embedding, 0.1))
    our_rows, ours = seeded(lambda: adapter.KCenterGreedy(embedding, 0.1, projection="sparse"))
    assert torch.equal(ours.features, theirs.features)
    assert our_rows == their_rows


@given(embedding=clouds(), data=st.data())
def test_their_rows_until_only_duplicates_are_left(embedding, data):
    n, distinct = len(embedding), len(np.unique(embedding, axis=0))
    budget, start = data.draw(st.integers(1, n)), data.draw(st.integers(0, n - 1))
    embedding = torch.from_numpy(embedding)
    rows, _ = ours(embedding, budget, start)
    theirs, _ = theirs_unprojected(embedding, budget, start)
    assert rows[:distinct] == theirs[:distinct]
    assert rows == farthest_first(embedding.numpy(), budget, start)


def test_duplicates_are_picked_again_by_theirs_not_by_ours():
    theirs, _ = theirs_unprojected(TWO_PLACES, 6, 3)
    rows, _ = ours(TWO_PLACES, 6, 3)
    assert len(set(theirs)) < 6
    assert len(set(rows)) == 6 and rows[:2] == theirs[:2]


def test_min_distances_lack_the_last_pick_in_theirs_not_in_ours():
    embedding = gaussian(50, 3)
    theirs_rows, theirs = theirs_unprojected(torch.from_numpy(embedding), 5, 0)
    rows, sampler = ours(torch.from_numpy(embedding), 5, 0)
    assert rows == theirs_rows
    assert sampler.min_distances.shape == (50, 1) and sampler.min_distances.dtype == torch.float64
    expected = nearest_distances(embedding, embedding[rows])
    np.testing.assert_allclose(sampler.min_distances.squeeze(1).numpy(), expected, rtol=1e-12)
    lacking = nearest_distances(embedding, embedding[rows[:-1]])
    lacking[rows[-1]] = 0.0
    np.testing.assert_allclose(theirs.min_distances.squeeze(1).numpy(), lacking, rtol=1e-5, atol=1e-6)
    assert (lacking > expected).any()


def test_every_row_may_be_selected():
    rows, sampler = ours(torch.from_numpy(gaussian(9, 3)), 9, 4)
    assert rows[0] == 4 and sorted(rows) == list(range(9))
    assert not sampler.min_distances.any() and sampler.min_distances.shape == (9, 1)


def test_distances_that_float32_cannot_tell_apart():
    # Squared, 2^24 and 2^24 + 1: equal in float32, where theirs takes the lower row.
    embedding = torch.tensor([[0.0, 0.0], [4096.0, 0.0], [4096.0, 1.0]])
    assert theirs_unprojected(embedding, 2, 0)[0] == [0, 1]
    assert ours(embedding, 2, 0)[0] == [0, 2]


@pytest.mark.parametrize("drawn", [torch.tensor(7), torch.tensor([7])])
def test_the_first_row_is_randints(drawn):
    embedding = torch.from_numpy(gaussian(50, 8))
    with mock.patch("torch.randint", return_value=drawn) as randint:
        rows = adapter.KCenterGreedy(embedding=embedding, sampling_ratio=0.02).select_coreset_idxs()
    assert rows == [7] and type(rows[0]) is int
    randint.assert_called_once_with(high=50, size=(1,), device=embedding.device)


def test_the_random_start_covers_the_pool():
    torch.manual_seed(0)
    sampler = adapter.KCenterGreedy(torch.from_numpy(gaussian(5, 2)), 0.2)
    assert {sampler.select_coreset_idxs()[0] for _ in range(100)} == set(range(5))


def test_sizes_are_cut_down_as_theirs_are():
    embedding = torch.from_numpy(gaussian(100, 2))
    for ratio in (0.29, 0.5, 1.0):
        size = adapter.KCenterGreedy(embedding, ratio).coreset_size
        assert size == sampling.KCenterGreedy(embedding, ratio).coreset_size


@pytest.mark.parametrize("kind", [sampling.KCenterGreedy, adapter.KCenterGreedy])
def test_a_ratio_of_no_row_says_so_in_their_words(kind):
    words = r"coreset_size must be a positive integer, got 0. Check sampling_ratio \(0.01\) and embedding size \(10\)."
    with pytest.raises(ValueError, match=words):
        kind(torch.ones(10, 4), sampling_ratio=0.01)


def test_what_cannot_be_selected():
    with pytest.raises(ValueError, match="exceeds"):
        adapter.KCenterGreedy(torch.ones(10, 4), 1.5).select_coreset_idxs()
    with pytest.raises(ValueError, match="finite"):
        adapter.KCenterGreedy(torch.full((10, 4), torch.nan), 0.5).select_coreset_idxs()
    with pytest.raises(ValueError, match="'dense' is neither"):
        adapter.KCenterGreedy(torch.ones(10, 4), 0.5, projection="dense")


def test_sample_coreset_gives_the_rows_of_the_embedding_not_of_the_features():
    embedding = torch.from_numpy(gaussian(100, 16))
    rows, _ = seeded(lambda: adapter.KCenterGreedy(embedding, 0.1, projection="sparse"))
    torch.manual_seed(5)
    np.random.seed(5)
    assert torch.equal(adapter.KCenterGreedy(embedding, 0.1, projection="sparse").sample_coreset(), embedding[rows])


def test_other_shapes_are_flattened_and_never_projected():
    embedding = torch.from_numpy(gaussian(20, 12)).reshape(20, 3, 4)
    sampler = adapter.KCenterGreedy(embedding, 0.3, projection="sparse")
    rows = from_start(sampler, 2)
    assert torch.equal(sampler.features, embedding.reshape(20, 12))
    assert rows == farthest_first(embedding.reshape(20, 12).numpy(), 6, 2)
    assert sampler.sample_coreset().shape == (6, 3, 4)


@given(embedding=clouds(rows=st.integers(2, 10)), data=st.data())
@settings(max_examples=30)
def test_a_loop_by_hand_finds_the_same_rows(embedding, data):
    distinct = len(np.unique(embedding, axis=0))
    start = data.draw(st.integers(0, len(embedding) - 1))
    rows, sampler = ours(torch.from_numpy(embedding), distinct, start)
    sampler.reset_distances()
    assert sampler.min_distances is None
    by_hand = [start]
    for center in (start, torch.tensor(start), torch.tensor([start]), None):
        sampler.update_distances(center)
    while len(by_hand) < distinct:
        row = sampler.get_new_idx()
        assert row.shape == () and row.dtype == torch.int64
        by_hand.append(int(row))
        sampler.update_distances(row)
    assert by_hand == rows


@pytest.mark.parametrize("kind", [sampling.KCenterGreedy, adapter.KCenterGreedy])
def test_no_next_row_without_a_center(kind):
    with pytest.raises(TypeError, match=r"self.min_distances must be of type Tensor. Got <class 'NoneType'>"):
        kind(torch.ones(10, 4), 0.5).get_new_idx()


@pytest.fixture
def patchcore():
    """anomalib's PatchCore, untrained, after two batches of random images: 128 patches."""
    from anomalib.models.image.patchcore.torch_model import PatchcoreModel

    torch.manual_seed(0)
    model = PatchcoreModel(layers=["layer1"], backbone="resnet18", pre_trained=False)
    model.train()
    for _ in range(2):
        model(torch.rand(1, 3, 32, 32))
    return model


# anomalib warns of an argument that is not given.
@pytest.mark.filterwarnings("ignore:Argument embeddings is deprecated")
def test_patchcore_selects_with_ours_while_patched(patchcore):
    embedding = torch.vstack(patchcore.embedding_store)
    with adapter.patch(), mock.patch("torch.randint", return_value=torch.tensor([11])):
        patchcore.subsample_embedding(sampling_ratio=0.1)
    assert len(embedding) == 128
    assert torch.equal(patchcore.memory_bank, embedding[farpoint.select(embedding, 12, first=11).centers])
    patchcore.eval()
    scored = patchcore(torch.rand(2, 3, 32, 32))
    assert scored.anomaly_map.shape == (2, 1, 32, 32) and torch.isfinite(scored.pred_score).all()


def test_patch_reaches_every_module_and_ends():
    from anomalib.models import components
    from anomalib.models.image.anomaly_dino import torch_model as anomaly_dino
    from anomalib.models.image.patchcore import torch_model as patchcore

    modules = (components, sampling, sampling.k_center_greedy, anomaly_dino, patchcore)
    theirs = sampling.KCenterGreedy
    with pytest.raises(KeyError), adapter.patch():
        with adapter.patch():
            assert all(module.KCenterGreedy is adapter.KCenterGreedy for module in modules)
        raise KeyError
    assert theirs is not adapter.KCenterGreedy
    assert all(module.KCenterGreedy is theirs for module in modules)


def test_a_second_selection_forgets_the_distances_of_the_first():
    embedding = gaussian(30, 3)
    sampler = adapter.KCenterGreedy(torch.from_numpy(embedding), 0.1)
    for start in (3, 8):
        rows = from_start(sampler, start)
        expected = nearest_distances(embedding, embedding[rows])
        np.testing.assert_allclose(sampler.min_distances.squeeze(1).numpy(), expected, rtol=1e-12)


@pytest.fixture
def blocks():
    """What MH-PatchCore's bank is fed, (60, 4) float64 each."""
    return [torch.from_numpy(gaussian(60, 4, seed)).double() for seed in range(5)]


def bank_of(blocks):
    from anomalib.models.image.mh_patchcore.components import MergeReduceMemoryBank

    bank = MergeReduceMemoryBank(memory_bank_size=30, local_coreset_size=16)
    for block in blocks:
        bank.update(block)
    bank.finalize()
    return bank.bank


def test_the_merge_reduce_bank_of_mh_patchcore_while_patched(blocks):
    from anomalib.models.image.mh_patchcore import components

    theirs = bank_of(blocks)
    with adapter.patch(), mock.patch.object(adapter, "run", wraps=adapter.run) as run:
        assert components._farthest_first_coreset is adapter.farthest_first_coreset
        ours = bank_of(blocks)
    assert components._farthest_first_coreset is not adapter.farthest_first_coreset
    assert torch.equal(ours, theirs) and len(ours) == 30 and run.call_count == 9  # 5 blocks, 3 merges, the end


def test_equal_patches_are_kept_again_by_their_bank_not_by_ours():
    from anomalib.models.image.mh_patchcore.components import _farthest_first_coreset

    block = torch.arange(20.0, dtype=torch.float64).div(10).floor().unsqueeze(1)
    block[0], block[10] = -1, 2  # three of the four places
    ours, theirs = adapter.farthest_first_coreset(block, 6), _farthest_first_coreset(block, 6)
    assert (ours == -1).sum() == 1 and (theirs == -1).sum() > 1
    assert torch.equal(ours[:4].sort(dim=0).values, torch.tensor([[-1.0], [0], [1], [2]], dtype=torch.float64))
    assert torch.equal(adapter.farthest_first_coreset(block, 99), block)

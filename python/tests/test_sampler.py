"""`farpoint.torch.CoresetSampler`: what an epoch yields, when it selects, that it is reproducible and goes with a DataLoader."""

import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.utils.data import DataLoader, TensorDataset  # noqa: E402

import farpoint  # noqa: E402
from farpoint.torch import CoresetSampler  # noqa: E402


@pytest.fixture
def embeddings():
    return torch.randn(60, 5, generator=torch.Generator().manual_seed(1))


class Encoder:
    """Embeddings that change with every call, as a model's do while it learns. A class, so that it pickles."""

    def __init__(self, n=60):
        self.n = n
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return torch.randn(self.n, 5, generator=torch.Generator().manual_seed(self.calls))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_yields_the_labeled_rows_and_then_the_picks_in_order(embeddings):
    sampler = CoresetSampler(embeddings, 7, labeled=[9, 3], shuffle=False)
    picks = farpoint.select(embeddings, 7, labeled=[9, 3]).centers.tolist()
    assert list(sampler) == [9, 3, *picks]
    assert sampler.selection.centers.tolist() == picks
    assert all(type(row) is int for row in sampler)


def test_a_mask_and_an_array_mean_what_they_mean_to_select(embeddings):
    mask = torch.zeros(60, dtype=torch.bool)
    mask[[3, 9]] = True
    from_mask = list(CoresetSampler(embeddings.numpy(), 7, labeled=mask, shuffle=False))
    assert from_mask == list(CoresetSampler(embeddings, 7, labeled=np.array([3, 9]), shuffle=False))
    assert from_mask[:2] == [3, 9]


def test_nothing_labeled_starts_as_select_does(embeddings):
    assert list(CoresetSampler(embeddings, 3, shuffle=False))[0] == 0
    assert list(CoresetSampler(embeddings, 3, labeled=[], shuffle=False, first=8))[0] == 8


def test_options_go_to_select(embeddings):
    sampler = CoresetSampler(embeddings, 6, shuffle=False, metric="cosine", exclude=[0, 1], return_distances=True)
    expected = farpoint.select(embeddings, 6, metric="cosine", exclude=[0, 1]).centers.tolist()
    assert list(sampler) == expected
    assert sampler.selection.min_distance.shape == (60,)


def test_shuffled_epochs_hold_the_same_rows_and_follow_the_generator(embeddings):
    one, other = (CoresetSampler(embeddings, 20, labeled=[4], generator=seeded()) for _ in range(2))
    first, second = list(one), list(one)
    assert sorted(first) == sorted(second) and first != second
    assert [list(other), list(other)] == [first, second]
    assert list(CoresetSampler(embeddings, 20, labeled=[4], generator=seeded(1))) != first


def test_without_a_generator_it_follows_torchs(embeddings):
    sampler = CoresetSampler(embeddings, 20)
    epochs = []
    for _ in range(2):
        torch.manual_seed(5)
        epochs.append(list(sampler))
    assert epochs[0] == epochs[1]


def test_selects_every_m_epochs():
    encoder = Encoder()
    sampler = CoresetSampler(encoder, 10, every=3, shuffle=False)
    assert encoder.calls == 0 and sampler.selection is None
    epochs, calls = [], []
    for _ in range(7):
        epochs.append(list(sampler))
        calls.append(encoder.calls)
    assert calls == [1, 1, 1, 2, 2, 2, 3]
    assert epochs[0] == epochs[1] == epochs[2] != epochs[3] == epochs[5] != epochs[6]
    assert sampler.epoch == 7


def test_an_array_that_is_changed_in_place_is_selected_from_anew(embeddings):
    sampler = CoresetSampler(embeddings, 5, shuffle=False)
    before = list(sampler)
    embeddings.copy_(embeddings.flip(0))
    assert list(sampler) == farpoint.select(embeddings, 5).centers.tolist() != before


def test_set_epoch_says_which_epoch_is_next():
    encoder = Encoder()
    sampler = CoresetSampler(encoder, 10, every=4)
    sampler.set_epoch(6)  # a restart inside a period selects at once
    for calls in [1, 1, 2]:
        list(sampler)
        assert encoder.calls == calls
    sampler.set_epoch(8)  # the same period again
    list(sampler)
    assert encoder.calls == 2


def test_labeled_may_grow_between_epochs(embeddings):
    sampler = CoresetSampler(embeddings, 5, labeled=[0], shuffle=False)
    labeled = list(sampler)
    sampler.labeled = labeled
    epoch = list(sampler)
    assert epoch[:6] == labeled and len(set(epoch)) == len(sampler) == 11


def test_len_before_and_after_the_first_epoch(embeddings):
    sampler = CoresetSampler(embeddings, 7, labeled=[1, 2])
    assert len(sampler) == 9
    assert len(list(sampler)) == len(sampler) == 9
    far = float(farpoint.select(embeddings, 3, labeled=[1, 2]).radii[-1])
    stopped = CoresetSampler(embeddings, 7, labeled=[1, 2], stop_radius=far)
    assert len(stopped) == 9
    assert len(list(stopped)) == len(stopped) == 5


def test_gradients_are_accepted(embeddings):
    plain = list(CoresetSampler(embeddings, 4, shuffle=False))
    assert list(CoresetSampler(embeddings.clone().requires_grad_(), 4, shuffle=False)) == plain


def test_pickles_with_its_state():
    sampler = CoresetSampler(Encoder(), 10, every=2, labeled=[1], generator=seeded())
    list(sampler)
    copy = pickle.loads(pickle.dumps(sampler))
    assert (copy.epoch, len(copy)) == (1, 11)
    np.testing.assert_array_equal(copy.selection.centers, sampler.selection.centers)
    assert [list(copy) for _ in range(3)] == [list(sampler) for _ in range(3)]
    assert copy.embeddings.calls == sampler.embeddings.calls == 2


@pytest.mark.parametrize("workers", [0, 2])
def test_feeds_a_data_loader_over_several_epochs(embeddings, workers):
    dataset = TensorDataset(torch.arange(60))
    sampler = CoresetSampler(embeddings, 20, labeled=[7], generator=seeded())
    loader = DataLoader(dataset, batch_size=8, sampler=sampler, num_workers=workers)
    assert len(loader) == 3
    expected = CoresetSampler(embeddings, 20, labeled=[7], generator=seeded())
    for _ in range(3):  # workers are forked anew each epoch, after selections in this process
        seen = torch.cat([rows for (rows,) in loader]).tolist()
        assert seen == list(expected)


def test_persistent_workers_and_spawned_ones(embeddings):
    loader = DataLoader(
        TensorDataset(torch.arange(60)),
        batch_size=8,
        sampler=CoresetSampler(embeddings, 9, shuffle=False),
        num_workers=1,
        persistent_workers=True,
        multiprocessing_context="spawn",
    )
    expected = farpoint.select(embeddings, 9).centers.tolist()
    for _ in range(2):
        assert torch.cat([rows for (rows,) in loader]).tolist() == expected


def test_bad_input():
    pool = torch.zeros(4, 2)
    with pytest.raises(TypeError):
        CoresetSampler(pool, 0.1)
    with pytest.raises(TypeError):
        CoresetSampler(pool, 2, every=0.5)
    with pytest.raises(ValueError, match="every is 0"):
        CoresetSampler(pool, 2, every=0)
    with pytest.raises(ValueError):
        iter(CoresetSampler(pool, 0))
    with pytest.raises(ValueError):
        iter(CoresetSampler(pool, 5))
    with pytest.raises(IndexError):
        iter(CoresetSampler(pool, 1, labeled=[4]))
    with pytest.raises(TypeError):
        iter(CoresetSampler(pool, 1, nonsense=1))


def test_a_failed_selection_leaves_the_sampler_as_it_was(embeddings):
    sampler = CoresetSampler(embeddings, 5, shuffle=False)
    expected = list(sampler)
    sampler.embeddings = torch.full((60, 5), float("nan"))
    with pytest.raises(ValueError):
        iter(sampler)
    assert sampler.epoch == 1 and len(sampler) == 5
    sampler.embeddings = embeddings
    assert list(sampler) == expected

"""Each query strategy beside its definition, on pools small enough to work out by hand."""

import itertools
import math

import numpy as np
import pytest

import farpoint
from farpoint.learning import STRATEGIES, Strategy, strategy
from farpoint.learning._bmdr import gaussian, minimised, on_simplex, spread_terms, worst_case_scores
from farpoint.learning._k_center import apportion, nth_distance
from farpoint.learning._k_median import drawn

OURS = [name for name in STRATEGIES if name not in ("badge", "typiclust", "probcover", "maxherding")]


def labels(n, known):
    """y with NaN but for `known`, row to label."""
    y = np.full(n, np.nan)
    for row, label in known.items():
        y[row] = label
    return y


def line(*places):
    return np.array(places, np.float64)[:, None]


def softmax(n, classes, seed=0):
    logits = np.random.default_rng(seed).standard_normal((n, classes)) * 2
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def everything(n=60, d=4, classes=3, seed=0):
    """An input of every kind for one pool."""
    generator = np.random.default_rng(seed)
    return {
        "embeddings": generator.standard_normal((n, d)),
        "probabilities": softmax(n, classes, seed),
        "samples": np.stack([softmax(n, classes, seed + draw) for draw in range(5)]),
        "losses": generator.random(n),
    }


def asked(name, y, batch_size, inputs, **options):
    """The rows of a strategy that is given what it names, and nothing else."""
    chosen = strategy(name, **options)
    given = {key: value for key, value in inputs.items() if key in chosen.inputs}
    return chosen.query(np.zeros((len(y), 0)), y, batch_size=batch_size, **given)


@pytest.mark.parametrize("name", OURS)
def test_any_strategy_answers_distinct_rows_without_label_and_the_same_again(name):
    y = labels(60, {3: 0, 40: 1, 41: 2, 59: 0})
    rows = asked(name, y, 9, everything())
    assert rows.dtype == np.int64 and len(set(rows.tolist())) == 9
    assert np.isnan(y[rows]).all()
    assert asked(name, y, 9, everything()).tolist() == rows.tolist()


@pytest.mark.parametrize("name", OURS)
def test_any_strategy_keeps_to_its_candidates_and_takes_them_all(name):
    y = labels(60, {3: 0, 40: 1, 41: 2, 59: 0})
    chosen = strategy(name)
    given = {key: value for key, value in everything().items() if key in chosen.inputs}
    rows = chosen.query(np.zeros((60, 0)), y, candidates=[3, 7, 8, 20, 7], batch_size=3, **given)
    assert sorted(rows.tolist()) == [7, 8, 20]


@pytest.mark.parametrize("name", OURS)
def test_any_strategy_takes_a_pool_without_labels(name):
    rows = asked(name, np.full(60, np.nan), 5, everything())
    assert len(set(rows.tolist())) == 5


def test_uncertainty_of_one_softmax():
    p = np.array([[0.5, 0.5, 0.0], [0.4, 0.3, 0.3], [1.0, 0.0, 0.0], [0.6, 0.3, 0.1]])
    y, x = np.full(4, np.nan), np.zeros((4, 0))
    answers = {
        name: strategy(name).query(x, y, batch_size=4, return_utilities=True, probabilities=p)
        for name in ("max-entropy", "margin", "least-confident")
    }
    assert answers["max-entropy"][0].tolist() == [1, 3, 0, 2]  # ln 2 = 0.693 of row 0 is less than 0.898 of row 3
    assert answers["max-entropy"][1][0].tolist() == pytest.approx([math.log(2), 1.0888999753, 0.0, 0.8979457248])
    assert answers["margin"][0].tolist() == [0, 1, 3, 2]
    assert answers["margin"][1][0].tolist() == pytest.approx([0.0, -0.1, -1.0, -0.3])
    assert answers["least-confident"][0].tolist() == [1, 0, 3, 2]
    assert np.isnan(answers["margin"][1][1]).tolist() == [True, False, False, False]


def test_ties_of_saturated_softmax_go_to_the_lowest_row():
    p = np.tile([1.0, 0.0], (6, 1))
    assert asked("max-entropy", labels(6, {0: 1}), 3, {"probabilities": p}).tolist() == [1, 2, 3]


def test_uncertainty_of_several_draws():
    # Row 0: the draws disagree, each of them sure. Row 1: all agree that nothing is known. Row 2: agree and sure.
    draws = np.array([[[1.0, 0.0], [0.5, 0.5], [0.9, 0.1]], [[0.0, 1.0], [0.5, 0.5], [0.9, 0.1]]])
    y, x = np.full(3, np.nan), np.zeros((3, 0))
    answers = {
        name: strategy(name).query(x, y, batch_size=3, return_utilities=True, samples=draws)
        for name in ("bald", "sampled-entropy", "variation-ratios")
    }
    assert answers["bald"][1][0].tolist() == pytest.approx([math.log(2), 0, 0], abs=1e-12)
    assert answers["bald"][0][0] == 0
    assert answers["sampled-entropy"][1][0].tolist() == pytest.approx([math.log(2), math.log(2), 0.3250829734])
    assert answers["variation-ratios"][1][0].tolist() == pytest.approx([0.5, 0.5, 0.1])


def test_bald_of_one_draw_is_an_error_and_not_a_tie_of_all():
    with pytest.raises(ValueError, match="BALD of 1 draw is 0 for every row"):
        asked("bald", np.full(60, np.nan), 3, {"samples": softmax(60, 3)[None]})


def test_the_oracle_draws_in_proportion_to_losses():
    losses = np.array([0.0, 1.0, 3.0, 0.0])
    first = [asked("oracle", np.full(4, np.nan), 1, {"losses": losses}, random_state=seed)[0] for seed in range(400)]
    counts = np.bincount(first, minlength=4)
    assert counts[0] == counts[3] == 0
    assert counts[2] / 400 == pytest.approx(0.75, abs=0.08)
    assert sorted(asked("oracle", np.full(4, np.nan), 3, {"losses": losses})[:2].tolist()) == [1, 2]
    assert len(asked("oracle", np.full(4, np.nan), 4, {"losses": np.zeros(4)})) == 4
    with pytest.raises(ValueError, match="loss of row 2 is negative"):
        asked("oracle", np.full(4, np.nan), 1, {"losses": np.array([1.0, 1.0, -1.0, 1.0])})


def test_random_depends_on_its_seed_and_on_how_many_rows_are_labeled():
    y = np.full(1_000, np.nan)
    assert asked("random", y, 5, {}).tolist() != asked("random", y, 5, {}, random_state=1).tolist()
    assert asked("random", y, 5, {}).tolist() != asked("random", labels(1_000, {0: 1}), 5, {}).tolist()


def test_k_center_is_the_engine_beside_what_is_labeled():
    x = np.random.default_rng(0).standard_normal((300, 8), dtype=np.float32)
    y = labels(300, {5: 0, 17: 1})
    chosen = strategy("k-center")
    rows = chosen.query(x, y, batch_size=20)
    engine = farpoint.select(x, 20, labeled=[5, 17])
    assert rows.tolist() == engine.centers.tolist()
    assert chosen.details_ == {"radius_before": engine.initial_radius, "radius": engine.radius}
    cosine = farpoint.select(x, 20, labeled=[5, 17], metric="cosine")
    assert strategy("k-center", metric="cosine").query(x, y, batch_size=20).tolist() == cosine.centers.tolist()


def test_k_center_neither_chooses_nor_counts_rows_that_are_no_candidates():
    rows = strategy("k-center").query(line(0, 1, 2, 100, 5), labels(5, {0: 1}), candidates=[1, 2, 4], batch_size=1)
    assert rows.tolist() == [4]


def test_robust_k_center_leaves_outliers_out_and_proves_it():
    x = line(0, 1, 2, 3, 7, 8, 9, 100)
    chosen = strategy("robust-k-center", outliers=1 / 8)
    rows = chosen.query(x, np.full(8, np.nan), batch_size=2)
    best = min(sorted(np.abs(x - x[list(centers)].T).min(axis=1))[-2] for centers in itertools.combinations(range(8), 2))
    assert chosen.details_["radius"] == chosen.details_["lower"] == best == 2
    assert chosen.details_["outliers"] == [7] and len(rows) == 2
    certificate = chosen.details_["certificate"]
    assert (certificate["centers"], certificate["upper"], certificate["outliers"]) == (rows.tolist(), 2, 1)


def test_uncertain_k_center_is_k_center_with_weights():
    x, p = everything()["embeddings"], everything()["probabilities"]
    weights = 0.1 + 0.9 * -(p * np.log(p)).sum(axis=1) / np.log(3)
    y = labels(60, {3: 0})
    engine = farpoint.select(x, 7, labeled=[3], weights=weights)
    expected = engine.centers.tolist()
    chosen = strategy("uncertain-k-center")
    chosen.query(x, y, batch_size=7, probabilities=p)
    assert chosen.details_ == {"weighted_radius_before": engine.initial_radius, "weighted_radius": engine.radius}
    assert asked("uncertain-k-center", y, 7, {"embeddings": x, "probabilities": p}).tolist() == expected
    assert expected != farpoint.select(x, 7, labeled=[3]).centers.tolist()
    flat = asked("uncertain-k-center", y, 7, {"embeddings": x, "probabilities": p}, floor=1.0)
    assert flat.tolist() == farpoint.select(x, 7, labeled=[3]).centers.tolist()


def test_dense_k_center_passes_by_a_row_that_stands_alone():
    x = np.concatenate([np.zeros((1, 2)), np.random.default_rng(0).normal(5, 0.5, (40, 2)), [[20.0, 20.0]]])
    y = labels(42, {0: 0})
    assert strategy("k-center").query(x, y, batch_size=1).tolist() == [41]
    assert 1 <= strategy("dense-k-center", neighbors=5).query(x, y, batch_size=1)[0] <= 40
    with pytest.warns(UserWarning, match="4 of the 4 picks came when the radius was 0"):
        assert len(strategy("dense-k-center").query(np.zeros((9, 2)), labels(9, {0: 0}), batch_size=4)) == 4


def test_nth_distance():
    assert nth_distance(line(0, 1, 5), np.array([0, 2]), 1, block=2).tolist() == [5, 1, 5]
    # Rows that were not drawn count as those do that were: every row has the second nearest other.
    ten = line(*range(10))
    assert nth_distance(ten, np.array([3, 0, 2, 1]), 2).tolist() == [2, 1, 1, 2, 2, 3, 4, 5, 6, 7]
    assert nth_distance(ten, np.arange(10), 1).tolist() == [1] * 10


@pytest.mark.parametrize("neighbors", [-1, 0, 20])
def test_dense_k_center_refuses_neighbors_that_no_row_has(neighbors):
    with pytest.raises(ValueError, match=f"neighbors={neighbors} is not between 1 and 19"):
        strategy("dense-k-center", neighbors=neighbors, reference=20)


def test_dense_k_center_of_a_pool_of_one_row():
    assert strategy("dense-k-center").query(line(3), np.full(1, np.nan)).tolist() == [0]


@pytest.mark.parametrize("name", ["k-median", *(name for name in OURS if name.endswith("k-center"))])
def test_unknown_metrics_are_refused(name):
    with pytest.raises(ValueError, match="metric='cosin' is neither 'euclidean' nor 'cosine'"):
        strategy(name, metric="cosin")


@pytest.mark.parametrize("name", ["k-median", "dense-k-center"])
def test_a_row_of_zeros_has_no_direction_and_is_named_as_the_pool_does(name):
    x = np.random.default_rng(0).standard_normal((60, 4))
    x[27] = 0
    with pytest.raises(ValueError, match="row 27 is all zeros"):
        strategy(name, metric="cosine").query(x, labels(60, {3: 0, 4: 1}), batch_size=5)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("name", ["k-median", "dense-k-center"])
def test_large_values_do_not_overflow(name, metric):
    x = np.random.default_rng(0).standard_normal((60, 4), dtype=np.float32)
    y = labels(60, {3: 0})
    large = strategy(name, metric=metric).query(x * np.float32(2.0**100), y, batch_size=5)
    assert large.tolist() == strategy(name, metric=metric).query(x, y, batch_size=5).tolist()


def test_quota_k_center_gives_every_predicted_class_its_share():
    p = np.eye(3)[[0] * 40 + [1] * 18 + [2] * 2]
    x = np.random.default_rng(0).standard_normal((60, 4))
    inputs = {"embeddings": x, "probabilities": p}
    rows = asked("quota-k-center", labels(60, {0: 0}), 12, inputs)
    assert np.bincount(p[rows].argmax(axis=1)).tolist() == [5, 5, 2]
    assert rows[:5].tolist() == farpoint.select(x, 5, labeled=[0], exclude=range(40, 60)).centers.tolist()
    # The second class counts the first one's picks as labeled.
    known = [0, *rows[:5]]
    others = [row for row in range(60) if not 40 <= row < 58 and row not in known]
    assert rows[5:10].tolist() == farpoint.select(x, 5, labeled=known, exclude=others).centers.tolist()
    rows = asked("quota-k-center", labels(60, {0: 0}), 12, inputs, quotas="predicted")
    assert np.bincount(p[rows].argmax(axis=1), minlength=3).tolist() == [8, 4, 0]


@pytest.mark.parametrize(
    ("budget", "shares", "sizes", "expected"),
    [
        (7, [1, 1], [10, 10], [4, 3]),
        (7, [1, 1], [2, 10], [2, 5]),
        (3, [1, 1, 1, 1], [9, 9, 9, 9], [1, 1, 1, 0]),
        (10, [5, 3, 2], [99, 99, 99], [5, 3, 2]),
        (6, [1, 1, 1], [1, 1, 4], [1, 1, 4]),
    ],
)
def test_apportion(budget, shares, sizes, expected):
    assert apportion(budget, np.array(shares, float), np.array(sizes)).tolist() == expected


def test_k_median_finds_the_best_medians_of_clear_clusters():
    x = line(0, 1, 2, 50, 51, 53, 100, 104, 105)
    chosen = strategy("k-median")
    rows = chosen.query(x, np.full(9, np.nan), batch_size=3)
    best = min(itertools.combinations(range(9), 3), key=lambda medians: np.abs(x - x[list(medians)].T).min(axis=1).sum())
    assert sorted(rows.tolist()) == list(best) == [1, 4, 7]
    assert chosen.details_["objective"] == 2 + 3 + 5


def test_k_median_of_candidates_alone_of_duplicates_and_of_large_clusters():
    x = line(0, 0, 0, 7, 7, 7)
    assert len(set(strategy("k-median").query(x, labels(6, {0: 1}), batch_size=4).tolist()) - {0}) == 4
    many = np.random.default_rng(0).standard_normal((300, 3), dtype=np.float32)
    assert len(set(strategy("k-median", largest=10).query(many, np.full(300, np.nan), batch_size=5).tolist())) == 5


def test_k_median_draws_rows_at_distance_zero_last():
    x = line(3, 3, 3, 3, 9)
    for seed in range(20):
        assert 4 in drawn(x, 2, np.random.default_rng(seed))


def test_ceal_asks_for_the_unsure_and_trusts_the_sure():
    p = np.array([[0.5, 0.5], [0.999, 0.001], [0.6, 0.4], [0.001, 0.999], [1.0, 0.0], [0.9, 0.1]])
    chosen = strategy("ceal")
    assert chosen.query(np.zeros((6, 0)), labels(6, {4: 0}), batch_size=2, probabilities=p).tolist() == [0, 2]
    assert chosen.details_["trusted"] == {"rows": [1, 3], "labels": [0, 1]}  # 0.0079 nats; row 5 has 0.325
    # Of round 14 the threshold is 0.05 - 14 * 0.0033 < 0.0079.
    strict = strategy("ceal", decay=0.0033 * 14 * 2)
    strict.query(np.zeros((6, 0)), labels(6, {4: 0, 5: 0}), batch_size=2, probabilities=p)
    assert strict.details_["trusted"]["rows"] == []


def brute_force(quadratic, linear, budget):
    """The best of a fine grid over a simplex of three."""
    best = min(
        (a for a in itertools.product(np.linspace(0, 1, 101), repeat=2) if 0 <= budget - sum(a) <= 1),
        key=lambda a: value(quadratic, linear, np.array([*a, budget - sum(a)])),
    )
    return np.array([*best, budget - sum(best)])


def value(quadratic, linear, a):
    return a @ quadratic @ a / 2 + linear @ a


def test_bmdr_minimises_its_quadratic_program():
    generator = np.random.default_rng(0)
    for _ in range(5):
        root = generator.standard_normal((3, 3))
        quadratic, linear = root @ root.T, generator.standard_normal(3)
        found, _ = minimised(quadratic, linear, np.full(3, 2 / 3), 2)
        assert found.sum() == pytest.approx(2) and (0 <= found).all() and (found <= 1).all()
        assert value(quadratic, linear, found) <= value(quadratic, linear, brute_force(quadratic, linear, 2)) + 1e-6


def two_groups(n):
    """Rows of two overlapping classes, the first half labeled; and the rows' classes."""
    generator = np.random.default_rng(0)
    classes = generator.integers(0, 2, n)
    return generator.normal(classes[:, None], 1, (n, 4)), classes


def test_bmdr_solves_its_program_to_the_gap_that_it_tells():
    x, _ = two_groups(100)
    kernel = gaussian(x)
    scale = 2_000 / (20 + 10) ** 2
    quadratic, losses = scale * kernel[20:, 20:], np.random.default_rng(1).random(80)
    linear, start = losses + scale * spread_terms(kernel, 20, 10), np.full(80, 10 / 80)
    found, gap = minimised(quadratic, linear, start, 10)
    best, least = minimised(quadratic, linear, start, 10, steps=20_000, tolerance=1e-9)
    assert gap <= 1e-4 and least <= 1e-9
    assert value(quadratic, linear, found) - value(quadratic, linear, best) <= gap
    assert set(np.argsort(-found)[:10]) == set(np.argsort(-best)[:10])


@pytest.mark.parametrize("budget", [5, 20])
def test_bmdr_goes_by_labels_too(budget):
    x, classes = two_groups(100)
    picks = [
        set(asked("bmdr", labels(100, dict(enumerate(told))), budget, {"embeddings": x}).tolist())
        for told in (classes[:40], np.random.default_rng(1).permutation(classes[:40]))
    ]
    assert picks[0] != picks[1]


def test_bmdr_projects_on_the_capped_simplex():
    assert on_simplex(np.array([0.2, 0.5, 0.3]), 1).tolist() == pytest.approx([0.2, 0.5, 0.3])
    assert on_simplex(np.array([5.0, 0.0, 0.0]), 1).tolist() == pytest.approx([1, 0, 0], abs=1e-9)
    assert on_simplex(np.array([5.0, 0.0, 0.0]), 2).tolist() == pytest.approx([1, 0.5, 0.5])


def test_bmdr_chooses_what_makes_labeled_and_chosen_like_the_pool():
    # MMD between labeled with chosen rows and the pool, worked out for every choice.
    x = line(0.0, 0.1, 0.2, 5.0, 5.1, 10.0, 10.2)
    kernel = gaussian(x)

    def mmd(rows):
        p = np.zeros(7)
        p[list(rows)] = 1 / len(rows)
        q = p - 1 / 7
        return q @ kernel @ q

    best = min(itertools.combinations(range(1, 7), 2), key=lambda chosen: mmd((0, *chosen)))
    # The unrelaxed objective of BMDR's program has the same minimum.
    spread = spread_terms(kernel, 1, 2)

    def objective(rows):
        a = np.isin(range(1, 7), rows).astype(float)
        return value(kernel[1:, 1:], spread, a)

    assert min(itertools.combinations(range(1, 7), 2), key=objective) == best
    with pytest.warns(UserWarning, match="all labeled rows are of one class"):
        assert sorted(strategy("bmdr").query(x, labels(7, {0: 1}), batch_size=2).tolist()) == list(best)


def test_bmdr_scores_minimise_the_worst_case_loss():
    generator = np.random.default_rng(1)
    kernel = gaussian(generator.standard_normal((8, 2)))
    targets = np.array([[1.0], [-1.0], [1.0]])
    weights, ridge = generator.random(5), 0.1

    def loss(f):
        fit = np.linalg.solve(kernel + 1e-10 * np.eye(8), f)
        return ((targets[:, 0] - f[:3]) ** 2).sum() + (weights * (f[3:] ** 2 + 2 * np.abs(f[3:]))).sum() + ridge * f @ fit

    scores = worst_case_scores(kernel, targets, weights, ridge, np.ones((5, 1)), steps=200)[:, 0]

    def completed(f_unlabeled):
        """The labeled values that go best with these: the loss is quadratic in them."""
        inverse = np.linalg.inv(kernel + 1e-10 * np.eye(8))
        system = np.eye(3) + ridge * inverse[:3, :3]
        return np.concatenate([np.linalg.solve(system, targets[:, 0] - ridge * inverse[:3, 3:] @ f_unlabeled), f_unlabeled])

    least = loss(completed(scores))
    for _ in range(200):
        assert least <= loss(completed(scores + 0.02 * generator.standard_normal(5))) + 1e-4


def test_bmdr_says_what_it_cannot_do():
    with pytest.raises(ValueError, match="a budget of 30 is more than the 20 candidates"):
        asked("bmdr", np.full(60, np.nan), 30, everything(), candidates=20)
    with pytest.warns(UserWarning, match="of one class"):
        asked("bmdr", labels(60, {1: 0, 2: 0}), 3, everything())


def test_names():
    with pytest.raises(ValueError, match="no strategy 'k-centre': k-center"):
        strategy("k-centre")
    with pytest.raises(TypeError, match="strategy 'margin'.*metric"):
        strategy("margin", metric="cosine")
    assert all(isinstance(strategy(name), Strategy) for name in OURS)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "MaxEntropy needs probabilities"),
        ({"probabilities": np.ones((3, 2))}, r"shape \(3, 2\): for 4 rows they are \(n, c\)"),
        ({"probabilities": np.ones(4)}, r"shape \(4,\)"),
        ({"probabilities": [[1, 0], [np.nan, 0], [1, 0], [1, 0]]}, "probabilities of row 1 are not finite"),
        ({"probabilities": [[1, 0], [0.5, 0.5], [1.5, -0.5], [1, 0]]}, "probabilities of row 2 are none: the least is -0.5"),
        (
            {"probabilities": [[1, 0], [3, 7], [1, 0], [1, 0]]},
            "row 1 are none.* sum to 10: pass softmax probabilities, not logits",
        ),
        ({"probabilities": np.zeros((4, 0))}, "row 0 are none.* sum to 0"),
    ],
)
def test_inputs_that_cannot_be(inputs, message):
    with pytest.raises(ValueError, match=message):
        strategy("max-entropy").query(np.zeros((4, 1)), np.full(4, np.nan), **inputs)


def test_samples_that_cannot_be():
    y = np.full(4, np.nan)
    for name in ("bald", "variation-ratios", "sampled-entropy"):
        with pytest.raises(ValueError, match=r"samples have shape \(0, 4, 2\): they are of no draw"):
            asked(name, y, 1, {"samples": np.zeros((0, 4, 2))})
        with pytest.raises(ValueError, match="samples of row 3 are none"):
            asked(name, y, 1, {"samples": np.stack([np.full((4, 2), 0.5), [[1, 0], [1, 0], [1, 0], [2, 2]]])})


def test_probabilities_of_half_precision_are_some():
    torch = pytest.importorskip("torch")
    p = torch.from_numpy(softmax(500, 10)).bfloat16()
    assert len(asked("margin", np.full(500, np.nan), 3, {"probabilities": p})) == 3


def test_questions_that_cannot_be():
    x, y = np.zeros((4, 1)), np.full(4, np.nan)
    with pytest.raises(ValueError, match="4 rows of X have 3 labels"):
        strategy("random").query(x, y[:3])
    with pytest.raises(ValueError, match=r"y has shape \(4, 2\): it has one label a row"):
        strategy("random").query(x, np.stack([y, y], axis=1))
    with pytest.raises(IndexError, match="candidate 4 is no row of X, which has 4"):
        strategy("random").query(x, y, candidates=[1, 4])
    with pytest.raises(ValueError, match="candidates are rows of X"):
        strategy("random").query(x, y, candidates=[[0.0]])
    with pytest.raises(ValueError, match="batch_size=0"):
        strategy("random").query(x, y, batch_size=0)
    with pytest.raises(ValueError, match="KCenter has no utilities"):
        strategy("k-center").query(x, y, return_utilities=True)
    with pytest.raises(ValueError, match="embeddings of row 2 are not finite"):
        strategy("k-center").query(line(0, 1, np.nan, 2), y)
    with pytest.warns(UserWarning, match="batch_size=9 is lowered to the 4 candidates"):
        assert len(strategy("random").query(x, y, batch_size=9)) == 4


def test_labels_may_be_words():
    y = np.array(["cat", None, "dog", None], dtype=object)
    assert set(strategy("random", missing_label=None).query(np.zeros((4, 1)), y, batch_size=2).tolist()) == {1, 3}
    for nan in (float("nan"), np.float32("nan"), np.array(np.nan)):
        told = np.array([0, nan, 1, nan], np.float32)
        assert set(strategy("random", missing_label=nan).query(np.zeros((4, 1)), told, batch_size=2).tolist()) == {1, 3}
    y = np.array(["cat", "", "dog", ""])
    assert set(strategy("random", missing_label="").query(np.zeros((4, 1)), y, batch_size=2).tolist()) == {1, 3}

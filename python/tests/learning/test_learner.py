"""`ActiveLearner`: rounds, ids, resuming, and journals that were cut off or are another's."""

import json
import warnings

import numpy as np
import pytest

import farpoint
from farpoint.learning import ActiveLearner, strategy

POOL = np.random.default_rng(0).standard_normal((50, 4), dtype=np.float32)


def test_rounds_of_a_persons_own_loop():
    learner = ActiveLearner(50, "k-center")
    assert learner.inputs == {"embeddings"}
    learner.tell({4: "cat", 9: "dog"})
    query = learner.ask(5, embeddings=POOL)
    assert query.rows.tolist() == farpoint.select(POOL, 5, labeled=[4, 9]).centers.tolist()
    assert query.ids == query.rows.tolist() and query.round == 0 and len(query) == 5
    assert query.details["radius"] < query.details["radius_before"]
    assert learner.pending.tolist() == query.rows.tolist()
    learner.tell(["cat"] * 5)
    assert learner.labeled.tolist() == [4, 9, *query.rows] and learner.labels == ["cat", "dog"] + ["cat"] * 5
    assert len(learner.pending) == 0 and len(learner.unlabeled) == 43
    again = learner.ask(5, embeddings=POOL)
    assert again.round == 1 and again.rows.tolist() == farpoint.select(POOL, 10, labeled=[4, 9]).centers.tolist()[5:]


def test_ids_are_what_rows_are_called():
    ids = [f"image-{row}.png" for row in range(50)]
    learner = ActiveLearner(50, "random", ids=ids)
    query = learner.ask(3)
    assert query.ids == [ids[row] for row in query.rows]
    learner.tell({query.ids[1]: 7})
    assert learner.pending.tolist() == [query.rows[0], query.rows[2]]
    learner.skip([query.ids[0]])
    learner.tell([1])
    assert learner.labeled.tolist() == [query.rows[1], query.rows[2]] and learner.labels == [7, 1]
    assert query.rows[0] not in learner.unlabeled
    with pytest.raises(KeyError, match="no row has the id 3"):
        learner.tell({3: 1})
    with pytest.raises(ValueError, match="rows 0 and 2 have the same id 'a'"):
        ActiveLearner(3, ids=["a", "b", "a"])
    with pytest.raises(ValueError, match="2 ids for a pool of 3"):
        ActiveLearner(3, ids=["a", "b"])


def test_a_journal_is_gone_on_with(tmp_path):
    journal = tmp_path / "deep" / "labels.jsonl"
    learner = ActiveLearner(50, "k-center", journal=journal)
    learner.tell({0: 1})
    asked = learner.ask(4, embeddings=POOL)
    learner.tell({int(asked.rows[2]): 0})
    learner.skip([asked.rows[3]])

    again = ActiveLearner(50, "k-center", journal=journal)
    assert again.labeled.tolist() == learner.labeled.tolist() and again.labels == learner.labels == [1, 0]
    assert again.pending.tolist() == learner.pending.tolist() == asked.rows[:2].tolist()
    assert again.round == 1
    with pytest.raises(ValueError, match="2 rows of the last query have no label yet"):
        again.ask(1, embeddings=POOL)
    again.tell([np.int64(3), np.float32(0.5)])
    assert again.labels == [1, 0, 3, 0.5]
    picks = again.ask(3, embeddings=POOL).rows.tolist()
    assert ActiveLearner(50, journal=journal).pending.tolist() == picks


def test_a_line_that_was_cut_off_is_left_out_and_overwritten(tmp_path):
    journal = tmp_path / "labels.jsonl"
    ActiveLearner(50, journal=journal).tell({0: 1, 1: 2})
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"event":"tell","rows":[3],"lab')
    with pytest.warns(UserWarning, match="last line was cut off"):
        learner = ActiveLearner(50, journal=journal)
    assert learner.labeled.tolist() == [0, 1]
    learner.tell({7: 1})
    assert journal.read_bytes().startswith(whole) and ActiveLearner(50, journal=journal).labeled.tolist() == [0, 1, 7]


def test_a_journal_that_was_cut_at_any_byte_has_its_whole_lines_and_goes_on(tmp_path):
    journal = tmp_path / "labels.jsonl"
    learner = ActiveLearner(50, journal=journal)
    learner.tell({0: 1})
    learner.tell({1: "b"})
    whole = journal.read_bytes()
    for cut in range(len(whole) + 1):
        for nuls in (0, 3):
            journal.write_bytes(whole[:cut] + bytes(nuls))
            lines = [line for line in whole[:cut].split(b"\n") if line.endswith(b"}")]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                again = ActiveLearner(50, journal=journal)
            assert again.labeled.tolist() == list(range(max(0, len(lines) - 1)))
            again.tell({7: 1})
            kept = [*lines, b'{"event":"tell","rows":[7],"labels":[1]}']
            if not lines:
                kept.insert(0, b'{"event":"start","pool":50,"ids":null}')
            assert journal.read_bytes().splitlines() == kept


def test_a_line_that_lost_its_newline_is_kept_without_a_warning(tmp_path, recwarn):
    journal = tmp_path / "labels.jsonl"
    ActiveLearner(50, journal=journal).tell({0: 1})
    journal.write_bytes(journal.read_bytes().rstrip(b"\n"))
    one, other = ActiveLearner(50, journal=journal), ActiveLearner(50, journal=journal)
    assert one.labels == [1] and not recwarn.list
    other.tell({3: 1})
    with pytest.raises(OSError, match="another program has written to it"):
        one.tell({4: 1})
    assert ActiveLearner(50, journal=journal).labeled.tolist() == [0, 3]


def test_nul_bytes_at_the_end_are_told_and_overwritten(tmp_path):
    journal = tmp_path / "labels.jsonl"
    ActiveLearner(50, journal=journal).tell({0: 1})
    whole = journal.read_bytes()
    journal.write_bytes(whole + bytes(100_000))
    with pytest.warns(UserWarning, match="last line was cut off"):
        learner = ActiveLearner(50, journal=journal)
    learner.tell({7: 1})
    assert journal.read_bytes() == whole + b'{"event":"tell","rows":[7],"labels":[1]}\n'


@pytest.mark.parametrize("labels", ['"a"', "[[1]]", "[null]", "[NaN]", "{}", "1"])
def test_a_journal_with_labels_that_are_none_is_refused_with_the_line(tmp_path, labels):
    journal = tmp_path / "labels.jsonl"
    start = '{"event":"start","pool":50,"ids":null}'
    journal.write_text(f'{start}\n{{"event":"tell","rows":[5],"labels":{labels}}}\n')
    with pytest.raises(ValueError, match="line 2: no event of a learner"):
        ActiveLearner(50, journal=journal)


def test_rows_are_a_whole_number_of_any_type(tmp_path):
    ActiveLearner(np.int64(5), journal=tmp_path / "labels.jsonl").tell({3: 1})
    assert ActiveLearner(5, journal=tmp_path / "labels.jsonl").labeled.tolist() == [3]
    with pytest.raises(TypeError, match="rows is a whole number, not a float"):
        ActiveLearner(5.0)


@pytest.mark.parametrize("labels", ["cat", b"cat", {1, 2, 3}, {1: 0, 2: 0, 3: 0}.keys()])
def test_words_and_sets_are_no_labels_in_order(labels):
    learner = ActiveLearner(50, "random")
    learner.ask(3)
    with pytest.raises(TypeError, match="is no sequence of labels"):
        learner.tell(labels)
    assert len(learner.pending) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"label,row\n1,2\n", "line 1: no JSON"),
        (b"[1]\n", "line 1: no JSON object"),
        (b"no lines at all", "no file of JSON lines"),
        (b'{"event":"start","pool":49,"ids":null}\n', "is of another pool"),
        (b'{"event":"start","pool":50,"ids":null}\n{"event":"tell","rows":[50],"labels":[1]}\n', "line 2: no event"),
        (b'{"event":"start","pool":50,"ids":null}\n{"event":"tell","rows":[5],"labels":[]}\n', "line 2: no event"),
        (b'{"event":"start","pool":50,"ids":null}\n{"rows":[5]}\n', "line 2: no event"),
    ],
)
def test_a_journal_that_is_anothers_is_refused_and_left_as_it_is(tmp_path, content, message):
    journal = tmp_path / "labels.jsonl"
    journal.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        ActiveLearner(50, journal=journal)
    assert journal.read_bytes() == content


def test_two_who_write_to_one_journal_are_told(tmp_path):
    journal = tmp_path / "labels.jsonl"
    one, other = ActiveLearner(50, journal=journal), ActiveLearner(50, journal=journal)
    other.tell({3: 1})
    whole = journal.read_bytes()
    with pytest.raises(OSError, match="another program has written to it"):
        one.tell({4: 1})
    assert journal.read_bytes() == whole
    other.tell({5: 0})
    assert ActiveLearner(50, journal=journal).labeled.tolist() == [3, 5]


def test_a_journal_of_other_ids_is_refused(tmp_path):
    journal = tmp_path / "labels.jsonl"
    ActiveLearner(2, ids=["a", "b"], journal=journal)
    with pytest.raises(ValueError, match="is of another pool"):
        ActiveLearner(2, ids=["b", "a"], journal=journal)
    assert json.loads(journal.read_text().splitlines()[0])["pool"] == 2


def test_strategies_of_every_kind():
    probabilities = np.tile([0.5, 0.5], (50, 1))
    probabilities[7] = [0.51, 0.49]
    learner = ActiveLearner(50, strategy("margin"))
    assert learner.inputs == {"probabilities"}
    assert learner.ask(50, probabilities=probabilities).rows[-1] == 7

    class Theirs:
        def query(self, X, y, candidates=None, batch_size=1):
            assert np.isnan(y).sum() == 48 and X.shape == (50, 4)
            return np.asarray(candidates)[:batch_size].tolist()

    learner = ActiveLearner(50, Theirs())
    learner.tell({0: "a", 1: "b"})
    assert learner.ask(2, embeddings=POOL).rows.tolist() == [2, 3]


def test_what_cannot_be():
    learner = ActiveLearner(50, "k-center")
    with pytest.raises(ValueError, match="pool of 0 rows"):
        ActiveLearner(0)
    with pytest.raises(ValueError, match="a budget of 51: 50 rows"):
        learner.ask(51, embeddings=POOL)
    with pytest.raises(ValueError, match="KCenter needs embeddings"):
        learner.ask(1)
    with pytest.raises(ValueError, match="embeddings of 49 rows, for a pool of 50"):
        learner.ask(1, embeddings=POOL[:49])
    with pytest.raises(ValueError, match="embeddings of row 3 are not finite"):
        learner.ask(1, embeddings=np.where(np.arange(50)[:, None] == 3, np.nan, POOL))
    with pytest.raises(TypeError, match="unexpected keyword"):
        learner.ask(1, embeddings=POOL, probabilties=POOL)
    assert learner.round == 0 and len(learner.pending) == 0
    learner.ask(2, embeddings=POOL)
    with pytest.raises(ValueError, match="3 labels, for 2 rows"):
        learner.tell([1, 2, 3])
    with pytest.raises(KeyError, match="50 is no row"):
        learner.tell({50: 1})
    with pytest.raises(TypeError, match="is no string, number or bool"):
        learner.tell([1, None])
    assert len(learner.pending) == 2


def test_tensors_with_gradients_and_of_half_precision():
    torch = pytest.importorskip("torch")
    pool = torch.from_numpy(POOL).half().requires_grad_()
    learner = ActiveLearner(50, "uncertain-k-center")
    query = learner.ask(4, embeddings=pool, probabilities=torch.full((50, 2), 0.5, requires_grad=True))
    assert query.rows.tolist() == farpoint.select(POOL.astype(np.float16), 4, first=int(query.rows[0])).centers.tolist()
    learner.tell(torch.tensor([0, 1, 1, 0]))
    assert learner.labels == [0, 1, 1, 0]

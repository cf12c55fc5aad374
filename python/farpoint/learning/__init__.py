"""Active learning: rounds of choosing rows, having them labeled and training again, for any model.

    from farpoint.learning import ActiveLearner

    learner = ActiveLearner(len(pool), "k-center", journal="labels.jsonl")
    query = learner.ask(100, embeddings=encode(pool))
    learner.tell(labels_of(query.rows))

`ActiveLearner` keeps who has which label; `strategy` gives the query strategies of the paper and of others by name, each on the
protocol of scikit-activeml, which is needed for four of them alone. `docs/learning.md` says which to trust when.
"""

from farpoint.learning._learner import ActiveLearner, Query
from farpoint.learning._names import STRATEGIES, strategy
from farpoint.learning._strategy import INPUTS, Answer, Question, Strategy

__all__ = ["INPUTS", "STRATEGIES", "ActiveLearner", "Answer", "Query", "Question", "Strategy", "strategy"]

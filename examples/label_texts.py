"""Label texts at the terminal, the most telling ones first, and stop whenever you like: nothing that you typed is lost.

    python examples/label_texts.py texts.txt embeddings.npy --classes complaint praise question

`texts.txt` has one text a line, and `embeddings.npy` their embeddings, (n, d), of any sentence encoder. The first rows shown are a core-set:
no text is far from one of them. Once every class has a label, rounds go by uncertainty and distance together. Answers are a class, its
number or its first letters, in this order; an empty line skips a text for good. Labels are in `labels.jsonl`, from where the same command
goes on.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

import farpoint
from farpoint.learning import ActiveLearner, strategy


def ask(text, classes):
    """The class that a person gives a text, or None to skip it."""
    print(f"\n{text}")
    while True:
        answer = input(f"[{', '.join(f'{number} {name}' for number, name in enumerate(classes, 1))}]: ").strip()
        if not answer:
            return None
        if name := meant(answer, classes):
            return name


def meant(answer, classes):
    """The class of that name, else of that number, else the only one that begins so; None if there is none."""
    if answer in classes:
        return answer
    if answer in map(str, range(1, len(classes) + 1)):
        return classes[int(answer) - 1]
    begun = [name for name in classes if name.startswith(answer)]
    return begun[0] if len(begun) == 1 else None


def next_rows(learner, embeddings, classes, budget):
    """A core-set until every class is known; then rows that are far from all labeled ones and that the model is unsure of."""
    budget = min(budget, len(learner.unlabeled))
    if set(learner.labels) != set(classes):
        learner.strategy = strategy("k-center", metric="cosine")
        return learner.ask(budget, embeddings=embeddings)
    model = LogisticRegression(max_iter=1_000).fit(embeddings[learner.labeled], learner.labels)
    learner.strategy = strategy("uncertain-k-center", metric="cosine")
    return learner.ask(budget, embeddings=embeddings, probabilities=model.predict_proba(embeddings))


def label(learner, texts, classes):
    """Has every pending row labeled, and each told as soon as it is."""
    for row in learner.pending.tolist():
        name = ask(texts[row], classes)
        learner.skip([row]) if name is None else learner.tell({row: name})


def covered(learner, embeddings):
    """How far any text still is from one with a label."""
    if not len(learner.labels) or not len(learner.unlabeled):
        return ""
    radius = farpoint.select(embeddings, 1, labeled=learner.labeled, metric="cosine").initial_radius
    return f"; no text is farther than {radius:.3f} from one of them"


def main():
    parser = argparse.ArgumentParser(description="Label texts, the most telling ones first.")
    parser.add_argument("texts", type=Path)
    parser.add_argument("embeddings", type=Path)
    parser.add_argument("--classes", nargs="+", required=True)
    parser.add_argument("--budget", type=int, default=10, help="texts a round")
    parser.add_argument("--labels", type=Path, default="labels.jsonl")
    options = parser.parse_args()

    texts = options.texts.read_text().splitlines()
    embeddings = np.load(options.embeddings)
    if len(texts) != len(embeddings):
        parser.error(f"{len(texts)} texts have {len(embeddings)} embeddings")
    learner = ActiveLearner(len(texts), journal=options.labels)
    try:
        label(learner, texts, options.classes)
        while len(learner.unlabeled):
            next_rows(learner, embeddings, options.classes, options.budget)
            label(learner, texts, options.classes)
            print(f"\n{len(learner.labels)} texts have labels{covered(learner, embeddings)}")
    except (EOFError, KeyboardInterrupt):
        print(f"\n{len(learner.labels)} labels are in {options.labels}")


if __name__ == "__main__":
    main()

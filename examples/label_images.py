"""Active learning of images with a network of your own: which digits to label, by any strategy, beside rows drawn at random.

    python examples/label_images.py --strategy uncertain-k-center --rounds 6 --budget 20

The network and its training are yours; `farpoint.learning.ActiveLearner` keeps the labels, asks the strategy, and writes every round to
`--journal`, from where an interrupted run goes on. It takes seconds on a CPU.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from farpoint.learning import STRATEGIES, ActiveLearner

DATA = Path(__file__).resolve().parent.parent / "data"
TEST_ROWS = 500
#: CEAL has the network's own labels of the rows it is sure of, for the next training alone: the journal does not keep them.
NONE_TRUSTED = {"rows": [], "labels": []}


class Network(nn.Module):
    """Two convolutions and a hidden layer, which is the embedding."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1, stride=2), nn.ReLU(), nn.Flatten(),
            nn.Linear(512, 64), nn.ReLU(),
        )  # fmt: skip
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(64, 10)

    def forward(self, images):
        return self.head(self.dropout(self.encoder(images)))


def train(images, labels, seed=0, steps=120):
    """A new network, trained on these rows alone."""
    torch.manual_seed(seed)
    network = Network()
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        functional.cross_entropy(network(images), labels).backward()
        optimizer.step()
    return network


@torch.no_grad()
def inputs(network, images, wanted):
    """What a strategy asks of the model, and nothing else."""
    network.eval()
    embeddings = network.encoder(images)
    found = {"embeddings": embeddings.numpy()}
    if "probabilities" in wanted:
        found["probabilities"] = network.head(embeddings).softmax(dim=1).numpy()
    if "samples" in wanted:
        network.train()
        found["samples"] = torch.stack([network.head(network.dropout(embeddings)).softmax(dim=1) for _ in range(20)]).numpy()
    return {name: array for name, array in found.items() if name in wanted}


@torch.no_grad()
def accuracy(network, images, labels):
    return (network.eval()(images).argmax(dim=1) == labels).double().mean().item()


def rounds(name, count, budget, pool, test, journal=None):
    """Test accuracy after each round."""
    images, answers = pool
    learner = ActiveLearner(len(images), name, journal=journal)
    if not len(learner.labeled):
        learner.tell({row: int(answers[row]) for row in range(20)})  # the pool is shuffled
    history, trusted = [], NONE_TRUSTED
    while True:
        if len(learner.pending):  # here a person would look at images[learner.pending]
            learner.tell(answers[learner.pending].tolist())
        rows = [*learner.labeled.tolist(), *trusted["rows"]]
        network = train(images[rows], torch.tensor([*learner.labels, *trusted["labels"]]))
        history.append((len(learner.labeled), accuracy(network, *test)))
        if learner.round == count:
            return history
        query = learner.ask(budget, **inputs(network, images, learner.inputs))
        trusted = query.details.get("trusted", NONE_TRUSTED)


def main():
    parser = argparse.ArgumentParser(description="Active learning on the digits.")
    parser.add_argument("--strategy", choices=sorted(set(STRATEGIES) - {"oracle"}), default="uncertain-k-center")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--budget", type=int, default=20)
    parser.add_argument("--journal", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)

    images = torch.from_numpy(np.load(DATA / "digits.npy")).float().reshape(-1, 1, 8, 8) / 16
    labels = torch.from_numpy(np.load(DATA / "digits-labels.npy")).long()
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    test, pool = order[:TEST_ROWS], order[TEST_ROWS:]
    split = (images[pool], labels[pool]), (images[test], labels[test])
    ours = rounds(options.strategy, options.rounds, options.budget, *split, journal=options.journal)
    chance = rounds("random", options.rounds, options.budget, *split)
    print(f"labeled  {options.strategy:>20}  random")
    for (labeled, found), (_, drawn) in zip(ours, chance):
        print(f"{labeled:7}  {found:20.1%}  {drawn:6.1%}")


if __name__ == "__main__":
    main()

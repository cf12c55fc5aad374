"""Active learning in PyTorch: which digits to label next, by core-set and, for comparison, at random.

Each round trains a small network on the labeled digits, encodes the whole pool by its penultimate layer, selects the rows that lie
farthest from everything labeled (`farpoint.select`), asks for their labels, and trains again:

    python examples/training_loop.py --rounds 8 --budget 20

It takes seconds on a CPU. Where PyTorch has a GPU everything runs there: the embeddings are selected from where they lie.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import farpoint

DATA = Path(__file__).resolve().parent.parent / "data"
LABELED_AT_FIRST = 20
TEST_ROWS = 500


class Network(nn.Module):
    """A perceptron of two hidden layers; the second is the embedding."""

    def __init__(self, dimensions=64, classes=10):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(dimensions, 128), nn.ReLU(), nn.Linear(128, 32), nn.ReLU())
        self.head = nn.Linear(32, classes)

    def forward(self, images):
        return self.head(self.encoder(images))


def load_digits(seed, device):
    """Images (n, 64) and labels (n,), shuffled: the pool to label from and, apart from it, the test rows."""
    images = torch.from_numpy(np.load(DATA / "digits.npy")).to(device).float() / 16
    labels = torch.from_numpy(np.load(DATA / "digits-labels.npy")).to(device).long()
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed)).to(device)
    test, pool = order[:TEST_ROWS], order[TEST_ROWS:]
    return (images[pool], labels[pool]), (images[test], labels[test])


def train(images, labels, seed, steps=150):
    """A new network, trained on these rows alone: the same start each round, so rounds differ by their labels only."""
    torch.manual_seed(seed)
    network = Network().to(images.device)
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3, weight_decay=1e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        functional.cross_entropy(network(images), labels).backward()
        optimizer.step()
    return network.eval()


@torch.no_grad()
def accuracy(network, images, labels):
    return (network(images).argmax(dim=1) == labels).double().mean().item()


def core_set(embeddings, budget, labeled, generator):
    """The rows farthest from everything labeled, and the radius they leave: no row is farther than that from a labeled one."""
    selection = farpoint.select(embeddings, budget, labeled=labeled)
    return selection.centers.tolist(), float(selection.radius)


def at_random(embeddings, budget, labeled, generator):
    """As many rows that are not labeled yet, drawn at random."""
    order = torch.randperm(len(embeddings), generator=generator).tolist()
    known = set(labeled)
    return [row for row in order if row not in known][:budget], None


def active_learning(choose, rounds, budget, seed, device):
    """Label `budget` rows a round, chosen by `choose`. The labeled rows, and per round how many, their radius, test accuracy."""
    (images, answers), test = load_digits(seed, device)
    generator = torch.Generator().manual_seed(seed)
    labeled, radius = list(range(LABELED_AT_FIRST)), None  # the pool is shuffled: its first rows are random ones
    history = []
    for round_ in range(rounds + 1):
        network = train(images[labeled], answers[labeled], seed)
        history.append((len(labeled), radius, accuracy(network, *test)))
        if round_ < rounds:
            with torch.no_grad():
                embeddings = network.encoder(images)
            picks, radius = choose(embeddings, budget, labeled, generator)
            labeled += picks  # here a person would look at images[picks] and give `answers[picks]`
    return labeled, history


def main():
    parser = argparse.ArgumentParser(description="Active learning on the digits, by core-set and at random.")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--budget", type=int, default=20, help="rows to label each round")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = vars(parser.parse_args())
    torch.set_num_threads(1)  # so small a network is fastest on one, and its sums do not depend on how many there are

    _, by_core_set = active_learning(core_set, **options)
    _, by_chance = active_learning(at_random, **options)
    print("round  labeled   radius  accuracy  at random")
    for round_, ((labeled, radius, ours), (_, _, theirs)) in enumerate(zip(by_core_set, by_chance)):
        shown = "-" if radius is None else f"{radius:.3f}"
        print(f"{round_:5}  {labeled:7}  {shown:>7}  {ours:8.1%}  {theirs:9.1%}")


if __name__ == "__main__":
    main()

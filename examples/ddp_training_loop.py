"""Training on a core-set that is selected anew every few epochs, by the ranks of a PyTorch job that each hold a part of the data.

Each rank encodes its own images by the network as it is; `farpoint.distributed.select` chooses, from the images of all ranks together, those
that leave none far from a chosen one; each rank then trains on the chosen images that are its own. Gradients are averaged by DDP. On the CPU:

    python examples/ddp_training_loop.py --ranks 2
    torchrun --nproc-per-node 2 examples/ddp_training_loop.py
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import multiprocessing, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

import farpoint.distributed

DATA = Path(__file__).resolve().parent.parent / "data"
TEST_ROWS = 497
STEPS = 30


class Network(nn.Module):
    """A perceptron; its hidden layer is the embedding."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 32), nn.ReLU())
        self.head = nn.Linear(32, 10)

    def forward(self, images):
        return self.head(self.encoder(images))


def load_digits(rank, ranks):
    """This rank's part of the training images, and the images to test on."""
    images = torch.from_numpy(np.load(DATA / "digits.npy")).float() / 16
    labels = torch.from_numpy(np.load(DATA / "digits-labels.npy")).long()
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    test, train = order[:TEST_ROWS], order[TEST_ROWS:].tensor_split(ranks)[rank]
    return (images[train], labels[train]), (images[test], labels[test])


def own_rows(selection, mine):
    """The picks that are among this rank's rows, counted from its first."""
    counts = [None] * dist.get_world_size()
    dist.all_gather_object(counts, mine)
    first = sum(counts[: dist.get_rank()])
    return selection.centers[(selection.centers >= first) & (selection.centers < first + mine)] - first


def train(network, optimizer, images, labels):
    """Some steps of full batches: every rank takes as many, whatever it has."""
    for _ in range(STEPS):
        optimizer.zero_grad()
        # A rank without a pick takes part all the same, with a gradient of zeros.
        loss = functional.cross_entropy(network(images), labels, reduction="sum") / max(len(images), 1)
        loss.backward()
        optimizer.step()


def run(rank, ranks, options):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    (images, labels), (test_images, test_labels) = load_digits(rank, ranks)
    network = DistributedDataParallel(Network())
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    if rank == 0:
        print("epoch  rows  radius  accuracy")
    for epoch in range(options.epochs):
        if epoch % options.every == 0:
            with torch.no_grad():
                embeddings = network.module.encoder(images)
            selection = farpoint.distributed.select(embeddings, options.budget)
            rows = own_rows(selection, len(images))
        train(network, optimizer, images[rows], labels[rows])
        with torch.no_grad():
            accuracy = (network.module(test_images).argmax(dim=1) == test_labels).double().mean().item()
        if rank == 0:
            print(f"{epoch + 1:5}  {len(selection):4}  {selection.radius:6.3f}  {accuracy:8.1%}", flush=True)


def start(rank, ranks, options, meet):
    """One rank, started by this program or by torchrun."""
    dist.init_process_group("gloo", init_method=meet, rank=rank, world_size=ranks)
    run(rank, ranks, options)
    dist.destroy_process_group()


def main():
    parser = argparse.ArgumentParser(description="Training on a core-set that several ranks select together.")
    parser.add_argument("--ranks", type=int, default=2, help="processes to start, without torchrun")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--every", type=int, default=2, help="epochs after which rows are selected anew")
    parser.add_argument("--budget", type=int, default=300)
    options = parser.parse_args()
    if "RANK" in os.environ:
        start(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]), options, "env://")
        return
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.spawn(start, (options.ranks, options, f"file://{folder}/meet"), options.ranks)


if __name__ == "__main__":
    main()

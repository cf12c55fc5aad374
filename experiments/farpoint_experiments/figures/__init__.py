"""The paper's other figures and its table, each one command: `figure4`, `figure5`, `figure6`, `table1`, `bound`; and what a selection takes.

Each module has `add(parser)`, which names its options, and `main`, which does it. Results are JSON lines beside the picture, so a
command that is stopped goes on where it was.
"""

from __future__ import annotations

import argparse
from importlib import import_module

NAMES = {
    "figure4": "accuracy over labels of a run, as a picture",
    "figure5": "t-SNE of the pool with what uncertainty and core-set pick",
    "figure6": "greedy against robust: radii, proofs, accuracy",
    "table1": "run times of greedy and robust on real features",
    "selection": "what one round's selection takes, beside scikit-activeml's and beside training",
    "bound": "coverage radius and loss beside Theorem 1's bound",
}


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """A command for each figure."""
    for name, help_ in NAMES.items():
        module = import_module(f"{__name__}.{name}")
        parser = commands.add_parser(name, help=help_, description=module.__doc__)
        module.add(parser)

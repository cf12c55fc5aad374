"""Options that figures share."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..config import Config, read


def add_config(parser: argparse.ArgumentParser) -> None:
    """The config, as `run` takes it, and where results go."""
    parser.add_argument("config", type=Path, help="a TOML file: see configs/")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="in place of the config's")
    add_out(parser)


def add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="a folder for the results and pictures")


def config_of(arguments: argparse.Namespace) -> Config:
    arguments.out.mkdir(parents=True, exist_ok=True)
    return read(arguments.config, arguments.set)

"""`python -m farpoint_experiments`: experiments of active learning, and their pages and figures."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from farpoint.learning import STRATEGIES

from . import config as configs
from . import datasets, models
from .figures import add_commands


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code: 0, 1 after an error, 2 for a wrong command line, 130 after Ctrl-C."""
    arguments = _parser().parse_args(words)
    try:
        arguments.command(arguments)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except (ValueError, TypeError, ArithmeticError, OSError, ImportError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m farpoint_experiments", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run an experiment, or go on with it; ends with its page")
    run.add_argument("config", type=Path, help="a TOML file: see configs/")
    run.add_argument("--folder", type=Path, required=True, help="where results are, rounds.jsonl and page.html")
    run.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="seeds and strategies at a time [one a core]")
    run.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="in place of the config's, as training.max_epochs=5"
    )
    run.set_defaults(command=_run)
    page = commands.add_parser("page", help="draw the page of results again")
    page.add_argument("folder", type=Path)
    page.set_defaults(command=_page)
    add_commands(commands)
    listed = commands.add_parser("list", help="data sets, models and strategies by name")
    listed.set_defaults(command=_list)
    return parser


def _run(arguments: argparse.Namespace) -> None:
    from .jobs import Failed, run_all
    from .results import Results

    config = configs.read(arguments.config, arguments.set)
    try:
        run_all(config, Results(arguments.folder), arguments.processes, lambda text: print(text, file=sys.stderr, flush=True))
    except Failed as error:
        raise RuntimeError(f"not all is done: {error}") from None
    _page(arguments)


def _page(arguments: argparse.Namespace) -> None:
    from .page import write_page

    out = arguments.folder / "page.html"
    write_page(arguments.folder, out)
    print(out)


def _list(arguments: argparse.Namespace) -> None:
    for kind, names in (("data sets", datasets.NAMES), ("models", models.NAMES), ("strategies", STRATEGIES)):
        print(f"{kind}: {', '.join(names)}")


if __name__ == "__main__":
    sys.exit(main())

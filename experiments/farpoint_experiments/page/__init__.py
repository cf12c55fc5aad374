"""One HTML page of a run's results, which asks for nothing outside itself.

`folder` reads a run, `analysis` computes what the parts share, `answer` and the sections after it say and draw it; `markup`
escapes, `palette` and `plots` draw.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

from .about import about_section, notices
from .analysis import Analysis, analyse
from .answer import answer
from .classes import classes_section
from .curves import curves_section
from .differences import differences_section
from .effort import effort_section
from .folder import Run, checked, read_run
from .markup import Markup, joined, plural, tag
from .radii import radii_section

__all__ = ["page", "read_run", "write_page"]

HEAD = (
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    '<meta name="color-scheme" content="light dark">'
)


def write_page(source: Path | str | Sequence[Mapping[str, Any]], out: Path | str, about: Mapping[str, Any] | None = None) -> None:
    """Write the page of a run's folder, or of records and what is known about them."""
    run = read_run(Path(source)) if isinstance(source, (str, os.PathLike)) else checked(source, about)
    Path(out).write_text(page(run), encoding="utf-8")


def page(run: Run) -> Markup:
    """The whole page as HTML."""
    # A name may hold dollar signs, which are no formulas.
    with matplotlib.rc_context({"text.parse_math": False}):
        of = analyse(run)
        parts = [answer(of, notices(of)), curves_section(of), differences_section(of), classes_section(of)]
        parts += [effort_section(of), radii_section(of), about_section(of)] if run.records else [about_section(of)]
    style = Markup(Path(__file__).with_name("page.css").read_text(encoding="utf-8"))
    head = tag("head", Markup(HEAD), tag("title", f"{run.name}: does k-center beat random?"), tag("style", style))
    body = tag("body", _brand(of), *parts)
    return joined(Markup("<!doctype html>"), tag("html", head, body, lang="en"))


def _brand(of: Analysis) -> Markup:
    strategies, seeds = len(of.curves), len(of.run.seeds)
    size = f"{plural(strategies, 'strategy', 'strategies')}, {plural(seeds, 'seed')}"
    span = f", {of.labeled[0]:,} to {of.labeled[-1]:,} labels" if of.labeled else ""
    return tag("p", f"{of.run.config.get('title') or 'Farpoint experiments'} · {size}{span}", class_="brand")

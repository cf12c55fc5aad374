"""What a run was: its completeness, its config, the machine and the commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .analysis import Analysis
from .markup import Markup, details, joined, plural, section, tag

#: Sentences shown at once; the others are folded away.
SHOWN = 3


def notices(of: Analysis) -> Markup:
    """What a reader must know first: rounds that are not there, lines that could not be read."""
    return joined(_incomplete(of), _problems(of.run.problems))


def _incomplete(of: Analysis) -> Markup:
    if not of.curves:
        return tag("div", tag("b", "Nothing to compare yet."), " No strategy has finished a round.", class_="notice")
    if not of.missing:
        return Markup("")
    lacking = sum(one.wanted - one.done for one in of.missing)
    are = "is" if lacking == 1 else "are"
    said = f" {plural(lacking, 'round')} of {plural(len(of.missing), 'curve')} {are} not there; numbers below are of what is."
    items = [tag("li", f"{one.strategy}, seed {one.seed}: {one.done} of {plural(one.wanted, 'round')}") for one in of.missing]
    return tag("div", tag("b", "This run is not complete."), said, details("Which", tag("ul", *items)), class_="notice")


def _problems(problems: list[str]) -> Markup:
    if not problems:
        return Markup("")
    items = [tag("li", problem) for problem in problems]
    rest = details(f"{len(items) - SHOWN} more", tag("ul", *items[SHOWN:])) if len(items) > SHOWN else ""
    return tag("div", tag("ul", *items[:SHOWN]), rest, class_="notice")


def about_section(of: Analysis) -> Markup:
    """All of `run.json`, a table a part."""
    parts = {key: value for key, value in of.run.about.items() if key not in ("classes", "circumstances")}
    parts |= _circumstances(of.run.about.get("circumstances"))
    if not parts:
        return section("This run", tag("p", "run.json tells nothing: config, machine and commit are not known."))
    plain = {key: value for key, value in parts.items() if not isinstance(value, Mapping)}
    tables = [tag("div", tag("h3", key), _list(value)) for key, value in parts.items() if isinstance(value, Mapping)]
    return section("This run", _list(plain) if plain else "", tag("div", *tables, class_="pair"))


def _circumstances(told: Any) -> dict[str, Any]:
    """Machine, versions and commit; where lines were made in several circumstances, those of each in a table of its own."""
    known = [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
    parts = [{key: value for key, value in one.items() if key != "first_line"} for one in known]
    if len(parts) == 1:
        return parts[0]
    return {f"from line {one.get('first_line')}": part for one, part in zip(known, parts)}


def _list(values: Mapping[str, Any]) -> Markup:
    return tag("dl", *(tag("div", tag("dt", key), tag("dd", value)) for key, value in _flat(values)))


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested tables as keys with dots."""
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", _said(value)))
    return rows


def _unsaid(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    """A strategy of a config without its name, where its label is the same."""
    return {key: value for key, value in choice.items() if key != "label" or value != choice.get("name")}


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_said(one) for one in value)
    if isinstance(value, Mapping):
        return " ".join(_said(one) if key == "name" else f"({key} {_said(one)})" for key, one in _unsaid(value).items()) or "none"
    return {True: "yes", False: "no", None: "none"}[value] if isinstance(value, bool) or value is None else str(value)

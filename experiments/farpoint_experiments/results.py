"""A run's folder: `run.json` says what is run and where, `rounds.jsonl` has a line a round."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from farpoint.learning._journal import Journal

from .config import FREE, Config, as_table
from .lines import NEEDED, NEEDED_TO_GO_ON, fault

#: Details of a round that are files.
ATTACHED = {"certificate", "trusted"}


class Results:
    """The results in a folder, begun or gone on with.

    Raises
    ------
    ValueError
        A folder that holds the results of another config, with the keys that differ; damaged results, with the line.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = Journal(folder / "rounds.jsonl")
        self._about: dict[str, Any] = {}
        #: Where and with what the lines of this process are made, until `run.json` says so.
        self._now: dict[str, Any] | None = None

    def begin(self, config: Config, classes: Sequence[str] = ()) -> list[dict[str, Any]]:
        """The rounds done so far; `run.json` is written. Other seeds, strategies and queries than before are no other config.

        `run.json` has those of before too.
        """
        before, now = self._read_about(), as_table(config)
        if before:
            _same(before["config"], now, self.folder)
            now = _united(before["config"], now)
        rounds = self.rounds()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._about = {"config": now, "classes": list(classes), "circumstances": _circumstances_of(before)}
        self._now = {"first_line": len(rounds) + 1, **circumstances()}
        self._write_about()
        return rounds

    def rounds(self) -> list[dict[str, Any]]:
        """All lines, in the order they were written."""
        rounds = self.journal.read()
        for number, line in enumerate(rounds, 1):
            wrong = fault(line, NEEDED | NEEDED_TO_GO_ON)
            if wrong:
                raise ValueError(f"{self.journal.path}, line {number} {wrong}")
        return rounds

    def add(self, line: dict[str, Any]) -> None:
        """One round more. What is long, a certificate or trusted rows, goes to a file of its own, which the line names."""
        self._note_circumstances()
        details = dict(line["details"])
        for key in ATTACHED & details.keys():
            name = f"{key}/{_slug(line['strategy'])}-{line['seed']}-{line['round']}.json"
            (self.folder / key).mkdir(exist_ok=True)
            (self.folder / name).write_text(json.dumps(details[key]) + "\n")
            details[key] = name
        self.journal.append({**line, "details": details})

    def whole(self, line: dict[str, Any]) -> dict[str, Any]:
        """A line as it was added, with what lies in files of its own."""
        details = dict(line["details"])
        for key in ATTACHED & details.keys():
            details[key] = _read_json(self.folder / details[key])
        return {**line, "details": details}

    def _read_about(self) -> dict[str, Any]:
        """What `run.json` says; nothing where it is not there."""
        path = self.folder / "run.json"
        if not path.exists():
            return {}
        about = _read_json(path)
        config = about.get("config") if isinstance(about, dict) else None
        if not isinstance(config, dict) or not {"seeds", "strategies", "queries"} <= config.keys():
            raise ValueError(f"{path}: it holds no config")
        return about

    def _write_about(self) -> None:
        """Whole or not at all: a process that is stopped here leaves what was there before."""
        path = self.folder / "run.json"
        new = path.with_suffix(".json.new")
        with new.open("w", encoding="utf-8") as file:
            file.write(json.dumps(self._about, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)

    def _note_circumstances(self) -> None:
        """Before the first line of this process, where its circumstances are not those of the line before."""
        if self._now is None:
            return
        told = self._about["circumstances"]
        if not told or {**told[-1], "first_line": 0} != {**self._now, "first_line": 0}:
            told.append(self._now)
            self._write_about()
        self._now = None


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _circumstances_of(about: dict[str, Any]) -> list[dict[str, Any]]:
    """In which the lines so far were made; older files tell those of the last process, beside the config."""
    beside = {key: about[key] for key in ("machine", "versions", "commit") if key in about}
    return list(about.get("circumstances", [{"first_line": 1, **beside}] if beside else []))


def _united(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The config of now, with the seeds, strategies and queries of before."""
    lists = {key: [*before[key], *(one for one in now[key] if one not in before[key])] for key in ("seeds", "strategies")}
    return {**now, **lists, "queries": max(before["queries"], now["queries"])}


def _slug(label: str) -> str:
    """A label as a part of a file's name: what differs from the label has a digest of it, so that no two are the same."""
    plain = "".join(letter if letter.isalnum() else "-" for letter in label)[:60]
    return plain if plain == label else f"{plain}.{hashlib.sha256(label.encode()).hexdigest()[:8]}"


def circumstances() -> dict[str, Any]:
    """Where and with what a run was made."""
    packages = ("farpoint", "torch", "numpy", "scikit-activeml")
    return {
        "machine": machine(),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in packages}},
        "commit": _commit(),
    }


def machine() -> str:
    """The processor, its number of cores, and whether it has AMX."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    values = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    amx = "AMX" if "amx_int8" in flags else "no AMX"
    return f"{values[0] if values else platform.machine()}, {len(values)} cores, {amx}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except ModuleNotFoundError:
        return None


def _commit() -> str | None:
    """The commit of these sources, with `+` where they differ from it."""
    here = Path(__file__).parent
    try:
        run = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12"], cwd=here, capture_output=True, text=True
        )
    except OSError:
        return None
    return run.stdout.strip() or None


def _same(before: dict[str, Any], now: dict[str, Any], folder: Path) -> None:
    differs = [key for key in sorted(before.keys() | now.keys()) if key not in FREE and before.get(key) != now.get(key)]
    old = {entry["label"]: entry for entry in before["strategies"]}
    differs += [f"strategy {entry['label']!r}" for entry in now["strategies"] if old.get(entry["label"], entry) != entry]
    if differs:
        raise ValueError(f"{folder} holds results of another config, which differs in {', '.join(differs)}: give another folder")

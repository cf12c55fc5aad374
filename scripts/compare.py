#!/usr/bin/env python3
"""Runs Farpoint and what else selects diverse rows on the same pools, and writes the tables of docs/comparison.md.

    scripts/python-wheel && python3 scripts/compare.py

It makes an environment of scripts/compare.txt and the wheel in a temporary folder (several GB, PyTorch's mostly), and takes about 20
minutes. Every run is a process of its own (compare_tools.py), stopped after --cap seconds or 8 GB. The tools take turns, so that what else
the machine does meets all; medians of the turns are shown. Every answer is followed in float64, pick by pick, by plain differences.
"""

import argparse
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
from typing import NamedTuple

from bench_peers import machine

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "comparison.md"
#: A run that takes more seconds than this is not repeated.
LONG = 2.0
#: A pick that is nearer than the farthest row by less than this part of its distance is put down to rounding.
ROUNDING = 1e-3


class Tool(NamedTuple):
    """A line of the tables: its name there, and the package whose version is shown."""

    name: str
    package: str
    #: What it does other than farthest first by the values as they are: its picks are not followed then.
    aim: str = ""
    #: Rows that its own rule has it begin with.
    starts: int = 1


TOOLS = {
    "farpoint": Tool("Farpoint", "farpoint"),
    "numpy_loop": Tool("NumPy's loop", "numpy"),
    "fpsample": Tool("fpsample", "fpsample"),
    "fpsample_buckets": Tool("fpsample's buckets", "fpsample"),
    "mundig": Tool("lightly-mundig", "lightly-mundig"),
    "k_center": Tool("k-center", "k-center"),
    "quickfps": Tool("torch-quickfps", "torch-quickfps"),
    "torch_fps": Tool("torch-fps", "torch-fps"),
    "scikit_activeml": Tool("scikit-activeml CoreSet", "scikit-activeml"),
    "anomalib": Tool("anomalib KCenterGreedy", "anomalib"),
    "small_text": Tool("small-text greedy_coreset", "small-text"),
    "scikit_matter": Tool("scikit-matter FPS", "skmatter"),
    "calibra": Tool("Calibra", "calibra-robotics"),
    "qc_selector": Tool("qc-selector MaxMin", "qc-selector"),
    "rdkit": Tool("RDKit MaxMinPicker", "rdkit"),
    "astartes": Tool("astartes, Kennard-Stone", "astartes", starts=2),
    "kennard_stone": Tool("kennard-stone", "kennard-stone", aim="of scaled features"),
    "submodlib": Tool("submodlib DisparityMin", "submodlib-py", aim="another aim"),
    "apricot": Tool("apricot, facility location", "apricot-select", aim="another aim"),
    "divsel": Tool("divsel GIST", "divsel", aim="another aim"),
    "faiss": Tool("faiss k-means", "faiss-cpu", aim="another aim"),
}


class Pool(NamedTuple):
    """Rows to select from, how many, and whether time is told."""

    title: str
    rows: object
    budget: int
    is_timed: bool


def pools():
    """The same values on every machine."""
    import numpy as np

    draw = np.random.default_rng(7)
    digits = np.load(HERE.parent / "data" / "digits.npy").astype(np.float32)
    places = draw.standard_normal((200, 16), dtype=np.float32)
    return {
        "digits": Pool("handwritten digits, 1,797 x 64, 100 rows", digits, 100, True),
        "ties": Pool(
            "whole numbers from -2 to 2, 2,000 x 4, 300 rows", draw.integers(-2, 3, (2000, 4)).astype(np.float32), 300, False
        ),
        "duplicates": Pool("200 places, each ten times, 2,000 x 16, 250 rows", np.repeat(places, 10, axis=0), 250, False),
        "offset": Pool(
            "normal values + 10,000, 2,000 x 16, 100 rows",
            draw.standard_normal((2000, 16), dtype=np.float32) + 10_000,
            100,
            False,
        ),
        "wide": Pool("normal values, 20,000 x 128, 500 rows", draw.standard_normal((20_000, 128), dtype=np.float32), 500, True),
        "cloud": Pool("normal values, 50,000 x 3, 500 rows", draw.standard_normal((50_000, 3), dtype=np.float32), 500, True),
    }


def distances_to(points, row):
    """(n,) float64, by differences."""
    import numpy as np

    differences = points - points[row]
    return np.sqrt(np.einsum("ij,ij->i", differences, differences))


def reference(points, starts, budget):
    """Farthest first from `starts`, ties to the lowest row, each row once; and the radius that is left."""
    import numpy as np

    nearest, rows = np.full(len(points), np.inf), []
    while True:
        rows.append(starts[len(rows)] if len(rows) < len(starts) else int(open_distances(nearest, rows).argmax()))
        nearest = np.minimum(nearest, distances_to(points, rows[-1]))
        if len(rows) == budget:
            return rows, float(nearest.max())


def open_distances(nearest, rows):
    """Every row's distance, -1 for those that were picked."""
    left = nearest.copy()
    left[rows] = -1
    return left


def shortfall_of(points, rows, starts):
    """How far short of the farthest row a pick was at most, as a part of its distance; and the radius that is left."""
    import numpy as np

    nearest, worst = distances_to(points, rows[0]), 0.0
    for place, row in enumerate(rows[1:], 1):
        farthest = float(nearest.max())
        if place >= starts and farthest > 0:
            worst = max(worst, (farthest - float(nearest[row])) / farthest)
        nearest = np.minimum(nearest, distances_to(points, row))
    return worst, float(nearest.max())


def radius_text(radius, of_reference):
    """The radius over the reference's."""
    if of_reference == 0:
        return "radius 0" if radius == 0 else f"radius {radius:.3g}, not 0"
    return f"{radius / of_reference:.3f}"


class Judge:
    """Follows the answers from one pool; equal ones once."""

    def __init__(self, pool):
        self.points = pool.rows.astype("float64")
        self.budget = pool.budget
        self.followed, self.references = {}, {}
        self.radius = self.reference((0,))[1]

    def reference(self, starts):
        """The reference's rows and radius."""
        if starts not in self.references:
            self.references[starts] = reference(self.points, starts, self.budget)
        return self.references[starts]

    def verdict(self, tool, rows):
        """What the answer is: `picks` in words, `radius` over that of the reference from row 0, as text."""
        key = (tuple(rows), tool.starts)
        if key not in self.followed:
            self.followed[key] = shortfall_of(self.points, rows, tool.starts)
        shortfall, radius = self.followed[key]
        return {"picks": self._words(tool, rows, shortfall), "radius": radius_text(radius, self.radius)}

    def _words(self, tool, rows, shortfall):
        repeated = len(rows) - len(set(rows))
        told = self._order(tool, rows, shortfall)
        if len(rows) != self.budget:
            told += f", {len(rows)} rows"
        return f"{told}, {repeated} repeated" if repeated else told

    def _order(self, tool, rows, shortfall):
        if tool.aim:
            return tool.aim
        if rows == self.reference(tuple(rows[: tool.starts]))[0]:
            return "same" if rows[0] == 0 else "same, other start"
        if shortfall == 0:
            return "ties otherwise"
        return f"by rounding, {shortfall:.0e}" if shortfall < ROUNDING else f"up to {100 * shortfall:.3g} % short"


def run_once(python, tool, path, budget, cap):
    """The child's answer, or in words why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "answer.json"
        command = [python, "-W", "ignore", str(HERE / "compare_tools.py"), tool, str(path), str(budget), str(out)]
        # What is set for NumPy's products on older processors slows newer ones.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
        try:
            done = subprocess.run(command, timeout=cap, capture_output=True, text=True, env=environment, cwd=folder)
        except subprocess.TimeoutExpired:
            return f"more than {cap:g} s"
        if done.returncode == 0:
            return json.loads(out.read_text())
    return why(done)


def why(done):
    """Why a child failed: the last line that it wrote."""
    lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit {done.returncode}"]
    short_of_memory = ("MemoryError", "bad_alloc", "can't allocate memory", "Unable to allocate", "memory allocation of")
    if any(words in done.stderr for words in short_of_memory):
        return "more than 8 GB"
    return "fails: " + lines[-1][:90].replace("|", "/")


def measure(python, pool, path, turns, cap):
    """Every tool's runs on one pool, in turns: a list of answers, or why there are none."""
    answers = {tool: [] for tool in TOOLS}
    for _ in range(turns):
        for tool, sofar in answers.items():
            if isinstance(sofar, str) or (sofar and sofar[-1]["wall"] > LONG):
                continue
            answer = run_once(python, tool, path, pool.budget, cap)
            print(
                f"  {TOOLS[tool].name}: {answer if isinstance(answer, str) else round(answer['wall'], 4)}",
                file=sys.stderr,
                flush=True,
            )
            if isinstance(answer, str):
                answers[tool] = answer
            else:
                sofar.append(answer)
    return answers


def entry_of(tool, answers, judge):
    """A tool's medians and what its answer is."""
    if isinstance(answers, str):
        return {"absent": answers}
    medians = {name: statistics.median(answer[name] for answer in answers) for name in ("wall", "cpu", "bytes")}
    same = all(answer["rows"] == answers[0]["rows"] for answer in answers)
    return medians | judge.verdict(TOOLS[tool], answers[0]["rows"]) | {"turns": len(answers), "repeatable": same}


def exactness_table(results, chosen):
    lines = ["| tool | " + " | ".join(pool.title for pool in chosen.values()) + " |", "| --- |" + " --- |" * len(chosen)]
    for tool, about in TOOLS.items():
        cells = [exactness_cell(results[name][tool]) for name in chosen]
        lines.append(f"| {about.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def exactness_cell(entry):
    if "absent" in entry:
        return entry["absent"]
    return f"{entry['picks']}; {entry['radius']}"


def time_table(results):
    lines = ["| tool | s | CPU s | memory, MB | on a GPU | picks | radius |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for tool in sorted(TOOLS, key=lambda tool: results[tool].get("wall", float("inf"))):
        entry, name = results[tool], TOOLS[tool].name
        if "absent" in entry:
            lines.append(f"| {name} | {entry['absent']} | | | | | |")
            continue
        numbers = f"{entry['wall']:.3g} | {entry['cpu']:.3g} | {entry['bytes'] / 1e6:,.0f} | not measured"
        lines.append(f"| {name} | {numbers} | {entry['picks']} | {entry['radius']} |")
    return "\n".join(lines)


def versions_of(python):
    """Per package what is installed, from that environment."""
    code = "import importlib.metadata as m, json, sys; print(json.dumps({d.metadata['Name'].lower().replace('_', '-'): d.version for d in m.distributions()}))"
    return json.loads(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout)


def machine_text(versions, args):
    of = machine()
    packages = sorted({tool.package for tool in TOOLS.values()})
    named = ", ".join(f"{name} {versions.get(name.lower().replace('_', '-'), 'not installed')}" for name in packages)
    return (
        f"{of['cores']} cores of an {of['cpu']}, {args.turns} turns beside other work, one where a run took over {LONG:g} s; at most {args.cap:g} s and 8 GB a run; no GPU.\n"
        f"Python {versions['python']}: {named}; PyTorch {versions.get('torch', 'not installed')}."
    )


def write_page(tables):
    """Put each table between its markers."""
    text = PAGE.read_text()
    for name, table in tables.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise SystemExit(f"{PAGE.name} has no {begin} ... {end}")
        text = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    PAGE.write_text(text)


def make_environment(folder):
    """An environment of compare.txt and the wheel: its Python."""
    wheels = sorted((HERE.parent / "target" / "python" / "wheel").glob("farpoint-*.whl"))
    uv = HERE.parent / "target" / "python" / "tools" / "bin" / "uv"
    if not wheels or not uv.exists():
        raise SystemExit("there is no wheel: run scripts/python-wheel first")
    python = folder / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", folder], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "-r", HERE / "compare.txt", wheels[-1]], check=True)
    return python


def compare(args, folder):
    """Run everything in this process's environment, and write the page."""
    import numpy as np

    results, chosen = {}, pools()
    for name, pool in chosen.items():
        print(pool.title, file=sys.stderr, flush=True)
        path = folder / f"{name}.npy"
        np.save(path, pool.rows)
        answers = measure(sys.executable, pool, path, args.turns if pool.is_timed else 1, args.cap)
        judge = Judge(pool)
        results[name] = {tool: entry_of(tool, answers[tool], judge) for tool in TOOLS}
        results[name]["sha256"] = hashlib.sha256(pool.rows.tobytes()).hexdigest()
    versions = versions_of(sys.executable) | {"python": sys.version.split()[0]}
    if args.record:
        pathlib.Path(args.record).write_text(
            json.dumps({"machine": machine(), "versions": versions, "pools": results}, indent=1) + "\n"
        )
    untimed = {name: pool for name, pool in chosen.items() if not pool.is_timed}
    tables = {"machine": machine_text(versions, args), "exactness": exactness_table(results, untimed)}
    tables |= {name: time_table(results[name]) for name, pool in chosen.items() if pool.is_timed}
    write_page(tables)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=3, help="runs of each tool where time is told")
    parser.add_argument("--cap", type=float, default=25, help="seconds after which a run is stopped")
    parser.add_argument("--record", help="write everything to this .json, too")
    parser.add_argument("--here", action="store_true", help="in the environment that runs this, without making one")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if args.here:
            return compare(args, pathlib.Path(folder))
        python = make_environment(pathlib.Path(folder) / "environment")
        return subprocess.run([python, __file__, *sys.argv[1:], "--here"]).returncode


if __name__ == "__main__":
    sys.exit(main())

"""What all steps share: the bundle's programs, a folder for pools, sizes."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .running import Clock, Json, Run, Runner


class Unusable(Exception):
    """Why nothing can be checked here; one line."""


BYTES = {"f32": 4, "f16": 2, "bf16": 2}


@dataclass(frozen=True)
class Subject:
    """A pool to be made, and how many of its rows are selected."""

    name: str
    shape: str
    rows: int
    dimensions: int
    dtype: str
    budget: int

    @property
    def bytes(self) -> int:
        return self.rows * self.dimensions * BYTES[self.dtype]


@dataclass(frozen=True)
class Sizes:
    """Of the pools, and how long things may take."""

    # Selected from on the CPU and on the device; then measured, as the others.
    large: Subject
    others: tuple[Subject, ...]
    # Too large for the CPU to select as many from.
    huge: Subject
    # The budget that the CPU selects from the huge pool.
    prefix: int
    # The small pools of the benchmark, and the budget.
    small: tuple[int, int, int]
    patience: float


REAL = Sizes(
    large=Subject("large-f32", "text", 1_000_000, 768, "f32", 10_000),
    others=(
        Subject("large-f16", "text", 1_000_000, 768, "f16", 10_000),
        Subject("wide-f32", "mixture", 164_000, 1_024, "f32", 16_400),
    ),
    huge=Subject("huge-bf16", "text", 10_000_000, 512, "bf16", 100_000),
    prefix=1_000,
    small=(4096, 768, 256),
    patience=1,
)
# The test bed runs every CUDA thread on the CPU.
DRY = Sizes(
    large=Subject("large-f32", "text", 3_000, 64, "f32", 300),
    others=(
        Subject("large-f16", "text", 3_000, 64, "f16", 300),
        Subject("wide-f32", "mixture", 1_200, 96, "f32", 120),
    ),
    huge=Subject("huge-bf16", "text", 6_000, 32, "bf16", 200),
    prefix=50,
    small=(256, 48, 32),
    patience=4,
)


@dataclass
class Context:
    root: Path
    # Small files, and the programs.
    scratch: Path
    runner: Runner
    python: str
    programs: dict[str, Path]
    sizes: Sizes
    dry: bool

    @property
    def farpoint(self) -> Path:
        return self.programs["farpoint"]

    def run(self, command: list[object], clock: Clock, limit: float, **variables: str) -> Run:
        return self.runner.run(command, clock, limit * self.sizes.patience, **variables)

    def synth(self, path: Path, shape: str, n: int, d: int, dtype: str, clock: Clock, limit: float = 60) -> Run:
        options = ["--shape", shape, "--rows", n, "--dimensions", d, "--seed", 1, "--dtype", dtype]
        return self.run([self.farpoint, "synth", path, *options], clock, limit)

    def make(self, path: Path, subject: Subject, clock: Clock, limit: float = 60) -> Run:
        return self.synth(path, subject.shape, subject.rows, subject.dimensions, subject.dtype, clock, limit)

    def select(self, pool: Path, device: str, output: Path, clock: Clock, limit: float, *options: object) -> Run:
        command = [self.farpoint, "select", pool, "--device", device, "--output", output, "--quiet", *options]
        return self.run(command, clock, limit)

    def text_pool(self) -> Path | None:
        name = "shared/data/text-embeddings-20k.npy"
        return next((path for path in (self.root / name, self.root.parent / name) if path.exists()), None)


def read_manifest(folder: Path) -> Json:
    try:
        return json.loads((folder / "manifest.json").read_text())
    except OSError as error:
        raise Unusable("no bundle: run scripts/gpu-bundle where Rust is, and carry target/gpu-check here") from error
    except ValueError as error:
        raise Unusable("the bundle's manifest cannot be read: carry it again") from error


def unpack(folder: Path, manifest: Json, into: Path) -> dict[str, Path]:
    programs = {}
    for entry in manifest["binaries"]:
        try:
            content = gzip.decompress((folder / f"{entry['name']}.gz").read_bytes())
        except (OSError, EOFError) as error:
            raise Unusable(f"the bundle's {entry['name']} cannot be read: {error}") from error
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            raise Unusable(f"the bundle's {entry['name']} is not what its manifest says: carry it again")
        path = into / entry["name"]
        path.write_bytes(content)
        path.chmod(0o755)
        programs[entry["name"]] = path
    return programs


def roomy_folder(needed: int) -> Path | None:
    """Where a file of that many bytes fits: in memory for choice, which must have room for the programs' own besides."""
    memory = Path("/dev/shm")
    if memory.is_dir() and free(memory) > 1.1 * needed and memory_available() > 4 * needed:
        return memory
    disk = Path(os.environ.get("TMPDIR") or "/tmp")
    return disk if disk.is_dir() and free(disk) > 1.1 * needed else None


@contextmanager
def room(needed: int) -> Iterator[Path | None]:
    """A folder of its own for a file of that many bytes, which goes whatever happens; None where there is no room."""
    place = roomy_folder(needed)
    if place is None:
        yield None
        return
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


def free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def memory_available() -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), 0)

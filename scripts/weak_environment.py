"""The Python that runs comparisons with other tools: made once, in target/weak/, by whichever script wants it first.

A wheel of Farpoint is unpacked there too, into a folder of its own: builds of two commits can be run from one environment.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "target" / "weak"
REQUIREMENTS = Path(__file__).resolve().parent / "bench_weak.txt"
#: Libraries that start threads of their own; a run has one core.
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}


def enter() -> None:
    """Go on in the environment, which is made anew when its requirements change."""
    python, made_of = HOME / "venv" / "bin" / "python", HOME / "made-of"
    if Path(sys.prefix).resolve() == (HOME / "venv").resolve():
        return
    wanted = f"{HOME}\n{REQUIREMENTS.read_text()}"
    if not made_of.exists() or made_of.read_text() != wanted:
        venv.create(HOME / "venv", clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", REQUIREMENTS], check=True)
        made_of.write_text(wanted)
    os.execve(python, [python, *sys.argv], {**os.environ, **ONE_THREAD})


def newest_wheel() -> Path:
    """The wheel that scripts/python-wheel built."""
    wheels = sorted((ROOT / "target" / "python" / "wheel").glob("farpoint-*.whl"))
    if not wheels:
        sys.exit("error: no wheel in target/python/wheel: run scripts/python-wheel, or name one")
    return wheels[-1]


def unpacked(wheel: Path) -> Path:
    """A folder to import the wheel's Farpoint from."""
    folder = HOME / "wheels" / hashlib.sha256(wheel.read_bytes()).hexdigest()[:16]
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.{os.getpid()}")
        zipfile.ZipFile(wheel).extractall(partial)
        partial.rename(folder)
    return folder


def pin_to_one_core() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def machine() -> dict[str, object]:
    cpuinfo = Path("/proc/cpuinfo").read_text()
    flags = next(line for line in cpuinfo.splitlines() if line.startswith("flags"))
    commit = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=40"], cwd=ROOT, capture_output=True, text=True)
    return {
        "cpu": next(line.split(": ")[1] for line in cpuinfo.splitlines() if line.startswith("model name")),
        "cores": os.cpu_count(),
        "amx": "amx_int8" in flags,
        "avx512_vnni": "avx512_vnni" in flags,
        "load": os.getloadavg()[0],
        "commit": commit.stdout.strip(),
    }

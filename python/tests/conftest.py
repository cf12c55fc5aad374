"""What the tests share: pools, the oracle, and the CUDA test bed, on which programs run in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent
ROOT = TESTS.parents[1]
sys.path.insert(0, str(TESTS))  # for the modules beside this one, under whatever import mode

import reference  # noqa: E402 - it is one of them

settings.register_profile(
    "farpoint", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("farpoint")


@pytest.fixture
def pool():
    """300 rows without ties."""
    return np.random.default_rng(0).standard_normal((300, 8), dtype=np.float32)


@pytest.fixture
def expected(pool):
    """The first 20 picks from `pool`."""
    return reference.select(pool, 20).centers


@pytest.fixture(scope="session")
def digits():
    """1,797 x 64 u8, full of ties."""
    return np.load(ROOT / "data" / "digits.npy")


@pytest.fixture(scope="session")
def bed():
    """The folder of the test bed's libcuda.so.1; of the machine's own driver, None."""
    if os.environ.get("FARPOINT_BED") != "1" and has_gpu():
        return None
    out = ROOT / "target" / "tmp" / "bed" / "plain"
    try:
        built = subprocess.run(["bash", str(ROOT / "tests" / "bed" / "build"), str(out)], capture_output=True, text=True)
    except FileNotFoundError:
        return without_bed("there is no bash to build it with")
    if built.returncode == 3:
        return without_bed(built.stderr.strip())
    assert built.returncode == 0, built.stderr
    return out


def has_gpu() -> bool:
    """Whether there is a driver with a device, asked in another process: a driver does not outlive a fork."""
    program = "import ctypes; raise SystemExit(ctypes.CDLL('libcuda.so.1').cuInit(0))"
    return subprocess.run([sys.executable, "-c", program], capture_output=True).returncode == 0


def without_bed(reason: str) -> None:
    """Skip what needs CUDA, unless that is a failure."""
    if os.environ.get("FARPOINT_REQUIRE_CUDA") == "1":
        pytest.fail(f"no CUDA test bed: {reason}")
    pytest.skip(f"no CUDA test bed: {reason}")


@pytest.fixture(scope="session")
def run_on_bed(bed):
    """Runs a Python program over the test bed; what it prints. It must not import PyTorch, which asks much of a driver."""

    def run(program: Path, *arguments: str, **environment: str) -> str:
        if bed is not None:
            environment["LD_LIBRARY_PATH"] = str(bed)
        return run_program([str(program), *arguments], environment)

    return run


@pytest.fixture(scope="session")
def run_script():
    """Runs a Python program in a process of its own; what it prints."""

    def run(program: Path, *arguments: str) -> str:
        return run_program([str(program), *arguments], {})

    return run


@pytest.fixture(scope="session")
def run_apart():
    """Runs the text of a Python program in a process of its own; what it prints."""

    def run(program: str, *arguments: str, **environment: str) -> str:
        return run_program(["-c", program, *arguments], environment)

    return run


def run_program(arguments: list[str], environment: dict[str, str]) -> str:
    """What Python prints, which must end well."""
    known = {**os.environ, "PYTHONPATH": str(TESTS), **environment}
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=300, env=known)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "panicked" not in done.stderr, done.stderr
    return done.stdout

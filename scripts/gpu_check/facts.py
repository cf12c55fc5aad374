"""What machine this is. Everything is asked, nothing is set."""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path

from .context import Unusable
from .running import Clock, Json, Runner

SMI = (
    "name,driver_version,memory.total,memory.used,ecc.mode.current,power.limit,"
    "clocks.sm,clocks.mem,clocks.max.sm,clocks.max.mem"
)

# In a process of its own: the driver stays out of this one.
ASK_THE_DRIVER = """
import ctypes, json
cuda = ctypes.CDLL("libcuda.so.1")
def call(name, *arguments):
    code = getattr(cuda, name)(*arguments)
    if code: raise SystemExit(f"{name} answers {code}")
call("cuInit", 0)
count, version, device, name = ctypes.c_int(), ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(256)
call("cuDeviceGetCount", ctypes.byref(count))
if not count.value: raise SystemExit("the driver finds no device")
call("cuDriverGetVersion", ctypes.byref(version))
call("cuDeviceGet", ctypes.byref(device), 0)
call("cuDeviceGetName", name, 256, device)
facts = {"gpu": name.value.decode(), "devices": count.value, "cuda_of_driver": version.value}
print(json.dumps(facts | {"is_test_bed": hasattr(cuda, "bed_set_seed")}))
"""

ASK_FOR_TORCH = "import importlib.metadata as m; print(m.version('torch'))"


def device(runner: Runner, python: str, dry: bool, clock: Clock) -> Json:
    """What the driver says of the first device, or why there is none to check."""
    run = runner.run([python, "-c", ASK_THE_DRIVER], clock, 30)
    if not run.ok:
        reason = (run.output.strip().splitlines() or [run.ending()])[-1]
        raise Unusable(f"no CUDA device here: {reason}")
    found = json.loads(run.output.strip().splitlines()[-1])
    if found["is_test_bed"] != dry:
        raise Unusable("that is a real driver, not the test bed" if dry else "that is the test bed: --dry-run")
    return found


def smi(runner: Runner, clock: Clock) -> Json | str:
    """The first device and what else runs on it, so that a figure taken beside other work shows."""
    run = runner.run(["nvidia-smi", "--id=0", f"--query-gpu={SMI}", "--format=csv,noheader"], clock, 15)
    if not run.ok:
        return f"nvidia-smi: {run.ending()}"
    values = [value.strip() for value in run.output.strip().split(",")]
    others = runner.run(["nvidia-smi", "--query-compute-apps=name,used_memory", "--format=csv,noheader"], clock, 15)
    return dict(zip(SMI.split(","), values)) | {"other_programs": len(others.output.split("\n")) - 1 if others.ok else None}


def gather(runner: Runner, python: str, dry: bool, clock: Clock) -> Json:
    torch = runner.run([python, "-c", ASK_FOR_TORCH], clock, 15)
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "nvidia_smi": "skipped: dry run" if dry else smi(runner, clock),
        "torch": torch.output.strip() if torch.ok else None,
        "python": platform.python_version(),
        "cpu": cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
        "load": os.getloadavg()[0],
    }


def cpu() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), None)

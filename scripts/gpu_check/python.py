"""The wheel, on the device: python/tests/on_a_gpu.py with the Python that has torch."""

from __future__ import annotations

import re
import zipfile

from .context import Context
from .running import TAIL_LINES, Clock, Json

ENDED = re.compile(r"^(\w+): (ok|FAILED)(?:, (.*))?$", re.MULTILINE)


def python(context: Context, clock: Clock) -> Json:
    if context.dry:
        return {"status": "skipped: dry run"}
    wheels = sorted((context.root / "target" / "gpu-check").glob("farpoint-*.whl"))
    if not wheels:
        return {"status": "failed: the bundle has no wheel"}
    installed = context.scratch / "python"
    # A wheel is an archive of what is to be importable.
    zipfile.ZipFile(wheels[0]).extractall(installed)
    script = context.root / "python" / "tests" / "on_a_gpu.py"
    run = context.run([context.python, script], clock, clock.left(), PYTHONPATH=str(installed))
    ended = ENDED.findall(run.output)
    entry = run.account() | {"checks": {name: told or how for name, how, told in ended}}
    entry["status"] = "passed" if run.ok and ended else "failed"
    if entry["status"] != "passed":
        entry["output"] = run.output.splitlines()[-2 * TAIL_LINES :]
    return entry

"""The bundle's test programs, on the device."""

from __future__ import annotations

import re

from .context import Context
from .running import TAIL_LINES, Clock, Json

# One line a test, also of a program that was stopped before its summary.
ENDED = re.compile(r"^test (.+) \.\.\. (ok|FAILED|ignored)", re.MULTILINE)

# The tests on the device, among those that are stamped onto every filter.
FILTERS = {"engine": ["cuda"]}
# If 16 threads made a selection each, most would wait for the device.
THREADS = ["--test-threads", "4"]


def tests(context: Context, clock: Clock) -> Json:
    # The engine's last: there are most of them, and they get all that is left.
    programs = sorted((name for name in context.programs if name != "farpoint"), key=lambda name: name == "engine")
    entries = {name: one(context, name, clock) for name in programs}
    passed = all(entry["status"] == "passed" for entry in entries.values())
    return {"status": "passed" if passed else "failed", "programs": entries}


def one(context: Context, name: str, clock: Clock) -> Json:
    # A skipped test is a failed one there; without FARPOINT_BED the tests take the driver the machine has.
    command = [context.programs[name], *FILTERS.get(name, []), *THREADS]
    variables = {"FARPOINT_REQUIRE_CUDA": "1", "FARPOINT_PROGRAM": str(context.farpoint)}
    run = context.run(command, clock, clock.left(), **variables)
    ended: dict[str, list[str]] = {"ok": [], "FAILED": [], "ignored": []}
    for test, how in ENDED.findall(run.output):
        ended[how].append(test)
    entry = run.account() | {"passed": len(ended["ok"]), "failed": len(ended["FAILED"]), "ignored": len(ended["ignored"])}
    if run.ok and not ended["ok"]:
        entry["status"] = "failed: no test ran"
    if ended["FAILED"]:
        entry["failing"] = ended["FAILED"]
    if entry["status"] != "passed":
        entry["output"] = run.output.splitlines()[-2 * TAIL_LINES :]
    return entry

"""Commands under time limits."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

Json = dict[str, object]

# The part of a command's output that a record keeps.
TAIL_LINES = 30


class Clock:
    """Seconds that are left to a step, never more than to what it is part of."""

    def __init__(self, seconds: float, whole: Clock | None = None) -> None:
        self.start = time.monotonic()
        self.end = self.start + seconds
        if whole is not None:
            self.end = min(self.end, whole.end)

    def left(self) -> float:
        return max(0.0, self.end - time.monotonic())

    def spent(self) -> float:
        return time.monotonic() - self.start


@dataclass
class Run:
    """What a command did. No code: it was stopped at its limit, or never began."""

    command: list[str]
    code: int | None
    seconds: float
    output: str
    why: str = ""

    @property
    def ok(self) -> bool:
        return self.code == 0

    def account(self) -> Json:
        """For the record: how it ended, and if not well what it said last."""
        entry: Json = {"seconds": round(self.seconds, 3), "status": "passed" if self.ok else f"failed: {self.ending()}"}
        if not self.ok:
            entry["output"] = self.output.splitlines()[-TAIL_LINES:]
        return entry

    def ending(self) -> str:
        return self.why or f"exit code {self.code}"


@dataclass
class Runner:
    """Starts commands in the checkout, each stopped with all it started once its time is up."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, command: list[object], clock: Clock, limit: float, **variables: str) -> Run:
        words = [str(word) for word in command]
        seconds = min(limit, clock.left())
        if seconds <= 0:
            return Run(words, None, 0.0, "", "no time was left")
        started = time.monotonic()
        with tempfile.TemporaryFile() as output:
            try:
                # A session of its own, so that all it starts can be stopped with it.
                process = subprocess.Popen(
                    words,
                    cwd=self.root,
                    env=self.environment | variables,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                return Run(words, None, 0.0, "", f"did not start: {error}")
            code: int | None = None
            why = ""
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                stop(process)
                why = f"stopped after {seconds:.0f} s"
            except BaseException:  # this program is ended itself
                stop(process)
                raise
            output.seek(0)
            said = output.read().decode(errors="replace")
        return Run(words, code, time.monotonic() - started, said, why)


def stop(process: subprocess.Popen) -> None:
    """The process, which still runs, and all of its session."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()

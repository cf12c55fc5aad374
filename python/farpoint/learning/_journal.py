"""A file of JSON lines that grows by whole lines and survives being cut off."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from farpoint._warnings import warn


class Journal:
    """JSON objects, one a line, each on disk before `append` returns.

    A last line that is a whole object counts, with its newline or without. Part of one is what an interrupted write left, and so are
    NUL bytes at the end, which some file systems leave when the power fails: they are dropped with a warning, and overwritten by the
    next line. Any other line that is no JSON object is a ValueError with its number: then the file is not ours, or was edited. `read`
    before `append`.

    A file has one writer. Whoever appends after another has is told so by an OSError, and the file stays as it is.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._known = 0  # bytes that were read, or written here

    def read(self) -> list[dict[str, Any]]:
        """All whole lines; none where there is no file."""
        if not self.path.exists():
            return []
        content = self.path.read_bytes()
        newline = content.rfind(b"\n") + 1
        tail = content[newline:]
        self._known = newline + _whole(tail)
        whole = content[: self._known]
        if len(whole) < len(content):
            if not tail.startswith(b"{") and tail.strip(b"\0"):
                raise ValueError(f"{self.path}: no file of JSON lines")
            warn(f"{self.path}: its last line was cut off and is left out")
        return [self._object(number, line) for number, line in enumerate(whole.splitlines(), 1) if line.strip()]

    def _object(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            value = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{self.path}, line {number}: no JSON: {error}") from None
        if not isinstance(value, dict):
            raise ValueError(f"{self.path}, line {number}: no JSON object")
        return value

    def append(self, value: dict[str, Any]) -> None:
        """Adds one line, and waits until it is on disk. A write that fails, as of a full disk, leaves the file as it was.

        Raises
        ------
        OSError
            A write that fails; a file that somebody else has written to.
        """
        line = (json.dumps(value, separators=(",", ":")) + "\n").encode()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "ab", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            newline, end = self._ends(file.tell())
            if end != self._known:
                raise OSError(f"{self.path}: another program has written to it: begin again from what it holds now")
            file.truncate(end)
            if end > newline:
                line = b"\n" + line
            try:
                while line:
                    line = line[file.write(line) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)
                raise
            self._known = file.tell()

    def _ends(self, size: int) -> tuple[int, int]:
        """Where the last newline ends, and where the last whole line does, which may lack one."""
        tail = b""
        with open(self.path, "rb") as file:
            at, block = size, 1 << 16
            while at > 0 and b"\n" not in tail:
                start = max(0, at - block)
                file.seek(start)
                tail = file.read(at - start) + tail
                at = start
        newline = at + tail.rfind(b"\n") + 1
        return newline, newline + _whole(tail[newline - at :])


def _whole(tail: bytes) -> int:
    """How many bytes of what follows the last newline are a JSON object: none, or all but the NULs."""
    line = tail.rstrip(b"\0")
    try:
        return len(line) if isinstance(json.loads(line), dict) else 0
    except ValueError:
        return 0

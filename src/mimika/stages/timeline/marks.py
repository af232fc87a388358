"""Marks from a file: what another program says happened, given beforehand or written while we watch."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from mimika.data.errors import InputCorrupt, InputMissing, InputUnreadable, OptionError
from mimika.data.events import Mark

_LONG_AGO = -1e12
_COMPLAINTS = 20


def load_marks(path: Path) -> list[Mark]:
    """Read a file of marks: CSV with the columns name and time_s, or JSON lines with these keys.

    Raises:
        InputError: if it is missing, cannot be read, or a line is wrong, naming it.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise InputMissing(str(path), "there is no such file of marks") from error
    except OSError as error:
        raise InputUnreadable(str(path), f"the marks cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise InputCorrupt(str(path), "the marks are no text in UTF-8") from error
    lines = MarkLines(str(path))
    return [mark for number, line in enumerate(text.splitlines(), 1) if (mark := lines.read(number, line, None))]


class MarkLines:
    """Reads marks line by line; the first line tells whether they are CSV or JSON.

    `read` gives None for the header and for empty lines. A mark without a time happens `now`; without a now it is an
    error.
    """

    def __init__(self, name: str) -> None:
        self._name, self._columns = name, list[str]()

    def read(self, number: int, line: str, now: float | None) -> Mark | None:
        """Read one line.

        Raises:
            InputCorrupt: if it is wrong.
        """
        if not line.strip():
            return None
        fields = self._fields(number, line)
        if fields is None:
            return None
        name, time_s = fields.get("name"), fields.get("time_s")
        if not isinstance(name, str) or not name.strip():
            raise self._wrong(number, "expected a name", name)
        if time_s in (None, "") and now is not None:
            return Mark(name.strip(), now)
        try:
            return Mark(name.strip(), float(str(time_s)))
        except (ValueError, OptionError) as error:
            raise self._wrong(number, "expected time_s in seconds", time_s) from error

    def _fields(self, number: int, line: str) -> dict[str, Any] | None:
        if line.lstrip().startswith("{") and not self._columns:
            try:
                return dict(json.loads(line))
            except ValueError as error:
                raise self._wrong(number, "expected one JSON object", line) from error
        cells = [cell.strip() for cell in next(csv.reader(io.StringIO(line)))]
        if self._columns:
            return dict(zip(self._columns, cells, strict=False))
        if "name" not in cells:
            raise self._wrong(number, "expected a header with the columns name and time_s, or a JSON object", line)
        self._columns = cells
        return None

    def _wrong(self, number: int, wanted: str, received: Any) -> InputCorrupt:
        return InputCorrupt(self._name, f"marks, line {number}: {wanted}, received {str(received)[:60]!r}")


class MarkFile:
    """A file of marks that another program writes while we watch.

    `poll(now)` gives the marks of the lines that were added since the last call; those without a time get `now`. Of the
    lines that were there at the first call only those with a time count. The file may come later. Nothing is raised,
    for a watch must not end by a slip of the other program: `wrong` gathers what was passed over, one message each.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._lines = path, MarkLines(str(path))
        self._place, self._number, self._half, self._first = 0, 0, b"", True
        self.wrong: list[str] = []

    def poll(self, now: float) -> list[Mark]:
        """Read what is new."""
        untimed, self._first = (_LONG_AGO if self._first else now), False
        try:
            with self._path.open("rb") as file:
                file.seek(self._place)
                added = file.read()
        except OSError as error:
            self._complain("" if isinstance(error, FileNotFoundError) else f"{self._path}: {error.strerror or error}")
            return []
        self._place += len(added)
        *whole, self._half = (self._half + added).split(b"\n")
        marks = []
        for line in whole:
            self._number += 1
            try:
                mark = self._lines.read(self._number, line.decode("utf-8", "replace").rstrip("\r"), untimed)
            except InputCorrupt as error:
                self._complain(str(error))
                continue
            if mark is not None and mark.time_s != _LONG_AGO:
                marks.append(mark)
        return marks

    def _complain(self, message: str) -> None:
        """Keep a message once, and no more than a screen holds."""
        if message and message not in self.wrong and len(self.wrong) < _COMPLAINTS:
            self.wrong.append(message)

"""Annotations of micro-expressions as data sets give them: CAS(ME)², SAMM Long Videos, and our own films."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from mimika.data.errors import InputMissing, InputUnreadable, InputUnsupported, MimikaError
from mimika.evaluation.spotting import Event

Rows = list[list[str]]

SAMM_COLUMNS = ("subject", "filename", "inducement code", "onset", "apex", "offset", "duration", "type", "action units")
_OWN = ("film", "kind", "label", "units", "side", "onset_s")
_CAS_COLUMNS = 8
_UNIT = re.compile(r"(?<!\d)(\d{1,2})(?!\d)")


def read_annotations(file: Path) -> list[Event]:
    """Read annotated events; the layout is told by the content.

    Our own truth: CSV as `mimika synth` writes it. CAS(ME)²: no header; participant, video_number, onset, apex, offset,
    units, emotion, type, self-report; of a workbook sheets 2 and 3 name participants and videos, of a CSV the files
    naming_rule1.csv and naming_rule2.csv beside it, where they are there. SAMM Long Videos: a header Subject, Filename,
    Inducement Code, Onset, Apex, Offset, Duration, Type, Action Units, Notes after some lines of text. Frames of both
    count from 1 there and from 0 here; an offset of 0 means that the event ends at its apex.

    `Event.video` is what a video's name begins with: the film, `s15_0101` or `15_0101`, `006_1`.

    Raises:
        InputError: if the file cannot be read or has no such layout.

    Source: Qu et al., "CAS(ME)²: a database for spontaneous macro-expression and micro-expression spotting and
    recognition", IEEE Transactions on Affective Computing, 2018; Yap, Kendrick, Yap, "SAMM long videos: a spontaneous
    facial micro- and macro-expressions dataset", 2020; columns as public readers of the two files name them.
    """
    sheets = _workbook(file) if file.suffix.lower() in (".xlsx", ".xlsm") else [_csv(file)]
    first = [row for row in sheets[0] if any(row)]
    if first and tuple(first[0][: len(_OWN)]) == _OWN:
        return _events(file, first[1:], _own)
    header = next((n for n, row in enumerate(first) if [cell.lower() for cell in row[:4]] == [*SAMM_COLUMNS[:4]]), None)
    if header is not None:
        return _events(file, first[header + 1 :], _samm)
    if first and len(first[0]) >= _CAS_COLUMNS and "expression" in first[0][7].lower():
        people, videos = _names(file, sheets)
        return _events(file, first, lambda row: _cas(row, people, videos))
    raise InputUnsupported(str(file), "no layout that is known: expected a film's truth, CAS(ME)² or SAMM Long Videos")


def _events(file: Path, rows: Rows, read: Callable[[list[str]], Event]) -> list[Event]:
    events = []
    for number, row in enumerate(rows, 1):
        try:
            events.append(read(row))
        except (ValueError, IndexError) as error:
            raise InputUnreadable(str(file), f"annotation {number} cannot be read: {', '.join(row)[:80]}") from error
    return events


def _own(row: list[str]) -> Event:
    film, kind, label, units = row[:4]
    onset, apex, offset = (int(cell) for cell in row[8:11])
    return Event(Path(film).stem, kind, onset, apex, offset, label, tuple(units.split("+")), float(row[11]))


def _samm(row: list[str]) -> Event:
    kind = "micro" if row[7].strip().lower().startswith("micro") else "macro"
    video = "_".join(row[1].split("_")[:2])
    return Event(video, kind, *_frames(row[3:6]), units=_units(row[8] if len(row) > 8 else ""))


def _cas(row: list[str], people: dict[str, str], videos: dict[str, str]) -> Event:
    kind = "micro" if "micro" in row[7].lower() else "macro"
    name = row[1].split("_")[0]
    person = people.get(_number(row[0]), _number(row[0])).lower().removeprefix("s")
    return Event(f"{person}_{videos.get(name, name)}", kind, *_frames(row[2:5]), row[6].strip().lower(), _units(row[5]))


def _frames(cells: Sequence[str]) -> tuple[int, int, int]:
    """Return onset, apex and offset from 0; what is missing is taken from its neighbour."""
    onset, apex, offset = (int(float(cell)) if re.fullmatch(r"-?\d+(\.\d+)?", cell.strip()) else 0 for cell in cells)
    if onset <= 0:
        raise ValueError(cells)
    apex = apex if apex > 0 else onset
    offset = offset if offset > 0 else apex
    return onset - 1, apex - 1, max(offset, apex) - 1


def _units(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"AU{number}" for number in _UNIT.findall(re.sub(r"[A-Za-z]+", " ", text))))


def _number(cell: str) -> str:
    return cell.strip().removesuffix(".0")


def _names(file: Path, sheets: list[Rows]) -> tuple[dict[str, str], dict[str, str]]:
    """Return people's codes by number and videos' codes by name."""
    beside = [file.with_name(f"naming_rule{number}.csv") for number in (1, 2)]
    people = sheets[1] if len(sheets) > 1 else _csv(beside[0]) if beside[0].exists() else []
    videos = sheets[2] if len(sheets) > 2 else _csv(beside[1]) if beside[1].exists() else []
    return (
        {_number(row[2]): row[1].strip() for row in people if len(row) > 2},
        {row[1].strip(): _number(row[0]).zfill(4) for row in videos if len(row) > 1},
    )


def _csv(file: Path) -> Rows:
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            return [[cell.strip() for cell in row] for row in csv.reader(text)]
    except FileNotFoundError as error:
        raise InputMissing(str(file), "no such file") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputUnreadable(str(file), f"cannot be read as CSV ({error})") from error


def _workbook(file: Path) -> list[Rows]:
    try:
        import openpyxl
    except ImportError as error:
        raise MimikaError("reading .xlsx needs openpyxl: pip install 'mimika[annotations]'") from error
    if not file.exists():
        raise InputMissing(str(file), "no such file")
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        return [[_cells(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets]
    except (OSError, KeyError, ValueError, openpyxl.utils.exceptions.InvalidFileException) as error:
        raise InputUnreadable(str(file), f"cannot be read as a workbook ({error})") from error


def _cells(row: Sequence[object]) -> list[str]:
    return ["" if cell is None else str(cell).strip() for cell in row]

"""A stored recording in every format that mimika writes, made again from its rows."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from mimika.data.episodes import Findings
from mimika.data.errors import OptionError
from mimika.data.frame import SourceInfo
from mimika.data.timeline import Timeline
from mimika.stages.write import EXPORTS, Wish, open_export
from mimika.stages.write.columns import plain
from mimika.stages.write.opinions import Hears
from mimika.stages.write.parquet import table_schema
from mimika.stages.write.whole import WholeSink
from mimika.web.errors import ApiError
from mimika.web.findings import episode_out, opinion_out
from mimika.web.series import INFERRED, MESH, NAMES, TOLD, observations_of, schema, with_derived

if TYPE_CHECKING:
    from mimika.store import Recording, Store

FORMATS = ("json", "csv", "parquet", "jsonl", *(name for name in EXPORTS if name != "report"))
SPAN_S = 60.0
"""Rows are read for so many seconds at a time, so that an answer of any length takes little memory."""
_TYPES = {
    "json": "application/json", "csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet", "elan": "application/xml", "webvtt": "text/vtt; charset=utf-8",
    "srt": "application/x-subrip", "report": "text/html; charset=utf-8", "boris": "text/tab-separated-values",
    "openface": "text/csv; charset=utf-8", "feat": "text/csv; charset=utf-8", "facereader": "text/plain; charset=utf-8",
}  # fmt: skip
_OF_MESHES = ("openface", "feat")
_OF_EXPRESSIONS = ("feat", "facereader", "webvtt", "srt", "report")
_READ = 1 << 18


@dataclass(frozen=True, slots=True)
class Export:
    """A file to be sent: its `name`, its media type, and its bytes piece by piece."""

    name: str
    media_type: str
    pieces: Iterator[bytes]


def export(store: Store, recording: Recording, format: str, language: str = "en") -> Export:
    """Return a recording as a file; refusals come before the first piece.

    Raises:
        OptionError: for another format.
        ApiError: 409 where the format needs meshes that were not kept; 403 where it tells expressions and the
            purpose allows action units only.
        OutputError: if what makes the format is not installed.
    """
    if format not in _TYPES:
        raise OptionError(f"format: expected one of {', '.join(FORMATS)}, received {format[:40]!r}")
    if recording.mode != "expressions" and format in _OF_EXPRESSIONS:
        raise ApiError(
            403, "purpose_forbids", f"{format} tells expressions, and this recording's purpose allows action units only"
        )
    suffix = EXPORTS.get(format, f".{format}")
    stem = PurePath(plain(recording.name)).stem or "recording"
    writers = {"json": _json, "csv": _csv, "jsonl": _jsonl}
    if format in writers:
        pieces = writers[format](store, recording)
    else:
        folder = scratch(store)
        try:
            path = folder / f"export{suffix}"
            if format == "parquet":
                _parquet(store, recording, path)
            else:
                _sunk(store, recording, format, language, path)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        pieces = pieces_of(path)
    return Export(f"{stem}{suffix}", _TYPES[format], pieces)


def spans(store: Store, recording: Recording, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """Give the rows of a recording, some at a time, each with the schema of stored rows."""
    last = store.last_time(recording.owner, recording.id)
    wanted = list(NAMES) if columns is None else columns
    start = min(0.0, last or 0.0)
    while last is not None and start <= last:
        table = store.rows(recording.owner, recording.id, start_s=start, end_s=start + SPAN_S, columns=wanted)
        start += SPAN_S
        if table.num_rows:
            yield complete(table, wanted)


def complete(table: pa.Table, wanted: list[str]) -> pa.Table:
    """Return a table with all wanted columns in their order and type; one that no row has is empty."""
    types = schema(mesh=True, movement=True)
    columns = [
        table.column(name).cast(types.field(name).type)
        if name in table.column_names
        else pa.nulls(table.num_rows, types.field(name).type)
        for name in wanted
    ]
    return pa.Table.from_arrays(columns, names=wanted)


def _told(store: Store, recording: Recording) -> Iterator[pa.Table]:
    """Give the rows of a recording as a table tells them, some at a time."""
    columns = _columns(recording)
    for table in spans(store, recording, [name for name in columns if name in NAMES]):
        yield with_derived(table).select(columns)


def _columns(recording: Recording) -> list[str]:
    """Return what of a row may be told."""
    return [name for name in TOLD if recording.mode == "expressions" or name not in INFERRED]


def _csv(store: Store, recording: Recording) -> Iterator[bytes]:
    columns, source = _columns(recording), plain(recording.name)
    yield (",".join(("source", *columns)) + "\n").encode()
    for table in _told(store, recording):
        text = io.StringIO(newline="")
        values = [table.column(name).to_pylist() for name in columns]
        csv.writer(text, lineterminator="\n").writerows((source, *row) for row in zip(*values, strict=True))
        yield text.getvalue().encode()


def _jsonl(store: Store, recording: Recording) -> Iterator[bytes]:
    for row in _rows(store, recording):
        yield "".join(_line(each) + "\n" for each in row).encode()


def _json(store: Store, recording: Recording) -> Iterator[bytes]:
    """Give one document: the recording, what was found, and its rows."""
    owner, key = recording.owner, recording.id
    found = store.findings(owner, key)
    head = {
        "recording": {name: value for name, value in recording.as_json().items() if name != "owner"},
        "episodes": [episode_out(item) for each in found for item in each.episodes],
        "events": [event.as_json() for event in store.events(owner, key)],
        "opinions": [opinion_out(one) for one in store.opinions(owner, key)],
    }
    yield (_line(head)[:-1] + ', "rows": [').encode()
    first = True
    for rows in _rows(store, recording):
        yield ("" if first else ",").encode() + ",".join(map(_line, rows)).encode()
        first = False
    yield b"]}\n"


def _rows(store: Store, recording: Recording) -> Iterator[list[dict[str, Any]]]:
    source = {"source": plain(recording.name)}
    for table in _told(store, recording):
        yield [source | row for row in table.to_pylist()]


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _parquet(store: Store, recording: Recording, path: Path) -> None:
    columns = _columns(recording)
    told = pa.schema([table_schema(False).field(name) for name in ("source", *columns)])
    with pq.ParquetWriter(path, told, compression="zstd") as writer:
        for table in _told(store, recording):
            source = pa.array([plain(recording.name)] * table.num_rows, pa.string())
            writer.write_table(pa.Table.from_arrays([source, *table.columns], schema=told))


def _sunk(store: Store, recording: Recording, format: str, language: str, path: Path) -> None:
    """Write a file through mimika's own sink, frame by frame."""
    found = {each.face: each for each in store.findings(recording.owner, recording.id)}

    def find(timeline: Timeline) -> Findings:
        return found.get(timeline.face, Findings(timeline.face))

    size = (recording.width, recording.height)
    info = SourceInfo(
        *(recording.name, "video", *size),
        fps=recording.fps or None,
        frames=recording.frames,
        duration_s=recording.duration_s or None,
    )
    meshes = format in _OF_MESHES or format == "report"
    columns = [*NAMES, MESH] if meshes else list(NAMES)
    unsure = recording.summary.get("unsure_below") or 0.0
    sink = open_export(format, path, Wish(info, find, language=language, blur=True, command=("mimika serve",)))
    with sink:
        if isinstance(sink, Hears):
            for asked in store.opinions(recording.owner, recording.id):
                sink.hear(asked)
        for table in spans(store, recording, columns):
            kept = MESH in table.column_names and table.column(MESH).null_count < table.num_rows
            if format in _OF_MESHES and not kept and table.column("face_id").null_count < table.num_rows:
                raise ApiError(409, "mesh_missing", f"{format} needs meshes, and this recording was kept without them")
            table = table if kept or not meshes else table.drop_columns([MESH])
            for observation in observations_of(table, size, recording.name, unsure, shade=_PAPER):
                if isinstance(sink, WholeSink) and not kept:
                    # Without a mesh there is nothing to draw of a face whose picture is not kept.
                    WholeSink.write(sink, observation)
                else:
                    sink.write(observation)


_PAPER = 222
"""On this shade a report draws the outlines of faces, whose pictures are not kept."""


def scratch(store: Store) -> Path:
    """Return a new folder of its own for a file that is made to be sent."""
    folder = store.data_dir / "spool"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="export-", dir=folder))


def pieces_of(path: Path) -> Iterator[bytes]:
    """Give a file piece by piece; it is gone afterwards, also when nobody reads to its end."""
    try:
        with path.open("rb") as file:
            while piece := file.read(_READ):
                yield piece
    finally:
        path.unlink(missing_ok=True)
        path.parent.rmdir()

"""The rows of recordings: added block by block, read by time, face and column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from mimika.store import tables
from mimika.store.blocks import chosen, cut, joined, pack, plain_rows, room, tally, unpack, wide_columns
from mimika.store.database import Database
from mimika.store.recordings import own_row, put_labels
from mimika.store.values import plain_json

BLOCKS = tables.blocks


class Rows(Database):
    """The part of the memory that keeps what was measured in each frame."""

    def append_rows(self, owner: str, recording: str, table: pa.Table) -> int:
        """Add rows to a recording and return how many; once it returns, they survive the process.

        Rows come with the columns of `stages/write/columns.py`, at least `time_s`; give whole frames, for a killed
        process leaves all rows of a call or none. The recording's frames, faces, labels and duration follow. Columns of
        lists (a mesh, an embedding) may come too.

        Raises:
            OptionError: without `time_s`, or if columns have other types than before.
            StoreMissing: if there is no such recording of the owner, or it was deleted meanwhile.
            OutputFull: when the disk is full; what was there stays, and the rows can be added again later.
        """
        rows = plain_rows(table)
        if not rows.num_rows:
            return 0
        with self.writing() as connection:
            row = own_row(connection, owner, recording, lock=True)
            last = _last(connection, recording)
            write_blocks(connection, recording, last, rows)
            _count(connection, row, last, tally(rows))
        return int(rows.num_rows)

    def rows(
        self,
        owner: str,
        recording: str,
        *,
        start_s: float | None = None,
        end_s: float | None = None,
        face: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Return the rows with start_s <= time_s < end_s, of all faces or one, with all columns or those named.

        Columns of lists are read only if named. A column that no row has is missing from the result; of a recording
        without rows those named are empty.

        Raises:
            StoreMissing: if there is no such recording of the owner.
        """
        needed = None if columns is None else list(dict.fromkeys([*columns, "time_s", "face_id"]))
        wanted = (
            select(BLOCKS.c.data, *([] if columns is None else [BLOCKS.c.wide]))
            .where(BLOCKS.c.recording == recording)
            .order_by(BLOCKS.c.number)
        )
        if start_s is not None:
            wanted = wanted.where(BLOCKS.c.end_s >= start_s)
        if end_s is not None:
            wanted = wanted.where(BLOCKS.c.start_s < end_s)
        with self.reading() as connection:
            own_row(connection, owner, recording)
            parts = [chosen(whole_rows(needed, *row), start_s, end_s, face) for row in connection.execute(wanted)]
        found = joined(parts) if parts else pa.table({name: pa.array([], pa.null()) for name in needed or ["time_s"]})
        return found if columns is None else found.select([name for name in columns if name in found.column_names])

    def last_time(self, owner: str, recording: str) -> float | None:
        """Return the latest time_s of a recording, from where an analysis goes on; None without rows.

        Raises:
            StoreMissing: if there is no such recording of the owner.
        """
        with self.reading() as connection:
            own_row(connection, owner, recording)
            latest = connection.scalar(select(func.max(BLOCKS.c.end_s)).where(BLOCKS.c.recording == recording))
        return None if latest is None else float(latest)

    def clear_rows(self, owner: str, recording: str) -> None:
        """Forget the rows of a recording, for an analysis that begins anew.

        Raises:
            StoreMissing: if there is no such recording of the owner.
        """
        nothing = {"rows": 0, "frames": 0, "faces": 0, "face_ids": [], "labels": {}, "valued_rows": 0}
        nothing |= {"valence_sum": 0.0, "arousal_sum": 0.0}
        with self.writing() as connection:
            own_row(connection, owner, recording, lock=True)
            connection.execute(delete(BLOCKS).where(BLOCKS.c.recording == recording))
            connection.execute(update(tables.recordings).where(tables.recordings.c.id == recording).values(nothing))
            put_labels(connection, recording, {})


def _last(connection: Connection, recording: str) -> Row[Any] | None:
    wanted = select(BLOCKS).where(BLOCKS.c.recording == recording).order_by(BLOCKS.c.number.desc()).limit(1)
    return connection.execute(wanted).one_or_none()


def write_blocks(connection: Connection, recording: str, last: Row[Any] | None, rows: pa.Table) -> None:
    """Write rows in blocks behind the `last` one of a recording, which is filled up first."""
    number = 0 if last is None else last.number + 1
    if last is not None and last.rows < room(rows):
        # A block of ten rows takes as much room as one of a hundred, so the last one is filled up first.
        rows, number = joined([whole_rows(None, last.data, last.wide), rows]), last.number
        connection.execute(delete(BLOCKS).where(BLOCKS.c.id == last.id))
    for offset, piece in enumerate(cut(rows)):
        connection.execute(insert(BLOCKS).values(_block(piece) | {"recording": recording, "number": number + offset}))


def whole_rows(columns: Sequence[str] | None, data: bytes, wide: bytes | None = None) -> pa.Table:
    """Return the rows of a block with their wide columns, where these were read and are wanted."""
    table = unpack(data, columns)
    if wide is None:
        return table
    apart = unpack(wide, columns)
    for name in apart.column_names:
        table = table.append_column(name, apart.column(name))
    return table


def _block(piece: pa.Table) -> dict[str, Any]:
    wide = wide_columns(piece)
    sums, data = tally(piece), pack(piece.drop_columns(wide))
    apart = pack(piece.select(wide)) if wide else None
    frame = sums["frames"][-1] if "frame" in piece.column_names and sums["frames"] else -1
    times = {"start_s": sums["start_s"], "end_s": sums["end_s"]}
    return times | {
        "rows": piece.num_rows,
        "last_frame": int(frame),
        "bytes": len(data) + len(apart or b""),
        "data": data,
        "wide": apart,
    }


def _count(connection: Connection, row: Row[Any], last: Row[Any] | None, new: dict[str, Any]) -> None:
    """Bring what the recording sums up over its rows up to date."""
    labels = dict(row.labels)
    for label, count in new["labels"].items():
        labels[label] = labels.get(label, 0) + count
    faces = sorted({*row.face_ids, *new["faces"]})
    first = connection.scalar(select(func.min(BLOCKS.c.start_s)).where(BLOCKS.c.recording == row.id))
    changes = {
        "rows": row.rows + new["rows"],
        "frames": row.frames + len(new["frames"]) - (last is not None and new["frames"][:1] == [last.last_frame]),
        "faces": len(faces),
        "face_ids": plain_json(faces),
        "labels": labels,
        "valence_sum": row.valence_sum + new["valence"],
        "arousal_sum": row.arousal_sum + new["arousal"],
        "valued_rows": row.valued_rows + new["valued"],
        "duration_s": max(row.duration_s, new["end_s"] - float(first or 0.0)),
    }
    connection.execute(update(tables.recordings).where(tables.recordings.c.id == row.id).values(changes))
    if new["labels"]:
        put_labels(connection, row.id, labels)

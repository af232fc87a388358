"""Rows in blocks: some hundred rows of the table, column by column, as one compressed Arrow stream.

A block is 10 bytes of head (two letters, the length of what follows once decompressed) and an Arrow IPC stream in one
zstd frame. Compressed as a whole, so few rows of so many columns take little more than half of what they do as Parquet.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mimika.data.errors import OptionError, StoreError

BLOCK_ROWS, BLOCK_ROWS_WIDE = 512, 128
"""Blocks are filled up to so many rows, without and with wide columns; small appends are joined with the last block."""

_HEAD = struct.Struct("<2sQ")
_MARK = b"M1"
_LARGEST = 1 << 31


def pack(table: pa.Table) -> bytes:
    """Return the rows as one block."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table.combine_chunks())
    plain = sink.getvalue()
    return _HEAD.pack(_MARK, plain.size) + bytes(pa.compress(plain, codec="zstd", asbytes=True))


def unpack(block: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the rows of a block, with all columns or those of `columns` that it has.

    Raises:
        StoreError: if it is no block, or a damaged one.
    """
    try:
        mark, size = _HEAD.unpack_from(block)
        if mark != _MARK or size > _LARGEST:
            raise StoreError("a block of rows is damaged or of another kind")
        plain = pa.decompress(memoryview(block)[_HEAD.size :], decompressed_size=size, codec="zstd")
        table = pa.ipc.open_stream(plain).read_all()
    except (struct.error, pa.ArrowException, OSError) as error:
        raise StoreError("a block of rows is damaged") from error
    return table if columns is None else table.select([name for name in columns if name in table.column_names])


def plain_rows(table: pa.Table) -> pa.Table:
    """Return rows as they are kept: without the remarks of the schema, which would be repeated in each block.

    Raises:
        OptionError: without a complete column `time_s`.
    """
    if "time_s" not in table.column_names or table.column("time_s").null_count:
        raise OptionError("rows: expected a number in time_s in each row")
    fields = [field.remove_metadata() for field in table.schema]
    return table.cast(pa.schema(fields)).combine_chunks()


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the tables one after the other; a column that one of them lacks is empty there.

    Raises:
        OptionError: if a column has types that do not go together.
    """
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise OptionError(f"rows: their columns do not go with those before ({str(error).splitlines()[0]})") from error


def cut(table: pa.Table) -> Iterator[pa.Table]:
    """Give the rows in pieces of one block each."""
    size = room(table)
    for start in range(0, table.num_rows, size):
        yield table.slice(start, size)


def room(table: pa.Table) -> int:
    """Return how many rows a block of such a table holds at most."""
    return BLOCK_ROWS_WIDE if wide_columns(table) else BLOCK_ROWS


def wide_columns(table: pa.Table) -> list[str]:
    """Return the columns with many values a row, such as meshes, which are kept apart and read only when asked for."""
    return [field.name for field in table.schema if pa.types.is_nested(field.type) or pa.types.is_binary(field.type)]


def chosen(table: pa.Table, start_s: float | None, end_s: float | None, face: int | None) -> pa.Table:
    """Return the rows with start_s <= time_s < end_s, of all faces or one."""
    if start_s is not None:
        table = table.filter(pc.greater_equal(table.column("time_s"), start_s))
    if end_s is not None:
        table = table.filter(pc.less(table.column("time_s"), end_s))
    if face is not None and "face_id" in table.column_names:
        table = table.filter(pc.equal(table.column("face_id"), face))
    return table


def tally(table: pa.Table) -> dict[str, Any]:
    """Return what a recording sums up over its rows.

    `rows` how many, `labels` how many have each, `faces` the different ids, `frames` the different numbers, `valence`,
    `arousal` and `valued` the sums and of how many rows they are, `start_s` and `end_s`.
    """
    names = table.column_names
    times = pc.min_max(table.column("time_s")).as_py()
    valued = pc.sum(pc.is_finite(table.column("valence"))).as_py() if "valence" in names else 0
    return {
        "rows": table.num_rows,
        "labels": _counts(table.column("label")) if "label" in names else {},
        "faces": _different(table.column("face_id")) if "face_id" in names else [],
        "frames": _different(table.column("frame" if "frame" in names else "time_s")),
        "valence": _sum(table, "valence"),
        "arousal": _sum(table, "arousal"),
        "valued": int(valued or 0),
        "start_s": float(times["min"]),
        "end_s": float(times["max"]),
    }


def _counts(column: Any) -> dict[str, int]:
    return {str(item["values"]): int(item["counts"]) for item in pc.value_counts(column.drop_null()).to_pylist()}


def _different(column: Any) -> list[Any]:
    return sorted(pc.unique(column.drop_null()).to_pylist())


def _sum(table: pa.Table, name: str) -> float:
    if name not in table.column_names:
        return 0.0
    column = table.column(name).drop_null()
    return float(pc.sum(column.filter(pc.is_finite(column))).as_py() or 0.0)

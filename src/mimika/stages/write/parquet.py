"""The table as Parquet, safe against a killed process.

A Parquet file is readable only once its footer is written. So rows go first into `NAME.parquet.partial`, an Arrow
stream in which every batch stands for itself, and closing the sink turns that into the Parquet file. What a killed
process left behind is recovered, with every complete batch, by `recover` or by the next run that wants the same name.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mimika.data.errors import OutputError, OutputExists
from mimika.data.measurements import MESH_POINTS
from mimika.data.observation import Observation
from mimika.stages.write.columns import COLUMNS, MESH_UNIT, Column, mesh_names, rows
from mimika.stages.write.files import claim, output_error

BATCH_ROWS, BATCH_ROWS_MESH, BATCH_SECONDS = 256, 32, 1.0
"""A batch reaches the disk after so many rows or seconds: a killed process loses at most this much."""
GROUP_ROWS = 8192
GROUP_ROWS_MESH = 1024

_TYPES = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64()}
_MESH = pa.list_(pa.float32(), MESH_POINTS * 3)


class ParquetSink:
    """Collects rows beside the target and makes the Parquet file on leaving the `with` block, also after an error.

    Raises:
        OutputError: OutputExists without `force`, OutputFull when the disk is full; the rows then stay in `.partial`.
    """

    def __init__(self, path: Path, mesh: bool = False, force: bool = False) -> None:
        self.path, self.rows = Path(path), 0
        self._mesh, self._force = mesh, force
        self._waiting: list[dict[str, Any]] = []
        self._meshes: list[NDArray[np.float32]] = []

    def __enter__(self) -> Self:
        spool = partial_path(self.path)
        claim(self.path, self._force)
        if spool.exists() and not self._force:
            kept = recover(self.path)
            raise OutputExists(str(self.path), f"recovered {kept} rows of a killed run; use --force to analyse again")
        try:
            self._file = _locked(spool, "ab")
            self._file.truncate(0)
            self._stream = pa.ipc.new_stream(self._file, _spool_schema(self._mesh))
        except OSError as error:
            raise output_error(error, self.path) from error
        self._flushed = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._flush()
            self._stream.close()
        finally:
            try:
                finish(self.path)
            finally:
                self._file.close()

    def write(self, observation: Observation) -> None:
        """Add the rows of one frame; they reach the disk with their batch."""
        found = rows(observation)
        self._waiting += found
        if self._mesh:
            meshes = observation.measurements.meshes.reshape(-1, MESH_POINTS * 3)
            self._meshes.append(meshes if len(meshes) else np.full((1, MESH_POINTS * 3), np.nan, np.float32))
        self.rows += len(found)
        full = BATCH_ROWS_MESH if self._mesh else BATCH_ROWS
        if len(self._waiting) >= full or time.monotonic() - self._flushed >= BATCH_SECONDS:
            self._flush()

    def _flush(self) -> None:
        waiting, meshes = self._waiting, self._meshes
        self._waiting, self._meshes, self._flushed = [], [], time.monotonic()
        if not waiting:
            return
        batch = pa.RecordBatch.from_pylist(waiting, schema=_spool_schema(False))
        if self._mesh:
            flat = pa.array(np.concatenate(meshes).reshape(-1), pa.float32())
            batch = batch.append_column("mesh", pa.FixedSizeListArray.from_arrays(flat, type=_MESH))
        try:
            self._stream.write_batch(batch)
        except OSError as error:
            self.rows -= len(waiting)
            raise output_error(error, self.path) from error


def partial_path(path: Path) -> Path:
    """Return where the rows wait until the Parquet file is complete."""
    return path.with_name(path.name + ".partial")


def recover(path: Path) -> int:
    """Turn what a killed run left beside `path` into the Parquet file; returns the number of rows.

    Raises:
        OutputError: if nothing was left, another process is still writing it, or the disk is full.
    """
    try:
        with _locked(partial_path(path), "rb"):
            return finish(path)
    except OSError as error:
        raise output_error(error, path) from error


def finish(path: Path) -> int:
    """Turn the complete batches of `.partial` into the Parquet file, remove `.partial`, and return the number of rows.

    Raises:
        OutputError: if it cannot be written; `.partial` then stays.
    """
    spool, half = partial_path(path), path.with_name(path.name + ".new")
    try:
        count = _convert(spool, half)
        half.replace(path)
        spool.unlink()
    except OSError as error:
        with suppress(OSError):
            half.unlink(missing_ok=True)
        failed = output_error(error, path)
        raise type(failed)(failed.target, f"{failed.reason}; the rows are kept in {spool.name}") from error
    return count


def _convert(spool: Path, target: Path) -> int:
    """Write the spool's rows in large row groups, one column a mesh coordinate."""
    count = 0
    with pa.OSFile(str(spool)) as file:
        try:
            stream = pa.ipc.open_stream(file)
        except pa.ArrowInvalid:
            stream = None
        mesh = stream is not None and "mesh" in stream.schema.names
        with pq.ParquetWriter(target, table_schema(mesh), compression="zstd") as writer:
            for group in _groups(stream, GROUP_ROWS_MESH if mesh else GROUP_ROWS):
                writer.write_table(_widened(group) if mesh else group.cast(table_schema(False)))
                count += group.num_rows
    return count


def _groups(stream: Any, size: int) -> Iterator[pa.Table]:
    held: list[pa.RecordBatch] = []
    for batch in _batches(stream):
        held.append(batch)
        if sum(item.num_rows for item in held) >= size:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def _batches(stream: Any) -> Iterator[pa.RecordBatch]:
    """Give the complete batches; the last one of a killed process may be cut off."""
    while stream is not None:
        try:
            yield stream.read_next_batch()
        except (StopIteration, OSError, pa.ArrowInvalid):
            return


def _widened(group: pa.Table) -> pa.Table:
    flat = group.column("mesh").combine_chunks()
    meshes = np.asarray(flat.flatten()).reshape(-1, MESH_POINTS * 3)
    # NaN marks a frame without a face; `from_pandas` makes it null.
    wide = [pa.array(np.ascontiguousarray(column), pa.float32(), from_pandas=True) for column in meshes.T]
    return pa.Table.from_arrays([*group.drop_columns(["mesh"]).columns, *wide], schema=table_schema(True))


def table_schema(mesh: bool) -> pa.Schema:
    """Return the schema of the finished file; each field carries its unit and meaning."""
    fields = [_field(column) for column in COLUMNS]
    if mesh:
        fields += [pa.field(name, pa.float32(), metadata={"unit": MESH_UNIT}) for name in mesh_names()]
    return pa.schema(fields)


def _field(column: Column) -> pa.Field:
    return pa.field(column.name, _TYPES[column.kind], metadata={"unit": column.unit, "meaning": column.meaning})


def _spool_schema(mesh: bool) -> pa.Schema:
    fields = [pa.field(column.name, _TYPES[column.kind]) for column in COLUMNS]
    return pa.schema([*fields, pa.field("mesh", _MESH)] if mesh else fields)


def _locked(spool: Path, mode: str) -> IO[bytes]:
    """Open the spool for this process alone; the lock ends with the process, however it ends."""
    file = spool.open(mode, buffering=0)
    try:
        import fcntl
    except ImportError:
        return file
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise OutputError(str(spool), "is being written by another mimika") from error
    return file

"""Where observations go: one sink a file format, all with `with` and `write(observation)`."""

from __future__ import annotations

from pathlib import Path

from mimika.data.errors import OptionError
from mimika.data.protocols import Sink

FORMATS = ("csv", "parquet", "jsonl")


def open_sink(format: str, path: Path, mesh: bool = False, force: bool = False) -> Sink:
    """Return the sink of a table format, to be used with `with`; `format` is one of `FORMATS`.

    Raises:
        OptionError: for another format.
    """
    if format == "csv":
        from mimika.stages.write.csv import CsvSink

        return CsvSink(path, mesh, force)
    if format == "jsonl":
        from mimika.stages.write.jsonl import JsonlSink

        return JsonlSink(path, mesh, force)
    if format == "parquet":
        from mimika.stages.write.parquet import ParquetSink

        return ParquetSink(path, mesh, force)
    raise OptionError(f"format: expected one of {', '.join(FORMATS)}, received {format!r}")

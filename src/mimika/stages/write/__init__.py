"""Where observations go: one sink a file format, all with `with` and `write(observation)`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mimika.data.errors import OptionError
from mimika.data.frame import SourceInfo
from mimika.data.protocols import Sink
from mimika.stages.write.whole import Find

FORMATS = ("csv", "parquet", "jsonl")
EXPORTS = {
    "openface": "-openface.csv",
    "feat": "-feat.csv",
    "elan": ".eaf",
    "boris": "-boris.tsv",
    "webvtt": ".vtt",
    "srt": ".srt",
    "facereader": "-facereader.txt",
    "report": "-report.html",
}
"""The formats of other tools, and what follows the input's name in the file's."""
OF_PHOTOS = ("openface", "feat")
"""Those that also make sense for photos; the others tell what happened over time."""


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


@dataclass(frozen=True, slots=True)
class Wish:
    """What an export is made of: the `source`, `find` for what each face did, and how it is to look.

    `language` of captions and reports; `blur` makes the faces on a report's pictures unrecognisable.
    """

    source: SourceInfo
    find: Find
    force: bool = False
    language: str = "en"
    blur: bool = False
    command: tuple[str, ...] = ()


def open_export(name: str, path: Path, wish: Wish) -> Sink:
    """Return the sink of another tool's format, to be used with `with`; `name` is one of `EXPORTS`.

    Raises:
        OptionError: for another name.
    """
    photo = wish.source.kind == "photo"
    if name == "openface":
        from mimika.stages.write.openface import OpenFaceSink

        return OpenFaceSink(path, photo, wish.force)
    if name == "feat":
        from mimika.stages.write.feat import FeatSink

        return FeatSink(path, photo, wish.force)
    if name == "facereader":
        from mimika.stages.write.facereader import FaceReaderSink

        return FaceReaderSink(path, wish.source, wish.force)
    if name in EXPORTS:
        return _open_whole(name, path, wish)
    raise OptionError(f"save: expected one of {', '.join(EXPORTS)}, received {name!r}")


def _open_whole(name: str, path: Path, wish: Wish) -> Sink:
    """Return the sink of a format that is written when the whole recording is known."""
    if name == "elan":
        from mimika.stages.write.elan import ElanSink

        return ElanSink(path, wish.source, wish.find, wish.force)
    if name == "boris":
        from mimika.stages.write.boris import BorisSink

        return BorisSink(path, wish.source, wish.find, wish.force)
    if name == "report":
        from mimika.stages.write.report import ReportSink

        return ReportSink(path, wish.source, wish.find, wish.force, wish.blur, wish.command)
    from mimika.stages.write.captions import SrtSink, WebVttSink

    return (SrtSink if name == "srt" else WebVttSink)(path, wish.source, wish.find, wish.force, wish.language)

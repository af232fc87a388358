"""Which files a run writes, and the sinks behind them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any, Self

from mimika.data.baseline import Baseline
from mimika.data.errors import InputError, OptionError, OutputError
from mimika.data.methods import BaselineChoice
from mimika.data.observation import Observation
from mimika.data.options import Options
from mimika.data.protocols import Capture, Sink
from mimika.stages.timeline.baseline import as_text
from mimika.stages.timeline.episodes import find
from mimika.stages.write import FORMATS, open_sink
from mimika.stages.write.episodes import BaselineSink, EpisodesSink
from mimika.stages.write.files import claim
from mimika.stages.write.sidecar import Record, sidecar_path, write_sidecar

SAVE = ("table", "overlay", "mesh", "episodes")
PHOTOS = "photos"


@dataclass(frozen=True, slots=True)
class Outputs:
    """What to write where.

    `save` is a choice of `SAVE`, where "mesh" adds its columns to the table and its lines to the overlay, and
    "episodes" is for videos only; `format` is one of `FORMATS`; `command` is told in the JSON file beside each result.

    Raises:
        OptionError: for an unknown choice.
    """

    folder: Path
    save: frozenset[str] = frozenset({"table"})
    format: str = "csv"
    force: bool = False
    command: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = sorted(self.save - set(SAVE))
        if unknown or not self.save:
            raise OptionError(f"save: expected a choice of {', '.join(SAVE)}, received {', '.join(unknown) or 'none'}")
        if self.format not in FORMATS:
            raise OptionError(f"format: expected one of {', '.join(FORMATS)}, received {self.format!r}")

    @property
    def table(self) -> bool:
        """Whether a table is wanted; mesh columns need one."""
        return "table" in self.save or "mesh" in self.save


class Target:
    """The open files of one input; `write` adds an observation to each of them."""

    def __init__(self, sinks: list[Sink], paths: list[Path], record: Record) -> None:
        self._sinks, self.paths, self._record = sinks, paths, record
        self.interrupted = False

    def write(self, observation: Observation) -> None:
        """Add one observation."""
        for sink in self._sinks:
            sink.write(observation)
        self._record.frames += 1
        self._record.faces += len(observation)
        self._record.rows += max(1, len(observation))


class Targets:
    """Opens the files of each input; several photos of one run share one table.

    A video gets `NAME.csv`, `NAME-overlay.mp4` and `NAME.csv.meta.json`; the photos of a run with more than one input
    get `photos.csv` together and an overlay each. A name that was already used in this run gets a number. `failures`
    are errors met on completing shared files, with the inputs that wrote to them. `baselines` tells the neutral faces
    of the latest recording.
    """

    def __init__(
        self, outputs: Outputs, options: Options, inputs: int, baselines: Callable[[], list[Baseline]] = list
    ) -> None:
        self._outputs, self._options, self._several = outputs, options, inputs > 1
        self._baselines = baselines
        self._taken: set[str] = set()
        self._shared: _SharedTable | None = None
        self.failures: list[tuple[set[str], OutputError]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shared is not None:
            failed = self._shared.close(stopped=error is not None)
            if failed is not None:
                self.failures.append((self._shared.names, failed))

    @contextmanager
    def open(self, capture: Capture, index: int) -> Iterator[Target]:
        """Open all files for one open input, and complete them at the end, whatever happens.

        Raises:
            OutputError: if one of them exists or cannot be written.
        """
        stem = self._free(_stem(capture.info.name))
        photo = capture.info.kind == "photo"
        with ExitStack() as stack:
            if photo and self._several and self._outputs.table:
                yield from self._open_photo(stack, capture, stem)
            else:
                yield from self._open_alone(stack, capture, stem)

    def _open_alone(self, stack: ExitStack, capture: Capture, stem: str) -> Iterator[Target]:
        """Give an input its own table, overlay and sidecar."""
        sinks: list[Sink] = []
        if self._outputs.table:
            sinks.append(self._table(self._outputs.folder / f"{stem}.{self._outputs.format}"))
        if "overlay" in self._outputs.save:
            sinks.append(self._overlay(capture, stem))
        if capture.info.kind != "photo":
            sinks += self._over_time(stem)
        if not sinks:
            raise OutputError(capture.info.name, "is a photo, and episodes are of videos; save a table too")
        record, side = self._record(), sidecar_path(sinks[0].path)
        record.add_source(capture.info)
        # All names are checked before the first file is made.
        for sink in sinks:
            claim(sink.path, self._outputs.force)
            _not_an_input(sink.path, capture)
        for sink in sinks:
            stack.enter_context(sink)
        write_sidecar(side, record)
        target = Target(sinks, [*(sink.path for sink in sinks), side], record)
        with _told(record, target, sinks, side, stack):
            yield target

    def _open_photo(self, stack: ExitStack, capture: Capture, stem: str) -> Iterator[Target]:
        """Give a photo its own overlay and a place in the table of all photos."""
        if self._shared is None:
            path = self._outputs.folder / f"{self._free(PHOTOS)}.{self._outputs.format}"
            self._shared = _SharedTable(self._table(path), self._record())
        shared = self._shared
        shared.open(capture)
        sinks: list[Sink] = []
        if "overlay" in self._outputs.save:
            sinks.append(stack.enter_context(self._overlay(capture, stem)))
        target = Target([*sinks, shared.sink], [shared.sink.path, *(sink.path for sink in sinks)], shared.record)
        try:
            yield target
        except (InputError, OutputError) as error:
            shared.failed(error)
            raise
        finally:
            shared.interrupted |= target.interrupted

    def _table(self, path: Path) -> Sink:
        return open_sink(self._outputs.format, path, "mesh" in self._outputs.save, self._outputs.force)

    def _over_time(self, stem: str) -> list[Sink]:
        """Return what is written of a whole recording: what each face did, and its neutral state."""
        folder, force, sinks = self._outputs.folder, self._outputs.force, list[Sink]()
        if "episodes" in self._outputs.save:
            sinks.append(EpisodesSink(folder / f"{stem}-episodes.csv", find, force))
        if BaselineChoice.parse(self._options.baseline).method in ("auto", "first", "image"):
            sinks.append(BaselineSink(folder / f"{stem}-baseline.json", self._baselines, as_text, force))
        return sinks

    def _overlay(self, capture: Capture, stem: str) -> Sink:
        from mimika.stages.write.overlay import OverlayPhoto, OverlayVideo

        language, mesh, force = self._options.language, "mesh" in self._outputs.save, self._outputs.force
        info = capture.info
        if info.kind == "photo":
            suffix = ".png" if PurePath(info.name).suffix.lower() in ("", ".png", ".gif", ".bmp") else ".jpg"
            return OverlayPhoto(self._outputs.folder / f"{stem}-overlay{suffix}", language, mesh, force)
        return OverlayVideo(
            self._outputs.folder / f"{stem}-overlay.mp4",
            language,
            mesh,
            force,
            sound_from=info.name if info.kind == "video" and Path(info.name).is_file() else None,
            origin_s=getattr(capture, "origin_s", 0.0),
            start_s=self._options.start_s or 0.0,
            fps=info.fps,
        )

    def _record(self) -> Record:
        return Record(self._options, self._outputs.command, mesh="mesh" in self._outputs.save)

    def _free(self, stem: str) -> str:
        """Return the name, with a number where an earlier input of this run has it."""
        name, number = stem, 1
        while name in self._taken:
            number += 1
            name = f"{stem}-{number}"
        self._taken.add(name)
        return name


class _SharedTable:
    """One table for all photos of a run; after it failed once, each further photo fails with the same reason."""

    def __init__(self, sink: Sink, record: Record) -> None:
        self.sink, self.record = sink, record
        self.names: set[str] = set()
        self.interrupted = False
        self._side = sidecar_path(sink.path)
        self._failed: OutputError | None = None
        self._opened = False

    def open(self, capture: Capture) -> None:
        """Take note of one more photo, and open the table at the first."""
        if self._failed is not None:
            raise self._failed
        if not self._opened:
            try:
                self.sink.__enter__()
                self._opened = True
                write_sidecar(self._side, self.record)
            except OutputError as error:
                self._failed = error
                raise
        self.names.add(capture.info.name)
        self.record.add_source(capture.info)

    def failed(self, error: InputError | OutputError) -> None:
        """Take note of a photo that failed; an error of the table itself fails all that follow."""
        self.record.errors.append(str(error))
        if isinstance(error, OutputError) and error.target == str(self.sink.path):
            self._failed = error

    def close(self, stopped: bool) -> OutputError | None:
        """Complete the table and the sidecar; returns what went wrong."""
        if not self._opened:
            return None
        try:
            self.sink.__exit__(None, None, None)
            _tell(self.record, [self.sink], self._side, "interrupted" if self.interrupted or stopped else "complete")
        except OutputError as error:
            return error
        return None


@contextmanager
def _told(record: Record, target: Target, sinks: list[Sink], side: Path, stack: ExitStack) -> Iterator[None]:
    """Complete the sinks, then write the final sidecar, also after an error; the first error wins."""
    try:
        with stack.pop_all():
            yield
    except BaseException as error:
        if isinstance(error, (InputError, OutputError)):
            record.errors.append(str(error))
        with suppress(OutputError):
            _tell(record, sinks, side, "interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
        raise
    _tell(record, sinks, side, "interrupted" if target.interrupted else "complete")


def _tell(record: Record, sinks: list[Sink], side: Path, status: str) -> None:
    record.status = status
    record.outputs = {_kind(sink): sink.path.name for sink in sinks if sink.path.exists()}
    for sink in sinks:
        record.told |= sink.told() if isinstance(sink, EpisodesSink | BaselineSink) else {}
    record.sound = next((str(sound) for sink in sinks if (sound := getattr(sink, "sound", None))), "none")
    write_sidecar(side, record)


def _kind(sink: Any) -> str:
    named: str = getattr(sink, "kind", "overlay" if type(sink).__name__.startswith("Overlay") else "table")
    return named


def _not_an_input(path: Path, capture: Capture) -> None:
    """Refuse to write over the very file that is read."""
    source = capture.info.name
    if path.exists() and os.path.exists(source) and os.path.samefile(path, source):
        raise OutputError(str(path), "is the input itself and would be overwritten")


def _stem(name: str) -> str:
    """Return a file name for an input: its own without the ending, or one made of an address."""
    if name == "-":
        return "stdin"
    tail = name.rstrip("/").rsplit("/", 1)[-1] if "://" in name else PurePath(name).name
    stem = PurePath(tail.split("?")[0]).stem if "://" in name else PurePath(tail).stem
    safe = "".join(letter if letter.isalnum() or letter in "-_. ()+,@" else "-" for letter in stem)
    return safe.strip(". ") or "input"

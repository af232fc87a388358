"""Which files a run writes, and the sinks behind them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from types import TracebackType
from typing import Self

from mimika.data.baseline import Baseline
from mimika.data.errors import InputError, InputUnsupported, OptionError, OutputError
from mimika.data.methods import BaselineChoice
from mimika.data.options import Options
from mimika.data.protocols import Capture, Sink
from mimika.stages.timeline.baseline import as_text
from mimika.stages.timeline.episodes import find
from mimika.stages.write import EXPORTS, FORMATS, OF_PHOTOS, Wish, open_export, open_sink
from mimika.stages.write.episodes import BaselineSink, EpisodesSink
from mimika.stages.write.files import claim
from mimika.stages.write.opinions import OpinionsSink
from mimika.stages.write.sidecar import Record, sidecar_path, write_sidecar
from mimika.stages.write.together import SharedFiles, Target, told

__all__ = ["SAVE", "Outputs", "Target", "Targets"]

SAVE = ("table", "overlay", "mesh", "episodes", "portrait", *EXPORTS)
PHOTOS = "photos"
_TOLD = frozenset({"episodes", "report", "elan", "boris"})
_SHARED = ("table", "feat")
"""What all photos of a run share one file of."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """What to write where.

    `save` is a choice of `SAVE`, where "mesh" adds its columns to the table and its lines to the overlay, "episodes" is
    for videos only, and "portrait" puts a small picture of each neutral face into the baseline file; `format` is one of
    `FORMATS`; `command` is told in the JSON file beside each result; `blur` makes faces on a report's pictures
    unrecognisable.

    Raises:
        OptionError: for an unknown choice.
    """

    folder: Path
    save: frozenset[str] = frozenset({"table"})
    format: str = "csv"
    force: bool = False
    command: tuple[str, ...] = ()
    blur: bool = False

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

    @property
    def tells_episodes(self) -> bool:
        """Whether some file tells what a face did over time, micro-expressions among it."""
        return bool(self.save & _TOLD)

    def exports(self, photo: bool) -> list[str]:
        """Return the wanted formats of other tools that make sense for a photo, or for a recording."""
        return [name for name in EXPORTS if name in self.save and (name in OF_PHOTOS or not photo)]


class Targets:
    """Opens the files of each input; several photos of one run share one table.

    A video gets `NAME.csv`, `NAME-overlay.mp4` and `NAME.csv.meta.json`; the photos of a run with more than one input
    get `photos.csv` together and an overlay each; with second opinions, a file of them lies beside each table. A name
    that was already used in this run gets a number. `failures` are errors met on completing shared files, with the
    inputs that wrote to them. `baselines` tells the neutral faces of the latest recording.
    """

    def __init__(
        self, outputs: Outputs, options: Options, inputs: int, baselines: Callable[[], list[Baseline]] = list
    ) -> None:
        self._outputs, self._options, self._several = outputs, options, inputs > 1
        self._baselines = baselines
        self._taken: set[str] = set()
        self._shared: SharedFiles | None = None
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
            if photo and self._several and (self._outputs.table or "feat" in self._outputs.save):
                yield from self._open_photo(stack, capture, stem)
            else:
                yield from self._open_alone(stack, capture, stem)

    def _open_alone(self, stack: ExitStack, capture: Capture, stem: str) -> Iterator[Target]:
        """Give an input its own files and sidecar."""
        photo = capture.info.kind == "photo"
        sinks: dict[str, Sink] = {}
        if self._outputs.table:
            sinks["table"] = self._table(self._outputs.folder / f"{stem}.{self._outputs.format}")
        sinks |= self._own(capture, stem, self._outputs.exports(photo))
        sinks |= {} if photo else self._over_time(stem)
        if not sinks:
            wanted = ", ".join(sorted(self._outputs.save))
            raise InputUnsupported(capture.info.name, f"is a photo, and {wanted} can be made of recordings only")
        sinks |= self._opinions(stem)
        files = list(sinks.values())
        record, side = self._record(), sidecar_path(files[0].path)
        record.add_source(capture.info)
        # All names are checked before the first file is made.
        for sink in files:
            claim(sink.path, self._outputs.force)
            _not_an_input(sink.path, capture)
        for sink in files:
            stack.enter_context(sink)
        write_sidecar(side, record)
        target = Target(files, [*(sink.path for sink in files), side], record)
        with told(record, target, sinks, side, stack):
            yield target

    def _open_photo(self, stack: ExitStack, capture: Capture, stem: str) -> Iterator[Target]:
        """Give a photo its own files, and a place in the tables of all photos."""
        if self._shared is None:
            self._shared = SharedFiles(self._of_all_photos(capture), self._record())
        shared = self._shared
        shared.open(capture)
        exports = [name for name in self._outputs.exports(photo=True) if name not in _SHARED]
        sinks = [stack.enter_context(sink) for sink in self._own(capture, stem, exports).values()]
        common = list(shared.sinks.values())
        target = Target([*sinks, *common], [sink.path for sink in (*common, *sinks)], shared.record)
        try:
            yield target
        except (InputError, OutputError) as error:
            shared.failed(error)
            raise
        finally:
            shared.interrupted |= target.interrupted

    def _own(self, capture: Capture, stem: str, exports: list[str]) -> dict[str, Sink]:
        """Return the overlay, if it is wanted, and some exports of one input."""
        sinks = {"overlay": self._overlay(capture, stem)} if "overlay" in self._outputs.save else {}
        return sinks | {name: self._export(name, capture, stem) for name in exports}

    def _of_all_photos(self, capture: Capture) -> dict[str, Sink]:
        stem, sinks = self._free(PHOTOS), dict[str, Sink]()
        if self._outputs.table:
            sinks["table"] = self._table(self._outputs.folder / f"{stem}.{self._outputs.format}")
        if "feat" in self._outputs.save:
            sinks["feat"] = self._export("feat", capture, stem)
        return sinks | self._opinions(stem)

    def _opinions(self, stem: str) -> dict[str, Sink]:
        """Return what tells of second opinions, if some are asked for."""
        if self._options.second_opinion == "never":
            return {}
        return {"opinions": OpinionsSink(self._outputs.folder / f"{stem}-opinions.jsonl", force=self._outputs.force)}

    def _export(self, name: str, capture: Capture, stem: str) -> Sink:
        outputs = self._outputs
        wish = Wish(capture.info, find, outputs.force, self._options.language, outputs.blur, outputs.command)
        return open_export(name, outputs.folder / f"{stem}{EXPORTS[name]}", wish)

    def _table(self, path: Path) -> Sink:
        return open_sink(self._outputs.format, path, "mesh" in self._outputs.save, self._outputs.force)

    def _over_time(self, stem: str) -> dict[str, Sink]:
        """Return what is written of a whole recording: what each face did, and its neutral state."""
        folder, force, sinks = self._outputs.folder, self._outputs.force, dict[str, Sink]()
        if "episodes" in self._outputs.save:
            sinks["episodes"] = EpisodesSink(folder / f"{stem}-episodes.csv", find, force)
        if BaselineChoice.parse(self._options.baseline).method in ("auto", "first", "image"):
            text = partial(as_text, portraits="portrait" in self._outputs.save)
            sinks["baseline"] = BaselineSink(folder / f"{stem}-baseline.json", self._baselines, text, force)
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

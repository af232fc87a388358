"""Several files of one input, or one file of several inputs, with the JSON file that tells about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from mimika.data.errors import InputError, OutputError
from mimika.data.observation import Observation
from mimika.data.opinion import Asked
from mimika.data.protocols import Capture, Sink
from mimika.stages.write.episodes import BaselineSink, EpisodesSink
from mimika.stages.write.opinions import Hears
from mimika.stages.write.sidecar import Record, sidecar_path, write_sidecar


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

    def hear(self, asked: Iterable[Asked]) -> None:
        """Tell what became of questions to those files that hold it."""
        for one in asked:
            for sink in self._sinks:
                if isinstance(sink, Hears):
                    sink.hear(one)

    @property
    def remarks(self) -> list[str]:
        """What the files could not tell of the recording, and why, each once; known when they are complete."""
        told = [remark for sink in self._sinks for remark in getattr(sink, "remarks", ())]
        return list(dict.fromkeys(told))


class SharedFiles:
    """Files of all photos of a run; after one failed once, each further photo fails with the same reason.

    `sinks` by what they are, in the order in which the JSON file names them.
    """

    def __init__(self, sinks: Mapping[str, Sink], record: Record) -> None:
        self.sinks, self.record = sinks, record
        self.names: set[str] = set()
        self.interrupted = False
        self._side = sidecar_path(next(iter(sinks.values())).path)
        self._failed: OutputError | None = None
        self._stack = ExitStack()
        self._opened = False

    def open(self, capture: Capture) -> None:
        """Take note of one more photo, and open the files at the first."""
        if self._failed is not None:
            raise self._failed
        if not self._opened:
            try:
                for sink in self.sinks.values():
                    self._stack.enter_context(sink)
                    self._opened = True
                write_sidecar(self._side, self.record)
            except OutputError as error:
                self._failed = error
                raise
        self.names.add(capture.info.name)
        self.record.add_source(capture.info)

    def failed(self, error: InputError | OutputError) -> None:
        """Take note of a photo that failed; an error of a shared file itself fails all that follow."""
        self.record.errors.append(str(error))
        if isinstance(error, OutputError) and error.target in {str(sink.path) for sink in self.sinks.values()}:
            self._failed = error

    def close(self, stopped: bool) -> OutputError | None:
        """Complete the files and the JSON file; returns what went wrong."""
        if not self._opened:
            return None
        try:
            self._stack.close()
            tell(self.record, self.sinks, self._side, "interrupted" if self.interrupted or stopped else "complete")
        except OutputError as error:
            return error
        return None


@contextmanager
def told(record: Record, target: Target, sinks: Mapping[str, Sink], side: Path, stack: ExitStack) -> Iterator[None]:
    """Complete the sinks, then write the final JSON file, also after an error; the first error wins."""
    try:
        with stack.pop_all():
            yield
    except BaseException as error:
        if isinstance(error, (InputError, OutputError)):
            record.errors.append(str(error))
        with suppress(OutputError):
            tell(
                record,
                sinks,
                side,
                "interrupted" if isinstance(error, (KeyboardInterrupt, GeneratorExit)) else "failed",
            )
        raise
    tell(record, sinks, side, "interrupted" if target.interrupted else "complete")


def tell(record: Record, sinks: Mapping[str, Sink], side: Path, status: str) -> None:
    """Write the JSON file of some sinks, which are named by what they are."""
    record.status = status
    record.outputs = {kind: sink.path.name for kind, sink in sinks.items() if sink.path.exists()}
    for sink in sinks.values():
        record.told |= sink.told() if isinstance(sink, EpisodesSink | BaselineSink) else {}
    record.sound = next((str(sound) for sink in sinks.values() if (sound := getattr(sink, "sound", None))), "none")
    write_sidecar(side, record)

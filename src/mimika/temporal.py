"""What needs more than one frame: baseline, smoothing, steadiness, indicators; live or with the recording known."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mimika.data.baseline import Baseline
from mimika.data.errors import InputCorrupt, OutputFull
from mimika.data.frame import Frame, SourceInfo
from mimika.data.measurements import Measurements
from mimika.data.methods import BaselineChoice, Smoothing
from mimika.data.observation import Observation
from mimika.data.options import Options
from mimika.data.timeline import Collector
from mimika.stages.timeline.baseline import Baselines, Fit, Shapes, without_rest
from mimika.stages.timeline.smooth import LiveSmoother, smoothed
from mimika.stages.timeline.states import States
from mimika.stages.timeline.steady import Steady


def wants_hindsight(options: Options, info: SourceInfo, asks: bool = False) -> bool:
    """Return whether a source is to be read twice: the choices look ahead, and it is a video file.

    `asks`: second opinions are asked for, which come later than the frames that they are about.

    A camera, a stream and standard input come only once; there the same choices work without looking ahead.
    """
    ahead = asks or Smoothing.parse(options.smooth).looks_ahead or BaselineChoice.parse(options.baseline).looks_ahead
    return ahead and info.kind == "video" and Path(info.name).is_file()


class Temporal:
    """Baseline, smoothing and steadiness as the options ask for, then the indicators, in this order.

    `units` measures action units; `known` is the baseline of an image or a file.
    """

    def __init__(self, options: Options, units: Shapes | None, known: Baseline | None = None) -> None:
        self._options, self._smoothing = options, Smoothing.parse(options.smooth)
        self._smoother, self._steady, self._states = LiveSmoother(self._smoothing), Steady(), States()
        choice = BaselineChoice.parse(options.baseline)
        self._baselines = (
            Baselines(choice, units, known, options.baseline_expressions)
            if units is not None and choice.method != "none"
            else None
        )

    @property
    def baselines(self) -> list[Baseline]:
        """The neutral faces known by now."""
        return self._baselines.all() if self._baselines is not None else []

    @property
    def compares(self) -> bool:
        """Whether faces are compared with a neutral, so that pictures of them are of use."""
        return self._baselines is not None

    def relearn(self, seconds: float, units: Shapes) -> None:
        """Take the coming seconds as the neutral state of each face, in place of what was known of it before."""
        choice = BaselineChoice("first", seconds=seconds)
        self._baselines = Baselines(choice, units, None, self._options.baseline_expressions)

    def reset(self) -> None:
        """Forget the recording."""
        self._smoother.reset()
        self._steady.reset()
        self._states.reset()
        if self._baselines is not None:
            self._baselines.reset()

    def follow(self, observation: Observation, fit: Fit | None = None) -> Observation:
        """Treat the newest frame by what came before; `fit` is how its meshes lie in the picture, where it is known."""
        if self._baselines is not None:
            observation = self._baselines.follow(observation, fit)
        observation = self._smoother.apply(observation)
        return self._states.follow(self._steady.apply(observation) if self._options.steady else observation)

    def photo(self, observation: Observation) -> Observation:
        """Treat a photo: only a baseline from an image or a file means something to it."""
        return self._baselines.apply(observation) if self._baselines is not None else observation

    def hindsight(self) -> Hindsight:
        """Return what treats a whole recording with its future known; forgets what came before."""
        self.reset()
        return Hindsight(self._options, self._baselines, self._smoothing, self._steady, self._states)


class Hindsight:
    """Looks at a recording twice: `see` every observation, then let `replay` give them again, treated.

    Between the two, measurements lie in a temporary file, about 7 kB a face and frame, 16 kB with a baseline
    (1.2 and 2.9 GB for an hour of two faces at 25 frames/s); in memory stay about 320 bytes a face and frame, and up to
    9 MB a person for the baseline.
    """

    def __init__(
        self, options: Options, baselines: Baselines | None, smoothing: Smoothing, steady: Steady, states: States
    ) -> None:
        self._options, self._baselines = options, baselines
        self._smoothing, self._steady, self._states = smoothing, steady, states
        self._collector, self._frames = Collector(), 0
        self._file: Any = tempfile.TemporaryFile(prefix="mimika-")  # noqa: SIM115 closed by close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._file.close()

    def see(self, observation: Observation) -> None:
        """Take in the next frame; its picture is not kept.

        Raises:
            OutputFull: if the temporary file cannot grow.
        """
        kept = (observation.frame.number, observation.frame.time_s, observation.frame.source)
        measured = {item.name: getattr(observation.measurements, item.name) for item in fields(Measurements)}
        if self._baselines is None:
            del measured["portraits"]  # more than all else, and nobody will look at them
        parts = (observation.faces, measured, observation.expressions, observation.stage_ms)
        try:
            pickle.dump((kept, parts), self._file, protocol=pickle.HIGHEST_PROTOCOL)
        except OSError as error:
            raise OutputFull(tempfile.gettempdir(), f"no place between the two looks ({error.strerror})") from error
        self._collector.add(observation)
        if self._baselines is not None:
            self._baselines.see(observation)
        self._frames += 1

    def replay(self, frames: Iterable[Frame] | None = None) -> Iterator[Observation]:
        """Give the observations again, with the pictures of `frames`, which must be the same; else without pictures.

        Raises:
            InputCorrupt: if a frame that was there before is missing now.
        """
        if self._baselines is not None:
            self._baselines.settle()
        calm = self._smoothed()
        rows: dict[int, int] = {}
        again = iter(frames) if frames is not None else None
        self._file.seek(0)
        for _ in range(self._frames):
            (number, time_s, source), (faces, measured, *parts) = pickle.load(self._file)
            frame = Frame(np.zeros((1, 1), np.uint8), time_s, number, source)
            shown = frame if again is None else _same(again, number, source)
            observation = Observation(shown, faces, Measurements(**measured), *parts)
            if self._baselines is not None:
                observation = self._baselines.apply(observation)
            if calm:
                observation = _with(observation, calm, rows)
            yield self._states.follow(self._steady.apply(observation) if self._options.steady else observation)

    def _smoothed(self) -> dict[int, NDArray[np.float32]]:
        """Return the probabilities of each face, all its rows, smoothed with hindsight."""
        if self._smoothing.method == "none":
            return {}
        found = {}
        for line in self._collector.timelines():
            known = self._baselines.of(line.face) if self._baselines is not None else None
            if known is not None and self._options.baseline_expressions:
                line = replace(line, probabilities=without_rest(line.probabilities, known))
            found[line.face] = smoothed(line, self._smoothing).probabilities
        return found


def _with(observation: Observation, calm: dict[int, NDArray[np.float32]], rows: dict[int, int]) -> Observation:
    """Put the smoothed probabilities in; `rows` counts for each face how far it has come."""
    shown = observation.expressions
    probabilities = shown.probabilities.copy()
    for index, face in enumerate(observation.faces.ids.tolist()):
        probabilities[index] = calm[face][rows.get(face, 0)]
        rows[face] = rows.get(face, 0) + 1
    return replace(observation, expressions=replace(shown, probabilities=probabilities))


def _same(frames: Iterator[Frame], number: int, source: str) -> Frame:
    """Return the frame of that number."""
    for frame in frames:
        if frame.number == number:
            return frame
    raise InputCorrupt(source, f"frame {number} was there at first and is missing on the second look")

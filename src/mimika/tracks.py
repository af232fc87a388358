"""What each face of a video did, in the shape that notebooks like: tables, lists, a summary and a picture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.episodes import Episode, Findings, Mixture, Transition
from mimika.data.errors import MimikaError
from mimika.data.facs import by_name, codes, letters, sides_of
from mimika.data.indicators import INDICATOR_NAMES
from mimika.data.labels import FERPLUS
from mimika.data.observation import Observation
from mimika.data.options import Options
from mimika.data.timeline import Timeline
from mimika.pipeline import Pipeline
from mimika.second import opened
from mimika.stages.capture.inputs import open_capture
from mimika.stages.timeline.episodes import find
from mimika.stages.timeline.states import readings
from mimika.stages.timeline.summary import summary
from mimika.temporal import wants_hindsight

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure


def observations(
    source: str, options: Options, pictures: bool = True, send_faces: bool = False
) -> Iterator[Observation]:
    """Analyse a source; with hindsight where the options ask for it and the source can be read twice.

    Without `pictures` the frames of a source that is read twice are empty, which spares reading it the second time.
    `send_faces` agrees that faces are sent to an endpoint elsewhere, if the options ask for second opinions.

    Raises:
        InputError: if the source cannot be read to its end.
        OptionError: if second opinions are asked for and something stands against them; nothing was sent then.
    """
    pipeline = Pipeline(options)
    with ExitStack() as stack:
        second = stack.enter_context(opened(options, send_faces))
        capture = stack.enter_context(open_capture(source, options))
        if not wants_hindsight(options, capture.info, second is not None):
            seen = pipeline.run(capture)
            yield from seen if second is None else map(second.follow, seen)
            return
        hindsight = stack.enter_context(pipeline.hindsight())
        for observation in pipeline.run(capture, raw=True):
            hindsight.see(observation)
            if second is not None:
                second.see(observation)
        again = stack.enter_context(open_capture(source, options)) if pictures else None
        if second is not None:
            second.settle()
        replayed = hindsight.replay(again)
        yield from replayed if second is None else map(second.refine, replayed)


class Track:
    """What one face of a video did, from its first frame to its last.

    `timeline` has the arrays. `expressions`, `action_units`, `letters`, `asymmetry`, `facs`, `pose`, `eyes`,
    `indicators` and `to_pandas()` are pandas frames with one row a frame in which the face was there, indexed by
    `time_s`; pandas must be installed.
    `episodes()`, `transitions()`, `mixtures()` and `summary()` say what it did, `plot()` draws it.
    """

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline

    def __len__(self) -> int:
        return len(self.timeline)

    def __repr__(self) -> str:
        line = self.timeline
        span = f"{line.time_s[0]:.2f}..{line.time_s[-1]:.2f} s" if len(line) else "never seen"
        return f"Track: face {line.face} of {line.source or 'a video'}, {len(line)} frames, {span}"

    @property
    def face(self) -> int:
        """The id of the face in its video."""
        return self.timeline.face

    @property
    def expressions(self) -> pandas.DataFrame:
        """Probability of each expression, 0..1, a row together 1."""
        return self._frame(dict(zip(FERPLUS, self.timeline.probabilities.T, strict=True)))

    @property
    def action_units(self) -> pandas.DataFrame:
        """Intensity 0..5 of each action unit; `AU12_l` is the subject's own left, units without sides have one."""
        return self._frame(by_name(self.timeline.action_units))

    @property
    def letters(self) -> pandas.DataFrame:
        """The FACS letter of each intensity, "" below a trace, then A to E; columns as in `action_units`."""
        return self._frame(by_name(letters(self.timeline.action_units)))

    @property
    def asymmetry(self) -> pandas.DataFrame:
        """How one-sided each unit with sides is, -1..1, + where the subject's left is stronger."""
        return self._frame(sides_of(self.timeline.action_units))

    @property
    def facs(self) -> pandas.Series:
        """The FACS code of each frame: "6B+L12D+R12C+25A", "0" where no unit reaches a trace."""
        return self._frame({"facs": codes(self.timeline.action_units)})["facs"]

    @property
    def pose(self) -> pandas.DataFrame:
        """Head pose: pitch, yaw, roll in degrees; x, y, depth as in `Measurements.translations`."""
        return self._frame(self._pose())

    @property
    def eyes(self) -> pandas.DataFrame:
        """How far the eyes are open, 0 closed to about 1, and where they look in degrees relative to the head."""
        return self._frame(self._eyes())

    @property
    def indicators(self) -> pandas.DataFrame:
        """Blinks, PERCLOS, drowsiness, attention and the others of `data.indicators`, as they were known by then."""
        return self._frame(dict(zip(INDICATOR_NAMES, readings(self.timeline)[0].T, strict=True)))

    def to_pandas(self) -> pandas.DataFrame:
        """Return everything side by side: frame, box, label, expressions, pose, action units, their FACS code, eyes."""
        line = self.timeline
        box = dict(zip(("box_x", "box_y", "box_w", "box_h"), line.boxes.T, strict=True))
        columns: dict[str, Any] = {"face_id": np.full(len(line), line.face), "frame": line.numbers, **box}
        columns |= {"presence": line.presence, "label": line.labels}
        columns |= {f"p_{name}": values for name, values in zip(FERPLUS, line.probabilities.T, strict=True)}
        units = self.timeline.action_units
        one_sided = {f"{name}_asym": values for name, values in sides_of(units).items()}
        columns |= {"facs": codes(units)} | self._pose() | by_name(units) | one_sided | self._eyes()
        return self._frame(columns)

    def episodes(self) -> list[Episode]:
        """Return episodes of expressions, action units, micro-expressions and states such as blinks, by onset."""
        return self._findings.episodes

    @property
    def remarks(self) -> list[str]:
        """What could not be told of this face, and why: fewer frames a second than micro-expressions need."""
        return self._findings.remarks

    def transitions(self) -> list[Transition]:
        """Return the changes from one expression to another."""
        return self._findings.transitions

    def mixtures(self) -> list[Mixture]:
        """Return the stretches in which two or three expressions were there at once."""
        return self._findings.mixtures

    def summary(self) -> dict[str, Any]:
        """Return a few numbers: seconds, shares of labels, episodes a minute, blinks, action units, pose."""
        return summary(self.timeline, self._findings)

    def plot(self) -> Figure:
        """Draw expressions, episodes, action units, eyes and head over time.

        Raises:
            MimikaError: if matplotlib is not installed.
        """
        from mimika.stages.write.track_plot import track_plot

        return track_plot(self.timeline, self._findings)

    @cached_property
    def _findings(self) -> Findings:
        return find(self.timeline)

    def _pose(self) -> dict[str, NDArray[Any]]:
        parts = np.concatenate([self.timeline.angles, self.timeline.translations], axis=1)
        return dict(zip(("pitch", "yaw", "roll", "x", "y", "depth"), parts.T, strict=True))

    def _eyes(self) -> dict[str, NDArray[Any]]:
        parts = np.concatenate([self.timeline.eye_openness, self.timeline.gaze], axis=1)
        return dict(zip(("eye_open_l", "eye_open_r", "gaze_yaw", "gaze_pitch"), parts.T, strict=True))

    def _frame(self, columns: dict[str, Any]) -> pandas.DataFrame:
        pandas = need_pandas()
        return pandas.DataFrame(columns, index=pandas.Index(self.timeline.time_s, name="time_s"))


def need_pandas() -> Any:
    """Return the module pandas.

    Raises:
        MimikaError: if it is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise MimikaError("a pandas frame needs pandas: pip install pandas") from error
    return pandas

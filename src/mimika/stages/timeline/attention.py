"""Where a face is turned: looking ahead or away, and how steadily. It cannot tell what is looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mimika.stages.timeline.moments import Moment
from mimika.stages.timeline.stretches import BLINK, LONGEST_BLINK_S
from mimika.stages.timeline.windows import Level, Means, Usual, ramp

WINDOW_S, _NEEDED_S = 10.0, 3.0
AHEAD, AWAY = 15.0, 30.0
"""Degrees from the usual direction: up to the first a look counts fully as ahead, from the second on as away."""
AWAY_LEVEL = (25.0, 20.0, 0.3)
"""Looking away begins at the first angle, ends below the second; looks back as short as the third, in s, do not
count."""
_UNSTEADY = 15.0
"""Degrees of scatter of the head at which steadiness is a half."""
_FARTHEST = 20.0
"""The usual direction lies at most so many degrees from the camera, or one who always looks away would be attentive."""


@dataclass(frozen=True, slots=True)
class Look:
    """Where a face looks by now; NaN where it is not known.

    `angle` degrees between where head and eyes point and where they usually point; `droop` degrees by which the head
    hangs below its usual pitch; `scatter` degrees of head movement over the last 3 s, for `stillness`.
    """

    angle: float
    looking_away_s: float
    attention: float
    droop: float
    scatter: float


class Attention:
    """Follows head and gaze of one face.

    attention = mean over 10 s of `ahead` · 1 / (1 + (scatter / 15°)²), where `ahead` falls from 1 at 15° to 0 at 30°
    off the usual direction and is 0 while the eyes stay closed, and scatter is the standard deviation of the head's
    direction over the same 10 s. The usual direction is the median of what was seen so far, at most 20° from the
    camera.

    Source of the idea that the head's direction stands for the focus of attention: Stiefelhagen, Zhu, "Head orientation
    and gaze direction in meetings", CHI 2002; the form and the numbers are ours.
    """

    def __init__(self) -> None:
        self._usual = (Usual(0.5, -90.0, 90.0), Usual(0.5, -90.0, 90.0))
        self._pitch = Usual(0.5, -90.0, 90.0)
        self._ahead = Means(WINDOW_S, _NEEDED_S)
        self._moves, self._moves_now = Means(WINDOW_S, _NEEDED_S, 4), Means(3.0, 1.5, 4)
        self._away = Level(*AWAY_LEVEL)
        self._gaze = 0.0, 0.0

    def update(self, moment: Moment, closed: float, eyes_closed_s: float) -> Look:
        """Take in the newest moment; `closed` 0..1 is how far the eyes are shut, `eyes_closed_s` since when."""
        now, angle = moment.time_s, self._angle(moment, closed)
        asleep = eyes_closed_s > LONGEST_BLINK_S
        self._ahead.add(now, 0.0 if asleep else 1 - ramp(angle, AHEAD, AWAY))
        self._away.update(now, angle)
        head = (moment.yaw, moment.pitch, moment.yaw**2, moment.pitch**2)
        self._moves.add(now, *head)
        self._moves_now.add(now, *head)
        steadiness = 1 / (1 + (_scatter(self._moves) / _UNSTEADY) ** 2)
        away = self._away.lasting_s(now) if math.isfinite(angle) else math.nan
        droop = max(self._pitch.update(now, moment.pitch) - moment.pitch, 0.0)
        return Look(angle, away, self._ahead.mean() * steadiness, droop, _scatter(self._moves_now))

    def _angle(self, moment: Moment, closed: float) -> float:
        """Return how far off the usual direction the face looks; under closing lids the eyes' last direction counts."""
        if math.isfinite(moment.gaze_yaw) and not closed >= BLINK.leave:
            self._gaze = moment.gaze_yaw, moment.gaze_pitch
        directions = moment.yaw + self._gaze[0], moment.pitch + self._gaze[1]
        off = []
        for usual, direction in zip(self._usual, directions, strict=True):
            known = usual.update(moment.time_s, direction)
            off.append(direction - (min(max(known, -_FARTHEST), _FARTHEST) if math.isfinite(known) else 0.0))
        return math.hypot(*off)


def stillness(scatter: float, half: float = 5.0) -> float:
    """Return 1 for a still head, a half where it scatters by `half` degrees."""
    return 1 / (1 + (scatter / half) ** 2)


def _scatter(moves: Means) -> float:
    """Return the standard deviation in degrees of the head's direction within the window."""
    yaw, pitch, yaw2, pitch2 = moves.means()
    return math.sqrt(max(yaw2 - yaw**2 + pitch2 - pitch**2, 0.0)) if math.isfinite(yaw) else math.nan

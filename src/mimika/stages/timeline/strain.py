"""Brows, lids and lips under strain: confusion, tension, frustration. All need action units."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mimika.stages.timeline.attention import stillness
from mimika.stages.timeline.moments import Moment
from mimika.stages.timeline.windows import Means, ramp

_GRADES = (0.5, 3.0)
"""An action unit counts from the first intensity on, and fully from the second, between FACS grades B and C."""


@dataclass(frozen=True, slots=True)
class Strains:
    """What strain shows by now, each 0..1; NaN without action units."""

    confusion: float
    tension: float
    frustration: float


class Strain:
    """Follows brows, lids and lips of one face.

    With AU' the intensity from 0.5 to 3 as 0..1: confusion = mean over 3 s of √(AU4' · AU7') · stillness of the head (a
    half at 5° of scatter); tension = mean over 30 s of (AU4' + max(AU23', AU24')) / 2; frustration = mean over 5 s of
    (max(AU4', AU14', AU23', AU24') + hostile) / 2, `hostile` being the probability of anger, disgust or contempt.

    Source of the signs: McDaniel, D'Mello, King, Chipman, Tapp, Graesser, "Facial features for affective state
    detection in learning environments", CogSci 2007 (confusion: AU4 and AU7); Grafsgaard, Wiggins, Boyer, Wiebe,
    Lester, "Automatically recognizing facial expression: predicting engagement and frustration", EDM 2013 (frustration:
    AU4, AU14); Ekman, Friesen, "Unmasking the face", 1975 (lips tight or pressed in controlled anger). The form and the
    numbers are ours.
    """

    def __init__(self) -> None:
        self._confusion, self._tension = Means(3.0, 1.5), Means(30.0, 10.0)
        self._frustration = Means(5.0, 2.0)

    def update(self, moment: Moment, scatter: float) -> Strains:
        """Take in the newest moment; `scatter` degrees of head movement over the last 3 s."""
        now = moment.time_s
        brows, lids, dimples, tight, pressed = (
            ramp(moment.unit(name), *_GRADES) for name in ("AU4", "AU7", "AU14", "AU23", "AU24")
        )
        lips = max(tight, pressed)
        self._confusion.add(now, math.sqrt(brows * lids))
        self._tension.add(now, (brows + lips) / 2)
        self._frustration.add(now, (max(brows, dimples, lips) + moment.hostile) / 2)
        means = (self._confusion.mean(), self._tension.mean(), self._frustration.mean())
        if math.isnan(brows):
            return Strains(math.nan, math.nan, math.nan)
        return Strains(means[0] * stillness(scatter), means[1], means[2])

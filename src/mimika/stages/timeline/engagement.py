"""How much a face takes part: activity, variety and valence, and their absence."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mimika.data.labels import FERPLUS
from mimika.stages.timeline.moments import Moment
from mimika.stages.timeline.windows import Means, ramp

WINDOW_S, _NEEDED_S = 30.0, 10.0
_ACTIVITY = (0.05, 0.35)
"""Standard deviation of the eight probabilities together: a face without play, and a lively one."""
_VARIETY = (0.25, 0.75)
"""Entropy of the mean probabilities relative to the largest: always the same, and many kinds."""
_VALENCE = (-0.5, 0.5)
_LIDS, _HEAD = (0.2, 0.5), (5.0, 20.0)
"""Drooping: lids closed by so large a mean share, a head so many degrees below its usual pitch."""


@dataclass(frozen=True, slots=True)
class Play:
    """What the play of the face says by now, each 0..1; NaN until ten seconds were seen."""

    activity: float
    variety: float
    engagement: float
    boredom: float


class Engagement:
    """Follows the expressions of one face over 30 s.

    engagement = attention · (1/2 + 1/2 · mean(activity, variety, valence)); boredom = mean(1 - activity, droop, 1 -
    attention). `activity` is the standard deviation of the probabilities, the root of the summed variances, from 0.05
    to 0.35; `variety` the entropy of their means, from 0.25 to 0.75 of the largest possible; `valence` from -0.5 to
    0.5; `droop` the stronger of lids closed by 0.2 to 0.5 on average and a head hanging by 5° to 20°. All are cut to
    0..1.

    Source of the ideas: Whitehill, Serpell, Lin, Foster, Movellan, "The faces of engagement: automatic recognition of
    student engagement from facial expressions", IEEE Transactions on Affective Computing 5, 2014 (engagement is seen in
    gaze, lids and facial activity); McDaniel, D'Mello, King, Chipman, Tapp, Graesser, "Facial features for affective
    state detection in learning environments", CogSci 2007 (bored faces could hardly be told from neutral ones). The
    form and the numbers are ours.
    """

    def __init__(self) -> None:
        count = len(FERPLUS)
        self._shown = Means(WINDOW_S, _NEEDED_S, 2 * count + 1)
        self._lids, self._head = Means(WINDOW_S, _NEEDED_S), Means(WINDOW_S, _NEEDED_S)

    def update(self, moment: Moment, attention: float, closed: float, droop: float) -> Play:
        """Take in the newest moment; `closed` 0..1 of the eyes, `droop` degrees of the head."""
        now, chances = moment.time_s, moment.probabilities.tolist()
        self._shown.add(now, *chances, *(chance**2 for chance in chances), moment.valence)
        self._lids.add(now, closed)
        self._head.add(now, droop)
        means = self._shown.means()
        if math.isnan(means[0]):
            return Play(*(math.nan,) * 4)
        activity, variety = _activity(means), _variety(means)
        play = (activity + variety + ramp(means[-1], *_VALENCE)) / 3
        hanging = [ramp(self._lids.mean(), *_LIDS), ramp(self._head.mean(), *_HEAD)]
        drooping = max((part for part in hanging if math.isfinite(part)), default=math.nan)
        boredom = (1 - activity + drooping + 1 - attention) / 3
        return Play(activity, variety, attention * (0.5 + 0.5 * play), boredom)


def _activity(means: list[float]) -> float:
    count = len(FERPLUS)
    variance = sum(means[count + index] - means[index] ** 2 for index in range(count))
    return ramp(math.sqrt(max(variance, 0.0)), *_ACTIVITY)


def _variety(means: list[float]) -> float:
    entropy = -sum(share * math.log(share) for share in means[: len(FERPLUS)] if share > 0)
    return ramp(entropy / math.log(len(FERPLUS)), *_VARIETY)

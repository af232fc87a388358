"""All indicators of a face, and the states that last: the same code live and for a recording, looking back only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mimika.data.episodes import Episode
from mimika.data.indicators import INDICATOR_NAMES
from mimika.data.observation import Observation
from mimika.data.timeline import Timeline
from mimika.stages.timeline.attention import AWAY_LEVEL, Attention
from mimika.stages.timeline.drowsiness import YAWN, YAWN_S, Drowsiness
from mimika.stages.timeline.engagement import Engagement
from mimika.stages.timeline.moments import Moment, of_observation, of_timeline
from mimika.stages.timeline.strain import Strain
from mimika.stages.timeline.stretches import LONGEST_BLINK_S, Rule, episode_of, stretches

_FORGET_S = 60.0
"""A face away for longer begins anew."""
SIGNALS = ("closed", "angle", "jaw")
"""What states are also made of, beside the indicators: lids closed 0..1, degrees off the usual direction, jaw 0..5."""

_LOW, _HIGH = 0.35, 0.5
STATES: dict[str, tuple[str, Rule]] = {
    "eyes_closed": ("closed", Rule(0.8, 0.6, LONGEST_BLINK_S, 0.1, 0.0)),
    "yawn": ("jaw", Rule(YAWN[0], YAWN[1], YAWN_S[0], YAWN[2], 0.0)),
    "looking_away": ("angle", Rule(AWAY_LEVEL[0], AWAY_LEVEL[1], 1.0, AWAY_LEVEL[2], 0.0)),
    "drowsiness": ("drowsiness", Rule(0.6, 0.45, 5.0, 2.0, 0.0)),
    "engagement": ("engagement", Rule(0.75, 0.6, 10.0, 2.0, 0.0)),
    "confusion": ("confusion", Rule(_HIGH, _LOW, 2.0, 1.0, 0.0)),
    "boredom": ("boredom", Rule(0.65, 0.5, 10.0, 2.0, 0.0)),
    "tension": ("tension", Rule(_HIGH, _LOW, 5.0, 2.0, 0.0)),
    "frustration": ("frustration", Rule(0.6, 0.45, 2.0, 1.0, 0.0)),
}
"""The states: the indicator or signal that each is read off, and when it counts."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of one face at one moment: `indicators` (13,) and `signals` (3,), NaN where it is not known."""

    indicators: NDArray[np.float64]
    signals: NDArray[np.float64]


class FaceStates:
    """Follows one face; `update` takes its moments in the order of time."""

    def __init__(self) -> None:
        self._drowsiness, self._attention = Drowsiness(), Attention()
        self._engagement, self._strain = Engagement(), Strain()

    def update(self, moment: Moment) -> Reading:
        """Take in the newest moment."""
        lids = self._drowsiness.update(moment)
        look = self._attention.update(moment, lids.closed, lids.eyes_closed_s)
        play = self._engagement.update(moment, look.attention, lids.closed, look.droop)
        strain = self._strain.update(moment, look.scatter)
        told = (
            *(lids.blink_rate, lids.blink_s, lids.perclos, lids.eyes_closed_s, lids.yawns, lids.drowsiness),
            *(look.looking_away_s, look.attention, play.engagement, strain.confusion, play.boredom),
            *(strain.tension, strain.frustration),
        )
        return Reading(np.array(told), np.array([lids.closed, look.angle, lids.jaw]))


class States:
    """Follows all faces of a recording or a camera.

    `follow` gives the observation with its indicators. A face that was away for a minute begins anew.
    """

    def __init__(self) -> None:
        self._faces: dict[int, tuple[float, FaceStates]] = {}

    def reset(self) -> None:
        """Forget all faces."""
        self._faces.clear()

    def follow(self, observation: Observation) -> Observation:
        """Take in the newest frame."""
        now = observation.frame.time_s
        for face in [face for face, (seen, _) in self._faces.items() if not 0 <= now - seen <= _FORGET_S]:
            del self._faces[face]
        rows = np.full((len(observation), len(INDICATOR_NAMES)), np.nan)
        moments = of_observation(observation)
        for index, (face, moment) in enumerate(zip(observation.faces.ids.tolist(), moments, strict=True)):
            states = self._faces[face][1] if face in self._faces else FaceStates()
            self._faces[face] = now, states
            rows[index] = states.update(moment).indicators
        return replace(observation, indicators=rows)


def readings(timeline: Timeline) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return indicators (n, 13) and signals (n, 3) of each row of a timeline, as they were known by then."""
    found = list(_readings(timeline))
    if not found:
        return np.zeros((0, len(INDICATOR_NAMES))), np.zeros((0, len(SIGNALS)))
    return np.array([each.indicators for each in found]), np.array([each.signals for each in found])


def states(timeline: Timeline) -> list[Episode]:
    """Return the states that lasted, as episodes of kind "state"; `peak` is the highest value, in the unit it has."""
    indicators, signals = readings(timeline)
    table = dict(zip((*INDICATOR_NAMES, *SIGNALS), np.concatenate([indicators, signals], axis=1).T, strict=True))
    found = []
    for label, (name, rule) in STATES.items():
        values = np.nan_to_num(table[name], nan=0.0)
        for stretch in stretches(timeline, values, rule):
            found.append(episode_of(timeline, "state", label, "", stretch))
    return sorted(found, key=lambda episode: (episode.onset_s, episode.label))


def _readings(timeline: Timeline) -> Iterator[Reading]:
    face, seen = FaceStates(), None
    for moment in of_timeline(timeline):
        if seen is not None and moment.time_s - seen > _FORGET_S:
            face = FaceStates()
        seen = moment.time_s
        yield face.update(moment)

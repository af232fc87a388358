"""When something began, peaked and ended: episodes of expressions and of action units, blinks, and states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.episodes import Episode, Findings
from mimika.data.errors import OptionError
from mimika.data.labels import ACTION_UNITS, FERPLUS, SIDED_UNITS
from mimika.data.timeline import Timeline
from mimika.stages.timeline.changes import mixtures, transitions
from mimika.stages.timeline.micro import movements_of, spot
from mimika.stages.timeline.states import states
from mimika.stages.timeline.stretches import BLINK, LONGEST_BLINK_S, OPEN_RANK, Rule, episode_of, stretches

EXPRESSION = Rule(enter=0.5, leave=0.35, shortest_s=0.25, bridge_s=0.2, calm_s=0.2)
"""Of probabilities. From 0.5 on no other expression can be more likely."""
UNIT = Rule(enter=1.0, leave=0.5, shortest_s=0.2, bridge_s=0.15, calm_s=0.12)
"""Of intensities 0..5. From 1 on a movement is FACS grade A, a trace that can be coded."""
LID = Rule(enter=2.5, leave=1.5, shortest_s=0.04, bridge_s=0.04, calm_s=0.0)
"""Of AU43: lids close and open faster than anything else in a face, and averaging would lose them."""
_ONE_SIDED = 0.5
"""A unit is of one side where the other reaches less than this share of it."""


def find(timeline: Timeline) -> Findings:
    """Return all that the face did: episodes of expressions, action units and states, transitions, mixed states.

    Micro-expressions are among the episodes where fine movements were followed (`Options.micro`).
    """
    brief, remarks = micro_episodes(timeline)
    episodes = [*expression_episodes(timeline), *unit_episodes(timeline), *blinks(timeline), *states(timeline), *brief]
    episodes.sort(key=lambda episode: (episode.onset_s, episode.kind, episode.label))
    return Findings(timeline.face, episodes, transitions(timeline), mixtures(timeline), remarks)


def micro_episodes(timeline: Timeline) -> tuple[list[Episode], list[str]]:
    """Return the micro-expressions of a face, `peak` in pixels of a face 150 px wide, and why there are none to tell.

    Nothing, without a remark, where fine movements were not followed.
    """
    movements = movements_of(timeline)
    if movements is None:
        return [], []
    try:
        return [item.episode for item in spot(movements)], []
    except OptionError as error:
        return [], [str(error)]


def expression_episodes(timeline: Timeline, rule: Rule = EXPRESSION) -> list[Episode]:
    """Return the episodes of every expression but neutral, `peak` being a probability."""
    found = []
    for label in FERPLUS[1:]:
        values = timeline.probabilities[:, FERPLUS.index(label)].astype(np.float64)
        for stretch in stretches(timeline, values, rule):
            found.append(episode_of(timeline, "expression", label, "", stretch))
    return sorted(found, key=lambda episode: episode.onset_s)


def unit_episodes(timeline: Timeline) -> list[Episode]:
    """Return the episodes of every action unit, `peak` being an intensity; rows without a measurement are left out."""
    measured = np.asarray(np.isfinite(timeline.action_units).all(axis=(1, 2)), np.bool_)
    line = timeline if measured.all() else timeline.take(measured)
    found = []
    for column, label in enumerate(ACTION_UNITS):
        both = line.action_units[:, column].astype(np.float64)
        for stretch in stretches(line, both.max(axis=1), LID if label == "AU43" else UNIT):
            side = _side(both[stretch.rows]) if label in SIDED_UNITS else ""
            found.append(episode_of(line, "action_unit", label, side, stretch))
    return sorted(found, key=lambda episode: (episode.onset_s, episode.label))


def blinks(timeline: Timeline) -> list[Episode]:
    """Return every blink as an episode of kind "state"; `peak` is how far the eyes closed, 1 being shut.

    How far the eyes are open counts against the person's own open eyes, so that narrow eyes do not blink all the time.
    """
    openness = timeline.eye_openness.astype(np.float64).mean(axis=1)
    seen = np.isfinite(openness)
    if not seen.any():
        return []
    line, openness = timeline.take(seen), openness[seen]
    closed = np.clip(1 - openness / max(float(np.quantile(openness, OPEN_RANK)), 1e-3), 0, 1)
    found = [episode_of(line, "state", "blink", "both", stretch) for stretch in stretches(line, closed, BLINK)]
    return [episode for episode in found if episode.duration_s <= LONGEST_BLINK_S]


def _side(both: NDArray[np.float64]) -> str:
    """Return which side moved, by the largest values (n, 2) of left and right."""
    left, right = both.max(axis=0)
    if min(left, right) >= _ONE_SIDED * max(left, right):
        return "both"
    return "left" if left > right else "right"

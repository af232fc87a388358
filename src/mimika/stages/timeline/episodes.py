"""When something began, peaked and ended: episodes of expressions and of action units, and blinks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimika.data.episodes import Episode, Findings
from mimika.data.labels import ACTION_UNITS, FERPLUS, SIDED_UNITS
from mimika.data.timeline import Timeline
from mimika.stages.timeline.changes import mixtures, transitions
from mimika.stages.timeline.smooth import centred_mean

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rule:
    """When something counts as an episode.

    It begins once the value reaches `enter`, and lasts from where the value rose above `leave` to where it falls below
    it. Dips shorter than `bridge_s` do not end it; what is shorter than `shortest_s` does not count. Before, values are
    averaged over `calm_s` seconds around each row.
    """

    enter: float
    leave: float
    shortest_s: float
    bridge_s: float
    calm_s: float


EXPRESSION = Rule(enter=0.5, leave=0.35, shortest_s=0.25, bridge_s=0.2, calm_s=0.2)
"""Of probabilities. From 0.5 on no other expression can be more likely."""
UNIT = Rule(enter=1.0, leave=0.5, shortest_s=0.2, bridge_s=0.15, calm_s=0.12)
"""Of intensities 0..5. From 1 on a movement is FACS grade A, a trace that can be coded."""
LID = Rule(enter=2.5, leave=1.5, shortest_s=0.04, bridge_s=0.04, calm_s=0.0)
"""Of AU43: lids close and open faster than anything else in a face, and averaging would lose them."""
BLINK = Rule(enter=0.5, leave=0.35, shortest_s=0.04, bridge_s=0.03, calm_s=0.0)
"""Of the share by which the eyes are closed, against the person's own open eyes."""
LONGEST_BLINK_S = 0.5
"""Eyes that stay shut for longer are closed on purpose, or in sleep."""
_ONE_SIDED = 0.5
"""A unit is of one side where the other reaches less than this share of it."""
_OPEN_RANK = 0.8
"""A person's open eyes: of all rows, so large a share is less open."""


def find(timeline: Timeline) -> Findings:
    """Return all that the face did: episodes of expressions and action units, blinks, transitions, mixed states."""
    episodes = [*expression_episodes(timeline), *unit_episodes(timeline), *blinks(timeline)]
    episodes.sort(key=lambda episode: (episode.onset_s, episode.kind, episode.label))
    return Findings(timeline.face, episodes, transitions(timeline), mixtures(timeline))


def expression_episodes(timeline: Timeline, rule: Rule = EXPRESSION) -> list[Episode]:
    """Return the episodes of every expression but neutral, `peak` being a probability."""
    found = []
    for label in FERPLUS[1:]:
        values = timeline.probabilities[:, FERPLUS.index(label)].astype(np.float64)
        for stretch in stretches(timeline, values, rule):
            found.append(_episode(timeline, "expression", label, "", stretch))
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
            found.append(_episode(line, "action_unit", label, side, stretch))
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
    closed = np.clip(1 - openness / max(float(np.quantile(openness, _OPEN_RANK)), 1e-3), 0, 1)
    found = [_episode(line, "state", "blink", "both", stretch) for stretch in stretches(line, closed, BLINK)]
    return [episode for episode in found if episode.duration_s <= LONGEST_BLINK_S]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows in which a value was high, when exactly it crossed the limit, its calmed values, and its rule."""

    rows: slice
    onset_s: float
    offset_s: float
    values: Values
    enter: float


def stretches(timeline: Timeline, values: Values, rule: Rule) -> Iterator[Stretch]:
    """Yield where `values` (n,) were high by a rule; times are interpolated between rows, absences end a stretch."""
    for piece in timeline.pieces():
        time_s, inside = timeline.time_s[piece], values[piece]
        calm = centred_mean(time_s, inside[:, None], rule.calm_s, timeline.step_s)[:, 0]
        for start, stop in _bridged(time_s, _active(calm, rule), rule.bridge_s):
            onset, offset = _crossing(time_s, calm, start, -1, rule), _crossing(time_s, calm, stop - 1, 1, rule)
            if offset - onset >= rule.shortest_s:
                rows = slice(piece.start + start, piece.start + stop)
                yield Stretch(rows, onset, offset, calm[start:stop], rule.enter)


def _active(values: Values, rule: Rule) -> NDArray[np.bool_]:
    """Return the rows of a stretch: at `enter` or above, and what joins them without falling below `leave`."""
    signs = np.where(values >= rule.enter, 1, np.where(values < rule.leave, -1, 0))
    return (_carried(signs) > 0) | (_carried(signs[::-1])[::-1] > 0)


def _carried(signs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Replace each 0 by what stood before it."""
    return signs[np.maximum.accumulate(np.where(signs != 0, np.arange(len(signs)), 0))]


def _bridged(time_s: Values, active: NDArray[np.bool_], bridge_s: float) -> list[tuple[int, int]]:
    """Return start and end rows of the active stretches, those a short dip apart being joined."""
    padded = np.concatenate([[False], active, [False]])
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    joined: list[tuple[int, int]] = []
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if joined and time_s[start] - time_s[joined[-1][1] - 1] <= bridge_s:
            joined[-1] = joined[-1][0], stop
        else:
            joined.append((start, stop))
    return joined


def _crossing(time_s: Values, values: Values, row: int, way: int, rule: Rule) -> float:
    """Return when the value crossed the lower limit between the stretch's edge and its neighbour outside."""
    beyond = row + way
    if not 0 <= beyond < len(values) or values[beyond] >= values[row]:
        return float(time_s[row])
    share = (values[row] - rule.leave) / (values[row] - values[beyond])
    return float(time_s[row] + np.clip(share, 0, 1) * (time_s[beyond] - time_s[row]))


def _side(both: NDArray[np.float64]) -> str:
    """Return which side moved, by the largest values (n, 2) of left and right."""
    left, right = both.max(axis=0)
    if min(left, right) >= _ONE_SIDED * max(left, right):
        return "both"
    return "left" if left > right else "right"


def _episode(timeline: Timeline, kind: str, label: str, side: str, stretch: Stretch) -> Episode:
    """Describe a stretch; its confidence is the share of its rows above `enter` times how surely the face was seen."""
    apex = int(stretch.values.argmax())
    presence = np.nan_to_num(timeline.presence[stretch.rows]).mean()
    return Episode(
        kind,
        label,
        side,
        onset_s=stretch.onset_s,
        apex_s=float(timeline.time_s[stretch.rows][apex]),
        offset_s=stretch.offset_s,
        peak=float(stretch.values[apex]),
        confidence=float(np.clip((stretch.values >= stretch.enter).mean() * presence, 0, 1)),
        face=timeline.face,
    )

"""Stretches of time in which a value was high, and the episodes made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimika.data.episodes import Episode
from mimika.data.timeline import Timeline
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


BLINK = Rule(enter=0.5, leave=0.35, shortest_s=0.04, bridge_s=0.03, calm_s=0.0)
"""Of the share by which the eyes are closed, against the person's own open eyes."""
LONGEST_BLINK_S = 0.5
"""Eyes that stay shut for longer are closed on purpose, or in sleep."""
OPEN_RANK = 0.8
"""A person's open eyes: of all rows, so large a share is less open."""


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


def episode_of(timeline: Timeline, kind: str, label: str, side: str, stretch: Stretch) -> Episode:
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

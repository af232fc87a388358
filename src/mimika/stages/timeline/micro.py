"""Micro-expressions: movements of 1/25..1/2 s that stand out of what else a face does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimika.data.episodes import Episode
from mimika.data.errors import OptionError
from mimika.data.movements import NAMES, Movements
from mimika.data.timeline import Timeline
from mimika.stages.timeline.micro_signals import calm, dilated, level, sampled, spread_within, tophat, turns
from mimika.stages.timeline.micro_units import PATTERNS, TABLE, UPPER_UNITS, expression, templates

Array = NDArray[np.float64]

LONGEST_S = 0.5
"""What lasts longer is a full expression.

Source: Yan et al., "How fast are the leaked facial expressions", Journal of Nonverbal Behavior 37, 2013.
"""
LOWEST_FPS = 20.0
"""Below, half of all micro-expressions fall between two frames."""
FRAMES = 3.0
"""Of so many frames a movement must be to be told from noise."""
_UPPER = np.array([unit in UPPER_UNITS for unit, _ in PATTERNS])
_SHUT, _BLINK_S = 0.3, 0.1
"""From so far shut eyes on it is a blink, and so long before and after."""
_LIPS = ("lower_lip", "upper_lip_right", "upper_lip_left")
_OPEN_RANK = 0.8
"""A face's eyes are open in so many of its frames, ordered by how open they are."""
_TALK_S = 2.0
"""So long before and after, turns of the lips are counted."""
_RESTLESS_S = 5.0
"""So long before and after, it is judged how restless a face is."""
_ALSO = 0.85
"""Units whose pattern is there to this share of the strongest are named too."""


@dataclass(frozen=True, slots=True)
class MicroRule:
    """When a movement counts; the values shipped were fitted on made films, see `docs/results/micro.json`.

    `enter`: times its own noise that a movement must reach. `best`: of so many patterns the strength is the quadratic
    mean. `noise_px`: no noise of a region is taken to be smaller, pixels of a face 150 px wide. `brief`: share that it
    must have of all that its pattern does in the second around. `head`: by how much head motion of 1 px in half a
    second raises the noise, `busy`: by how much other movement of the face does, for each multiple of the noise.
    `busy_s`: so many seconds before and after count. `spread`: the onset lies so many half rises before the apex, the
    offset likewise after it. `calm_s`: standard deviation of the low pass. `around_s`: seconds before and after in
    which noise is judged, by its quantile of `rank`. `largest_px`: what moves farther is no micro-expression.
    `talk`: where the lips turn so often within two seconds before and after, by `talk_px` each time, the mouth does not
    count. `lively`: where the strongest pattern does more than so many times the tracking's noise within a second, in
    the median of the five seconds before and after, the face is restless and a movement must be as many times stronger.
    """

    enter: float = 4.5
    best: int = 1
    noise_px: float = 0.03
    brief: float = 0.6
    head: float = 1.0
    busy: float = 0.01
    busy_s: float = 0.0
    rank: float = 0.75
    largest_px: float = 2.0
    talk: int = 5
    talk_px: float = 0.3
    spread: float = 1.9
    calm_s: float = 0.03
    around_s: float = 1.0
    lively: float = 35.0


@dataclass(frozen=True, slots=True)
class MicroExpression:
    """A micro-expression: the `episode` (label: its most likely expression) and the `units` that moved.

    Units stand strongest first. The episode's `peak` is in pixels of a face 150 px wide, its `confidence` 0.5 for
    what just reached the threshold.
    """

    episode: Episode
    units: tuple[str, ...]
    strength: float


def visible_from_s(movements: Movements) -> float:
    """Return how long a movement must last to be told from noise at this frame rate, seconds."""
    return FRAMES * movements.step_s


def movements_of(timeline: Timeline) -> Movements | None:
    """Return the fine movements of a face, None where they were not followed, or in fewer than two frames."""
    if timeline.movement is None:
        return None
    rows = np.flatnonzero(np.isfinite(timeline.movement).all(axis=1))
    rows = rows[np.flatnonzero(np.diff(timeline.time_s[rows], prepend=-np.inf) > 0)]
    if len(rows) < 2:
        return None
    opened = timeline.eye_openness[rows].mean(axis=1)
    usual = float(np.nanquantile(opened, _OPEN_RANK)) if np.isfinite(opened).any() else 1.0
    return Movements(
        timeline.time_s[rows],
        timeline.movement[rows, :-3].reshape(len(rows), len(NAMES), 2),
        timeline.movement[rows, -3:],
        np.clip(np.nan_to_num(1 - opened / max(usual, 1e-3)), 0, 1),
        timeline.face,
    )


def spot(movements: Movements, rule: MicroRule | None = None) -> list[MicroExpression]:
    """Return the micro-expressions of one face, in the order of time.

    The regions are matched with the pattern of each action unit. The white top-hat over half a second keeps what comes
    and goes within it. The measure is the noise of the same signal, of the whole recording or of the seconds around,
    whichever is larger: who talks has much noise at the mouth. Head motion and large movements raise it. While the eyes
    are shut, brows and cheeks do not count.

    Raises:
        OptionError: if there are fewer than 20 frames/s.

    Source: white top-hat by Meyer, "Contrast features extraction", 1978, here along time.
    """
    if len(movements) < 2:
        return []
    if movements.step_s > 1.01 / LOWEST_FPS:
        rate = 1 / movements.step_s
        raise OptionError(
            f"micro-expressions need {LOWEST_FPS:g} frames/s or more, received {rate:.1f}: too low to tell"
        )
    used, found = rule if rule is not None else MicroRule(), []
    for piece in movements.pieces():
        if movements.time_s[piece][-1] - movements.time_s[piece][0] > 2 * LONGEST_S:
            found += list(_spot(_Signals.of(movements, piece, used), used, movements.face))
    return found


@dataclass(frozen=True, slots=True)
class _Signals:
    """Evenly sampled signals (n, p) of the `PATTERNS`, in multiples of the tracking's noise, at `time_s` (n,).

    `brief` comes and goes within half a second; `around` is from the lowest to the highest value of the second around;
    `noise` is that of `brief`; `clear` is False where a blink hides it. `pixels` (p,) is how far a strength of 1 moves
    the region that moves most.
    """

    time_s: Array
    brief: Array
    around: Array
    noise: Array
    clear: NDArray[np.bool_]
    pixels: Array

    @classmethod
    def of(cls, movements: Movements, piece: slice, rule: MicroRule) -> _Signals:
        step = movements.step_s
        times = movements.time_s[piece]
        even = np.arange(times[0], times[-1] + step / 2, step)
        flat = movements.regions[piece].reshape(len(times), -1)
        values = calm(sampled(even, times, flat), rule.calm_s / step)
        matched, pixels = _matched(values, step, rule)
        brief, around = tophat(matched, LONGEST_S / step), spread_within(matched, 2 * LONGEST_S / step)
        head = calm(sampled(even, times, movements.head[piece]), rule.calm_s / step)
        nods = tophat(np.concatenate([head, -head], axis=1), LONGEST_S / step).max(axis=1)
        noise = np.maximum(level(brief, 0.5, even, 0), level(brief, rule.rank, even, rule.around_s))
        busy = dilated((around - brief).max(axis=1)[:, None], rule.busy_s / step)[:, 0]
        restless = level(around.max(axis=1)[:, None], 0.5, even, _RESTLESS_S)[:, 0] / rule.lively
        noise = np.maximum(noise, 1.0) * ((1 + rule.head * nods + rule.busy * busy) * np.maximum(restless, 1))[:, None]
        shut = sampled(even, times, movements.closed[piece][:, None])[:, 0] > _SHUT
        blinking = dilated(shut[:, None].astype(np.float64), _BLINK_S / step)[:, 0] > 0
        hidden = (blinking[:, None] & _UPPER[None]) | (_talking(values, step, rule)[:, None] & ~_UPPER[None])
        return cls(even, brief, around, noise, ~hidden, pixels)


def _matched(values: Array, step: float, rule: MicroRule) -> tuple[Array, Array]:
    """Return how strongly each pattern is there, (n, p), regions that are followed badly counting less; and pixels."""
    brief = (tophat(values, LONGEST_S / step) + tophat(-values, LONGEST_S / step)) / 2
    noise = np.maximum(np.median(brief, axis=0), rule.noise_px)
    shapes = templates().reshape(len(PATTERNS), -1) / noise
    lengths = np.linalg.norm(shapes, axis=1)
    return np.asarray((values / noise) @ (shapes / lengths[:, None]).T), 1 / lengths


def _talking(values: Array, step: float, rule: MicroRule) -> NDArray[np.bool_]:
    """Return in which rows the lips open and close again and again in the seconds around."""
    lips = values.reshape(len(values), len(NAMES), 2)[:, [NAMES.index(name) for name in _LIPS], 1]
    turned = np.zeros(len(values))
    turned[turns((lips[:, 0] - lips[:, 1:].mean(axis=1)).tolist(), rule.talk_px)] = 1
    total, reach = np.concatenate([[0.0], np.cumsum(turned)]), round(_TALK_S / step)
    rows = np.arange(len(values))
    count = total[np.minimum(rows + reach + 1, len(values))] - total[np.maximum(rows - reach, 0)]
    return np.asarray(count >= rule.talk, np.bool_)


def _spot(signals: _Signals, rule: MicroRule, face: int) -> Iterator[MicroExpression]:
    passed = signals.brief >= rule.brief * signals.around
    share = np.where(signals.clear & passed, signals.brief / signals.noise, 0)
    best = np.sort(share, axis=1)[:, -rule.best :]
    strength = np.sqrt((best**2).mean(axis=1))
    free = strength.copy()
    while free.max(initial=0) >= rule.enter:
        apex = int(free.argmax())
        found, rows = _described(signals, share[apex], strength, apex, rule, face)
        free[rows] = 0
        if found is not None:
            yield found


def _described(
    signals: _Signals, share: Array, strength: Array, apex: int, rule: MicroRule, face: int
) -> tuple[MicroExpression | None, slice]:
    """Return the movement around an apex, None if it is too short or too long, and the rows it takes up."""
    part = share * (share >= 0.7 * share.max())
    course = (signals.brief / signals.noise[apex]) @ part
    half = course[apex] / 2
    start, stop = _crossing(course, apex, -1, half), _crossing(course, apex, 1, half)
    step = signals.time_s[1] - signals.time_s[0]
    reach = round(LONGEST_S / 2 / step)
    rows = slice(max(0, min(int(start), apex - reach)), max(int(stop), apex + reach) + 1)
    onset = max(apex - rule.spread * (apex - start), 0.0)
    offset = min(apex + rule.spread * (stop - apex), len(course) - 1.0)
    first, top = float(signals.time_s[0]), int(share.argmax())
    peak = float(signals.brief[apex, top] * signals.pixels[top])
    if not 2 <= offset - onset <= 1.3 * LONGEST_S / step or peak > rule.largest_px:
        return None, rows
    units, side = _units(share)
    episode = Episode(
        "micro",
        expression(units),
        side,
        onset_s=first + onset * step,
        apex_s=first + apex * step,
        offset_s=first + offset * step,
        peak=peak,
        confidence=float(strength[apex] / (strength[apex] + rule.enter)),
        face=face,
    )
    return MicroExpression(episode, units, float(strength[apex])), rows


def _crossing(course: Array, apex: int, way: int, limit: float) -> float:
    """Return where the course falls below a limit on one side of the apex, between rows."""
    row = apex
    while 0 <= row + way < len(course) and course[row + way] >= limit:
        row += way
    beyond = row + way
    if not 0 <= beyond < len(course):
        return float(row)
    return row + way * float((course[row] - limit) / max(course[row] - course[beyond], 1e-9))


def _units(share: Array) -> tuple[tuple[str, ...], str]:
    """Return the units whose patterns are there, strongest first, and the side on which the first one acts."""
    sizes = dict.fromkeys(TABLE, 0.0)
    for (unit, _), size in zip(PATTERNS, share.tolist(), strict=True):
        sizes[unit] = max(sizes[unit], size)
    order = sorted(sizes, key=lambda unit: -sizes[unit])
    found = tuple(unit for unit in order if sizes[unit] >= _ALSO * sizes[order[0]])
    own = {side: size for (unit, side), size in zip(PATTERNS, share.tolist(), strict=True) if unit == found[0]}
    if "both" not in own:
        return found, ""
    weaker, stronger = sorted((own["left"], own["right"]))
    if weaker >= 0.5 * stronger:
        return found, "both"
    return found, "left" if own["left"] > own["right"] else "right"

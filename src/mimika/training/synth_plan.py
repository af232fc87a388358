"""What a made face does and when: micro-expressions, and the blinks, expressions and head motion that hide them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import OptionError
from mimika.data.labels import ACTION_UNITS, SIDED_UNITS

Array = NDArray[np.float64]

MICRO_UNITS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("happiness", ("AU6", "AU12")),
    ("happiness", ("AU12",)),
    ("surprise", ("AU1", "AU2")),
    ("surprise", ("AU2",)),
    ("anger", ("AU4",)),
    ("disgust", ("AU9",)),
    ("disgust", ("AU10",)),
    ("sadness", ("AU1",)),
    ("sadness", ("AU15",)),
    ("sadness", ("AU17",)),
    ("fear", ("AU20",)),
    ("contempt", ("AU14",)),
)
"""Units of micro-expressions with the expression they belong to.

Source: the units most often coded in Davison et al., "SAMM: a spontaneous micro-facial movement dataset", IEEE
Transactions on Affective Computing 9, 2018, and Qu et al., "CAS(ME)²", ibid., 2018.
"""
MACRO_UNITS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("happiness", ("AU6", "AU12", "AU25")),
    ("surprise", ("AU1", "AU2", "AU5", "AU26")),
    ("anger", ("AU4", "AU7", "AU24")),
    ("disgust", ("AU9", "AU10", "AU17")),
    ("sadness", ("AU1", "AU4", "AU15")),
)
MICRO_S, MICRO_PX = (0.08, 0.5), (0.3, 1.5)
"""Seconds that a micro-expression lasts, and its largest displacement at a face `FACE_PX` wide, in pixels."""
FACE_PX = 150.0
_APART_S = 0.35
"""Between two movements, so that each has a beginning of its own."""
_TRIES = 200


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement of the face, the line of a truth table.

    `kind`: micro, macro or blink; `label`: the expression it belongs to, "" of a blink; `units` and `side` (left,
    right, both: the subject's own). It rises from `onset_s` to `apex_s`, holds for `hold_s`, is gone at `offset_s`.
    `amplitude_px`: how far the point that moves most moves, at a face 150 px wide.
    """

    kind: str
    label: str
    units: tuple[str, ...]
    side: str
    onset_s: float
    apex_s: float
    offset_s: float
    amplitude_px: float
    hold_s: float = 0.0

    def course(self, time_s: Array) -> Array:
        """Return how much of the movement there is at some times (n,), 0..1, with smooth beginnings and ends."""
        fall = self.apex_s + self.hold_s
        up = _smooth((time_s - self.onset_s) / max(self.apex_s - self.onset_s, 1e-6))
        down = _smooth((time_s - fall) / max(self.offset_s - fall, 1e-6))
        return np.asarray(up - down)

    def directions(self) -> Array:
        """Return (23, 2) the units that take part, 1 where one does."""
        found = np.zeros((len(ACTION_UNITS), 2))
        for unit in self.units:
            sides = (
                (0, 1) if self.side == "both" or unit not in SIDED_UNITS else ((0,) if self.side == "left" else (1,))
            )
            found[ACTION_UNITS.index(unit), list(sides)] = 1
        return found


@dataclass(frozen=True, slots=True)
class Recipe:
    """How many movements a film of `seconds` has, and how much else moves.

    `micro`, `macro`, `blinks`: how many of each; `head`: 0 for a still head, 1 for someone who sits and watches.

    Raises:
        OptionError: if the film is too short or too long, or a number is out of range.
    """

    seconds: float = 6.0
    micro: int = 3
    macro: int = 1
    blinks: int = 1
    head: float = 1.0

    def __post_init__(self) -> None:
        limits = {"seconds": (1, 600), "micro": (0, 300), "macro": (0, 100), "blinks": (0, 300), "head": (0, 5)}
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise OptionError(f"{name}: expected {low}..{high}, received {getattr(self, name)}")


def plan(recipe: Recipe, random: np.random.Generator) -> list[Movement]:
    """Draw the movements of a film, in the order of time, none overlapping another.

    Raises:
        OptionError: if so many do not fit.
    """
    for _ in range(_TRIES):
        drawn = [_macro(random) for _ in range(recipe.macro)]
        drawn += [_micro(random) for _ in range(recipe.micro)]
        drawn += [_blink(random) for _ in range(recipe.blinks)]
        placed = _placed(drawn, recipe.seconds, random)
        if placed is not None:
            return placed
    count = recipe.macro + recipe.micro + recipe.blinks
    raise OptionError(f"seconds: {count} movements do not fit into {recipe.seconds:g} s; ask for fewer, or longer")


def intensities(movements: Sequence[Movement], strengths: Array, time_s: Array) -> Array:
    """Return (n, 23, 2) the units 0..5 at some times; `strengths` (m,) is each movement's intensity at its apex."""
    found = np.zeros((len(time_s), len(ACTION_UNITS), 2))
    for movement, strength in zip(movements, strengths, strict=True):
        found += strength * movement.course(time_s)[:, None, None] * movement.directions()
    return np.clip(found, 0, 5)


def head_motion(time_s: Array, amount: float, random: np.random.Generator) -> Array:
    """Return (n, 5) pitch, yaw, roll in degrees, x and y in face widths: slow turns and a little tremor."""
    found = np.zeros((len(time_s), 5))
    sizes = np.array([1.6, 2.4, 1.2, 0.012, 0.008]) * amount
    for column, size in enumerate(sizes):
        for rate, share in ((random.uniform(0.08, 0.3), 1.0), (random.uniform(0.4, 0.9), 0.25), (3.0, 0.01)):
            found[:, column] += size * share * np.sin(2 * np.pi * (rate * time_s + random.uniform()))
    return found


def _smooth(share: Array) -> Array:
    inside = np.clip(share, 0, 1)
    return np.asarray((1 - np.cos(np.pi * inside)) / 2)


def _micro(random: np.random.Generator) -> Movement:
    label, units = MICRO_UNITS[random.integers(len(MICRO_UNITS))]
    alone = label == "contempt" or (random.uniform() < 0.2 and set(units) <= set(SIDED_UNITS))
    side = ("left", "right")[random.integers(2)] if alone else "both"
    length = random.uniform(*MICRO_S)
    apex, hold = length * random.uniform(0.3, 0.5), length * random.uniform(0, 0.15)
    return Movement("micro", label, units, side, 0.0, apex, length, random.uniform(*MICRO_PX), hold)


def _macro(random: np.random.Generator) -> Movement:
    label, units = MACRO_UNITS[random.integers(len(MACRO_UNITS))]
    rise, hold, fall = random.uniform(0.25, 0.6), random.uniform(0.3, 1.0), random.uniform(0.35, 0.8)
    return Movement("macro", label, units, "both", 0.0, rise, rise + hold + fall, random.uniform(4, 9), hold)


def _blink(random: np.random.Generator) -> Movement:
    length = random.uniform(0.16, 0.32)
    return Movement("blink", "", ("AU43",), "both", 0.0, 0.35 * length, length, 0.0, 0.1 * length)


def _placed(drawn: Sequence[Movement], seconds: float, random: np.random.Generator) -> list[Movement] | None:
    """Share out the free time between the movements at random; None where there is not enough."""
    order = random.permutation(len(drawn))
    free = seconds - _APART_S * (len(drawn) + 1) - sum(movement.offset_s for movement in drawn)
    if free < 0:
        return None
    gaps = np.diff(np.sort(np.concatenate([[0.0], random.uniform(0, free, len(drawn))])))
    found, now = [], 0.0
    for index, gap in zip(order.tolist(), gaps.tolist(), strict=True):
        now += _APART_S + gap
        found.append(_shifted(drawn[index], now))
        now = found[-1].offset_s
    return found


def _shifted(movement: Movement, by: float) -> Movement:
    times = (movement.onset_s + by, movement.apex_s + by, movement.offset_s + by)
    return Movement(
        movement.kind, movement.label, movement.units, movement.side, *times, movement.amplitude_px, movement.hold_s
    )

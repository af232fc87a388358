"""Action units as FACS coders write them: a name for each side, letters A to E, one code a face, how one-sided.

Source: Ekman, Friesen, Hager, "Facial Action Coding System: the manual", 2002: letters, L and R before a unit of one
side, and 0 for a face that does nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.data.labels import ACTION_UNITS, SIDED_UNITS

LETTERS = ("", "A", "B", "C", "D", "E")
"""No trace at all, then trace, slight, marked, severe, maximum."""
NO_UNIT = "0"
"""The code of a face in which no unit reaches a trace."""

UNIT_PLACES: dict[str, tuple[int, int]] = {
    name: (row, side)
    for row, unit in enumerate(ACTION_UNITS)
    for side, name in enumerate((f"{unit}_l", f"{unit}_r") if unit in SIDED_UNITS else (unit,))
}
"""Row and side of each name in (23, 2) units: "AU12_l" and "AU12_r", the subject's own sides, "AU25" without sides."""
_ROWS, _COLUMNS = (np.array(places, np.intp) for places in zip(*UNIT_PLACES.values(), strict=True))
_SIDED = np.array([ACTION_UNITS.index(unit) for unit in SIDED_UNITS], np.intp)
_MARKS, _NUMBERS = ("L", "R"), [unit.removeprefix("AU") for unit in ACTION_UNITS]
_LETTERS = np.array(LETTERS)


def letters(intensities: Floats) -> NDArray[np.str_]:
    """Return the FACS letters of intensities 0..5: "" below 0.5, then A, B, C, D, E by rounding; NaN gives ""."""
    return _LETTERS[_grades(intensities)]


def asymmetry(units: Floats) -> NDArray[np.float32]:
    """Return (n, 23) how one-sided each unit of (n, 23, 2) is, -1..1: + where the subject's left is stronger.

    The difference of the sides over the stronger one, or over 1 where both are weaker than that, so that traces do not
    count as one-sided. 0 for units without sides, NaN where nothing was measured.
    """
    values = np.asarray(units, np.float32)
    return np.asarray((values[..., 0] - values[..., 1]) / np.maximum(values.max(axis=-1), 1.0), np.float32)


def mean_asymmetry(units: Floats, seconds: Floats, least: float = 1.0) -> NDArray[np.float64]:
    """Return (23,) the mean asymmetry of each unit of (n, 23, 2) while it acted, NaN where it never did.

    A unit acts where its stronger side reaches `least`; `seconds` (n,) is how long each row lasted.
    """
    values = np.asarray(units, np.float64)
    acted = np.nan_to_num(values.max(axis=-1)) >= least
    weights = np.where(acted, np.asarray(seconds, np.float64)[:, None] + 1e-9, 0.0)
    whole = weights.sum(axis=0)
    sums = (weights * np.where(acted, asymmetry(units), 0)).sum(axis=0)
    return np.where(whole > 0, sums / np.where(whole > 0, whole, 1), np.nan)


def by_name(units: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return a column (n,) a name of `UNIT_PLACES` from (n, 23, 2) units, or from anything that has their shape."""
    return dict(zip(UNIT_PLACES, units[:, _ROWS, _COLUMNS].T, strict=True))


def sides_of(units: Floats) -> dict[str, NDArray[np.float32]]:
    """Return a column (n,) of `asymmetry` for each unit that has sides, by its name, from (n, 23, 2) units."""
    return dict(zip(SIDED_UNITS, asymmetry(units)[:, _SIDED].T, strict=True))


def codes(units: Floats) -> list[str | None]:
    """Return the FACS code of each face of (n, 23, 2) units, None where they were not measured.

    Units that reach a trace in the order of their numbers, with letters: "6B+L12D+R12C+25A". L and R, the subject's
    own sides, stand where the letters of the sides differ; "0" is a face without any unit.

    >>> codes(np.zeros((1, 23, 2)))
    ['0']
    """
    values = np.asarray(units, np.float32)
    measured = np.asarray(np.isfinite(values).all(axis=(1, 2)), np.bool_)
    return [_code(face) if known else None for face, known in zip(_grades(values), measured, strict=True)]


def _grades(intensities: Floats) -> NDArray[np.intp]:
    """Return places in `LETTERS`."""
    steps = np.floor(np.nan_to_num(np.asarray(intensities, np.float32)) + np.float32(0.5))
    return np.asarray(np.clip(steps, 0, len(LETTERS) - 1), np.intp)


def _code(grades: NDArray[np.intp]) -> str:
    parts = []
    for unit in np.flatnonzero(grades.any(axis=1)).tolist():
        left, right = grades[unit].tolist()
        sides = [("", left)] if left == right else zip(_MARKS, (left, right), strict=True)
        parts += [f"{mark}{_NUMBERS[unit]}{LETTERS[grade]}" for mark, grade in sides if grade]
    return "+".join(parts) or NO_UNIT

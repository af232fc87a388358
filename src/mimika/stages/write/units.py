"""What the action units are called, and in which unit an episode's peak is.

Source: Ekman, Friesen, Hager, "Facial Action Coding System: the manual", 2002.
"""

from __future__ import annotations

import math

import numpy as np

from mimika.data.episodes import Episode
from mimika.data.facs import letters

UNIT_NAMES = {
    "AU1": "Inner Brow Raiser", "AU2": "Outer Brow Raiser", "AU4": "Brow Lowerer", "AU5": "Upper Lid Raiser",
    "AU6": "Cheek Raiser", "AU7": "Lid Tightener", "AU9": "Nose Wrinkler", "AU10": "Upper Lip Raiser",
    "AU12": "Lip Corner Puller", "AU14": "Dimpler", "AU15": "Lip Corner Depressor", "AU16": "Lower Lip Depressor",
    "AU17": "Chin Raiser", "AU18": "Lip Puckerer", "AU20": "Lip Stretcher", "AU22": "Lip Funneler",
    "AU23": "Lip Tightener", "AU24": "Lip Pressor", "AU25": "Lips Part", "AU26": "Jaw Drop", "AU27": "Mouth Stretch",
    "AU28": "Lip Suck", "AU43": "Eyes Closed",
}  # fmt: skip
_EVEN = 0.1
"""Sides that differ by less than this share of the stronger one are called even."""


def graded(intensity: float) -> str:
    """Return an intensity 0..5 with its FACS letter: "3.2 C", "0.3" below a trace.

    One digit after the point, cut where rounding would reach the next letter: 4.47 is "4.4 D".
    """
    exact, rounded = letters(np.array([intensity, round(intensity, 1)])).tolist()
    shown = round(intensity, 1) if exact == rounded else math.floor(10 * intensity) / 10
    return f"{shown:.1f} {exact}".rstrip()


def leaning(asymmetry: float) -> str:
    """Return an asymmetry -1..1 in words: "left 0.42", "even" where neither side is stronger, "" where it is NaN."""
    if not math.isfinite(asymmetry):
        return ""
    if abs(asymmetry) < _EVEN:
        return "even"
    return f"{'left' if asymmetry > 0 else 'right'} {abs(asymmetry):.2f}"


def peak_of(episode: Episode) -> str:
    """Return an episode's peak: intensity and FACS letter of an action unit, per cent for shares, else the number.

    That of a micro-expression is how far the skin moved, in pixels of a face 150 px wide.
    """
    if episode.kind == "action_unit":
        return graded(episode.peak)
    if episode.kind == "micro":
        return f"{episode.peak:.2f} px"
    if episode.peak > 1:
        return f"{episode.peak:.1f}"
    return f"{100 * episode.peak:.0f} %"

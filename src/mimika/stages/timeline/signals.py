"""What a rule may look at: the indicators, and what is measured of a face in one frame."""

from __future__ import annotations

import math

from mimika.data.indicators import INDICATOR_NAMES
from mimika.data.labels import ACTION_UNITS, FERPLUS
from mimika.data.observation import Observation

_ANGLES = ("pitch", "yaw", "roll")
_EYES = ("eye_openness", "gaze_yaw", "gaze_pitch")
_SHOWN = ("confidence", "valence", "arousal")
_CHANCES = tuple(f"p_{name}" for name in FERPLUS)

SIGNALS = (*INDICATOR_NAMES, *_CHANCES, *_SHOWN, *_ANGLES, *_EYES, *ACTION_UNITS)
"""The names of all signals: units as in the table; action units 0..5, the stronger side; eyes the mean of both."""


def signal(observation: Observation, row: int, name: str) -> float:
    """Return the value of a signal of one face, NaN where it is not known."""
    measured, shown = observation.measurements, observation.expressions
    if name in INDICATOR_NAMES:
        return float(observation.indicators[row, INDICATOR_NAMES.index(name)])
    if name in _CHANCES:
        return float(shown.probabilities[row, _CHANCES.index(name)])
    if name in _ANGLES:
        return float(measured.angles[row, _ANGLES.index(name)])
    if name in ACTION_UNITS:
        return float(measured.action_units[row, ACTION_UNITS.index(name)].max())
    if name == "confidence":
        return float(shown.confidences[row])
    if name in _SHOWN:
        return float((shown.valence if name == "valence" else shown.arousal)[row])
    if name == "eye_openness":
        return float(measured.eye_openness[row].mean())
    return float(measured.gaze[row, _EYES.index(name) - 1]) if name in _EYES else math.nan

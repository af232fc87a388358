"""The indicators: what is told of a face over time, beyond what one frame shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator: its column, unit and meaning; `digits` after the point are written, `units` says if it needs AUs.

    None of them is a diagnosis. Formulas, windows and sources stand in `docs/reference/indicators.md` and beside the
    code in `stages/timeline/`.
    """

    name: str
    unit: str
    meaning: str
    digits: int = 3
    units: bool = False


INDICATORS = (
    Indicator("blink_rate", "a minute", "blinks in the last 60 s; empty below 8 frames/s", 1),
    Indicator("blink_s", "seconds", "mean length of the blinks in the last 60 s"),
    Indicator("perclos", "0..1", "share of the last 60 s with eyes at least 80 % closed"),
    Indicator("eyes_closed_s", "seconds", "for how long the eyes have been closed by now"),
    Indicator("yawns", "count", "yawns in the last 300 s", 0, units=True),
    Indicator("drowsiness", "0..1", "lids: PERCLOS, long closures, slow blinks; yawns where action units are measured"),
    Indicator("looking_away_s", "seconds", "for how long head and eyes have pointed away from the usual direction"),
    Indicator("attention", "0..1", "share of the last 10 s of looking ahead, times the steadiness of the head"),
    Indicator("engagement", "0..1", "attention, and activity, variety and valence of the face in the last 30 s"),
    Indicator("confusion", "0..1", "lowered brows and tightened lids with a still head, last 3 s", units=True),
    Indicator("boredom", "0..1", "an inactive face, drooping lids or head, and looking away, last 30 s"),
    Indicator("tension", "0..1", "lowered brows and tight or pressed lips, last 30 s", units=True),
    Indicator("frustration", "0..1", "lowered brows, dimples or tight lips with a hostile look, last 5 s", units=True),
)
"""All indicators in the order of their columns."""

INDICATOR_NAMES = tuple(indicator.name for indicator in INDICATORS)

"""A whole recording of one face in a few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.episodes import Episode, Findings
from mimika.data.facs import letters, mean_asymmetry
from mimika.data.labels import ACTION_UNITS, FERPLUS, SIDED_UNITS, UNSURE
from mimika.data.timeline import Timeline
from mimika.stages.timeline.episodes import UNIT


def summary(timeline: Timeline, findings: Findings) -> dict[str, Any]:
    """Return plain numbers, ready for JSON; means and shares are over the time in which the face was seen.

    `seconds` is that time, `from_s` and `to_s` its ends; `labels` the share of each label and `expressions` the mean
    probability of each expression; `episodes` count, total and longest seconds and highest peak by expression, with a
    rate a minute; `action_units` the mean, the highest value with its FACS letter, and the share of time from 1 on, of
    the stronger side, and the mean `asymmetry` of that time, + to the subject's left, None without sides; `blinks`
    their number, rate and mean length, None where eyes were not measured; `pose` mean and
    standard deviation in degrees.
    """
    weights = timeline.seconds()
    seconds = float(weights.sum())
    shares = weights / seconds if seconds > 0 else np.full(len(weights), 1 / max(len(weights), 1))
    minutes = seconds / 60
    labels = np.array(timeline.labels, dtype=object)
    expressions = [episode for episode in findings.episodes if episode.kind == "expression"]
    return {
        "face": timeline.face,
        "source": timeline.source,
        "frames": len(timeline),
        "seconds": round(seconds, 3),
        "from_s": round(float(timeline.time_s[0]), 3) if len(timeline) else None,
        "to_s": round(float(timeline.time_s[-1]), 3) if len(timeline) else None,
        "labels": {name: _round(shares[labels == name].sum()) for name in (*FERPLUS, UNSURE)},
        "expressions": dict(zip(FERPLUS, map(_round, shares @ timeline.probabilities), strict=True)),
        "episodes": {
            name: _episodes([episode for episode in expressions if episode.label == name], minutes)
            for name in FERPLUS[1:]
        },
        "episodes_per_minute": _rate(len(expressions), minutes),
        "transitions": len(findings.transitions),
        "transitions_per_minute": _rate(len(findings.transitions), minutes),
        "mixtures": len(findings.mixtures),
        "mixed_seconds": _round(sum(mixture.duration_s for mixture in findings.mixtures)),
        "action_units": _units(timeline.action_units, shares),
        "blinks": _blinks(timeline, findings, minutes),
        "pose": _pose(timeline.angles, shares),
    }


def _episodes(episodes: Sequence[Episode], minutes: float) -> dict[str, Any]:
    return {
        "count": len(episodes),
        "per_minute": _rate(len(episodes), minutes),
        "seconds": _round(sum(episode.duration_s for episode in episodes)),
        "longest_s": _round(max((episode.duration_s for episode in episodes), default=0.0)),
        "peak": _round(max((episode.peak for episode in episodes), default=0.0)),
    }


def _units(both: NDArray[np.float32], shares: NDArray[np.float64]) -> dict[str, Any]:
    """Return what each unit did, {} where none was measured; rows without a measurement are left out."""
    seen = np.isfinite(both).all(axis=(1, 2))
    if not seen.any():
        return {}
    values = both[seen].max(axis=2).astype(np.float64)
    weights = shares[seen] / max(shares[seen].sum(), 1e-12)
    peaks, leans = values.max(axis=0), mean_asymmetry(both[seen], weights, UNIT.enter)
    return {
        name: {
            "mean": _round(weights @ values[:, column]),
            "peak": _round(peaks[column]),
            "letter": str(letters(peaks)[column]),
            "share": _round(weights @ (values[:, column] >= UNIT.enter)),
            "asymmetry": _round(leans[column]) if name in SIDED_UNITS and np.isfinite(leans[column]) else None,
        }
        for column, name in enumerate(ACTION_UNITS)
    }


def _blinks(timeline: Timeline, findings: Findings, minutes: float) -> dict[str, Any] | None:
    if not np.isfinite(timeline.eye_openness).any():
        return None
    blinks = [episode for episode in findings.episodes if episode.label == "blink"]
    mean = sum(blink.duration_s for blink in blinks) / len(blinks) if blinks else None
    return {"count": len(blinks), "per_minute": _rate(len(blinks), minutes), "mean_s": mean and _round(mean)}


def _pose(angles: NDArray[np.float32], shares: NDArray[np.float64]) -> dict[str, Any]:
    mean = shares @ angles
    spread = np.sqrt(np.maximum(shares @ (angles - mean) ** 2, 0))
    return {
        name: {"mean": round(float(mean[axis]), 2), "sd": round(float(spread[axis]), 2)}
        for axis, name in enumerate(("pitch", "yaw", "roll"))
    }


def _rate(count: int, minutes: float) -> float | None:
    return round(count / minutes, 2) if minutes > 0 else None


def _round(value: Any) -> float:
    return round(float(value), 4)

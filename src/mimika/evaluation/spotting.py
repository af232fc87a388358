"""The protocol of the Micro-Expression Grand Challenge: intervals found against intervals annotated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

POLARITY = {
    "happiness": "positive", "happy": "positive", "joy": "positive", "positive": "positive",
    "surprise": "surprise", "surprised": "surprise",
    "sadness": "negative", "anger": "negative", "disgust": "negative", "fear": "negative", "contempt": "negative",
    "sad": "negative", "angry": "negative", "negative": "negative", "helpless": "negative", "pain": "negative",
}  # fmt: skip
"""The classes in which the Grand Challenge compares data sets that name emotions differently."""
IOU = 0.5


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a video, annotated or found.

    `onset` and `offset` are frame numbers from 0, both inside; `kind`: micro, macro or blink; `label`: its expression,
    "" where none is given; `units` action units.
    """

    video: str
    kind: str
    onset: int
    apex: int
    offset: int
    label: str = ""
    units: tuple[str, ...] = ()
    amplitude_px: float = 0.0


def iou(one: Event, other: Event) -> float:
    """Return shared frames over all frames of two events, 0..1."""
    shared = min(one.offset, other.offset) - max(one.onset, other.onset) + 1
    together = max(one.offset, other.offset) - min(one.onset, other.onset) + 1
    return max(0.0, shared / together)


def pairs(truth: Sequence[Event], found: Sequence[Event]) -> list[tuple[int, int]]:
    """Return (row of truth, row of found) that overlap by `IOU` or more, each used once, the closest pairs first."""
    close = [
        (iou(one, other), row, column)
        for row, one in enumerate(truth)
        for column, other in enumerate(found)
        if one.video == other.video and iou(one, other) >= IOU
    ]
    used_rows: set[int] = set()
    used_columns: set[int] = set()
    chosen = []
    for _, row, column in sorted(close, key=lambda item: (-item[0], item[1:])):
        if row not in used_rows and column not in used_columns:
            chosen.append((row, column))
            used_rows.add(row)
            used_columns.add(column)
    return sorted(chosen)


def score(truth: Sequence[Event], found: Sequence[Event], seconds: float | None = None) -> dict[str, Any]:
    """Score the micro-expressions found in some videos.

    Events of other kinds in `truth` count as nothing: what is found there is a false alarm. Returns `precision`,
    `recall`, `f1`; `strs` and `recognition_f1`, the unweighted mean F1 of negative, positive and surprise among the
    events spotted, None where the truth names no expression; and with `seconds` of video `false_alarms_a_minute`.

    Source: Li et al., "MEGC2022: ACM Multimedia 2022 micro-expression grand challenge"; STRS by Liong, See, Chan,
    "Spot-then-recognize: a micro-expression analysis network for seamless evaluation of long videos", 2023.
    """
    wanted = [event for event in truth if event.kind == "micro"]
    matched = pairs(wanted, found)
    hits = len(matched)
    f1 = 2 * hits / (len(wanted) + len(found)) if wanted or found else 0.0
    recognition = recognition_f1([(wanted[row].label, found[column].label) for row, column in matched])
    result: dict[str, Any] = {
        "annotated": len(wanted),
        "found": len(found),
        "true_positives": hits,
        "precision": hits / len(found) if found else 0.0,
        "recall": hits / len(wanted) if wanted else 0.0,
        "f1": f1,
        "recognition_f1": recognition,
        "strs": None if recognition is None else f1 * recognition,
        "false_alarms": {"all": len(found) - hits} | _alarms(truth, found, matched, wanted),
    }
    if seconds:
        result["seconds"] = seconds
        result["false_alarms_a_minute"] = 60 * (len(found) - hits) / seconds
    return result


def recognition_f1(labels: Sequence[tuple[str, str]]) -> float | None:
    """Return the unweighted mean F1 over the classes of `POLARITY` that occur in (truth, found) pairs of labels."""
    known = [(POLARITY.get(one.lower()), POLARITY.get(other.lower())) for one, other in labels]
    known = [pair for pair in known if pair[0] is not None]
    if not known:
        return None
    scores = []
    for name in sorted({one for one, _ in known if one is not None}):
        both = sum(one == other == name for one, other in known)
        either = sum(one == name for one, _ in known) + sum(other == name for _, other in known)
        scores.append(2 * both / either)
    return float(np.mean(scores))


def unit_scores(truth: Sequence[Event], found: Sequence[Event]) -> dict[str, float]:
    """Return, over the micro-expressions spotted, how often the strongest unit found is one that acted, and F1."""
    wanted = [event for event in truth if event.kind == "micro" and event.units]
    both = [(set(wanted[row].units), found[column].units) for row, column in pairs(wanted, found)]
    if not both:
        return {"first_right": 0.0, "f1": 0.0}
    shared = sum(len(one & set(other)) for one, other in both)
    return {
        "first_right": sum(bool(other) and other[0] in one for one, other in both) / len(both),
        "f1": 2 * shared / sum(len(one) + len(other) for one, other in both),
    }


def _alarms(
    truth: Sequence[Event], found: Sequence[Event], matched: Sequence[tuple[int, int]], wanted: Sequence[Event]
) -> dict[str, int]:
    """Count false alarms by what was going on: a macro-expression, a blink, a micro missed by little."""
    right = {column for _, column in matched}
    counts = {"in_macro": 0, "in_blink": 0, "at_micro": 0, "elsewhere": 0}
    for column, event in enumerate(found):
        if column in right:
            continue
        near = [other.kind for other in truth if other.video == event.video and iou(event, other) > 0]
        place = next((kind for kind in ("micro", "blink", "macro") if kind in near), "")
        counts[{"micro": "at_micro", "blink": "in_blink", "macro": "in_macro"}.get(place, "elsewhere")] += 1
    return counts

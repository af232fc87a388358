"""The tables of a report."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from mimika.data.episodes import Episode, Findings, Mixture
from mimika.data.facs import mean_asymmetry
from mimika.data.labels import ACTION_UNITS, FERPLUS, SIDED_UNITS
from mimika.data.opinion import Asked
from mimika.data.timeline import Timeline
from mimika.stages.write import page
from mimika.stages.write.units import UNIT_NAMES, graded, leaning, peak_of

ROWS_MAX = 40
_GRADE_A = 1.0
_UNITS_MAX = 6


def clock(time_s: float) -> str:
    """Return a time as minutes, seconds and tenths."""
    tenths = round(10 * time_s)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"


def seconds(length_s: float) -> str:
    """Return a length of time as people say it."""
    if length_s < 60:
        return f"{length_s:.1f} s"
    whole = round(length_s)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min {whole % 60} s" if whole % 60 else f"{minutes} min"


def episode_table(title: str, episodes: Sequence[Episode], timeline: Timeline) -> str:
    """Return episodes with the action units at their apex, or nothing if there are none."""
    if not episodes:
        return ""
    rows: list[tuple[str, ...]] = [
        (
            *(_what(episode), clock(episode.onset_s), clock(episode.apex_s), clock(episode.offset_s)),
            *(_length(episode.duration_s), peak_of(episode), f"{episode.confidence:.2f}"),
            units_at(timeline, episode.apex_s),
        )
        for episode in strongest(episodes)
    ]
    heads = ["", "onset", "apex", "offset", "length", "peak", "confidence", "action units at the apex"]
    if not any(row[-1] for row in rows):
        rows, heads = [row[:-1] for row in rows], heads[:-1]
    return f"<h3>{title}</h3>" + page.table(heads, rows, words=(7,)) + _more(len(episodes))


def _what(episode: Episode) -> str:
    side = f", {episode.side}" if episode.side in ("left", "right") else ""
    return episode.label.replace("_", " ") + side


def strongest(episodes: Sequence[Episode]) -> list[Episode]:
    """Return the strongest episodes in the order of time, as many as a table shows."""
    kept = sorted(episodes, key=lambda item: -item.peak)[:ROWS_MAX]
    return sorted(kept, key=lambda item: item.onset_s)


def units_at(timeline: Timeline, time_s: float) -> str:
    """Return the strongest action units at a time: `AU12 3.1 C, AU6 2.0 B`; L or R where one side was far stronger."""
    if not len(timeline):
        return ""
    both = np.nan_to_num(timeline.action_units[int(np.abs(timeline.time_s - time_s).argmin())])
    order = np.argsort(-both.max(axis=1), kind="stable")[:_UNITS_MAX]
    return ", ".join(_unit(ACTION_UNITS[row], *both[row].tolist()) for row in order if both[row].max() >= _GRADE_A)


def _unit(name: str, left: float, right: float) -> str:
    side = ""
    if name in SIDED_UNITS and min(left, right) < 0.5 * max(left, right):
        side = " L" if left > right else " R"
    return f"{name}{side} {graded(max(left, right))}"


def change_table(findings: Findings) -> str:
    """Return transitions and mixed states, or nothing if there are none."""
    parts = []
    if findings.transitions:
        changes = [
            (f"{change.origin} to {change.target}", clock(change.when_s), _length(change.duration_s))
            for change in findings.transitions[:ROWS_MAX]
        ]
        parts.append("<h3>From one expression to another</h3>" + page.table(("", "when", "took"), changes))
        parts.append(_more(len(findings.transitions), "first"))
    if findings.mixtures:
        rows = [
            (_known_as(mixed), clock(mixed.onset_s), clock(mixed.offset_s), _length(mixed.duration_s))
            for mixed in findings.mixtures[:ROWS_MAX]
        ]
        parts.append("<h3>Several at once</h3>" + page.table(("", "from", "to", "length"), rows))
        parts.append(_more(len(findings.mixtures), "first"))
    return "".join(parts)


def opinion_table(asked: Sequence[Asked]) -> str:
    """Return what a second model said and when, beside what this machine alone said then; nothing if it said nothing.

    An answer that was taken over from a moment before is not told again.
    """
    told = sorted((one for one in asked if one.outcome == "answered"), key=lambda one: one.time_s)
    rows = [
        (
            clock(one.time_s),
            _share(FERPLUS[int(one.local.argmax())], float(one.local.max())),
            _share(one.opinion.label, float(one.opinion.probabilities[FERPLUS.index(one.opinion.label)])),
            one.opinion.evidence,
        )
        for one in told[:ROWS_MAX]
        if one.opinion is not None
    ]
    if not rows:
        return ""
    models = ", ".join(dict.fromkeys(one.opinion.origin.removeprefix("cloud:") for one in told if one.opinion))
    about = f"<p>Asked about single moments: {escape(models)}. Rows of the table that name it hold both, mixed.</p>"
    heads = ("", "this machine", "second model", "what it says it sees")
    return "<h3>Second opinions</h3>" + about + page.table(heads, rows, words=(1, 2, 3)) + _more(len(told), "first")


def _known_as(mixed: Mixture) -> str:
    return f"{mixed}: {mixed.name}" if mixed.name else str(mixed)


def unit_table(episodes: Sequence[Episode], timeline: Timeline) -> str:
    """Return one line an action unit: how often, how long, how strong on either side; nothing without units."""
    if not episodes:
        return ""
    rows, leans = [], mean_asymmetry(timeline.action_units, timeline.seconds())
    for column, name in enumerate(ACTION_UNITS):
        own = [item for item in episodes if item.label == name]
        if own:
            both = timeline.action_units[:, column]
            left, right = np.nanmax(both, axis=0).tolist()
            sided = name in SIDED_UNITS
            sides = (graded(left), graded(right), leaning(leans[column])) if sided else ("", "", "")
            often, long = str(len(own)), seconds(sum(item.duration_s for item in own))
            rows.append((name, UNIT_NAMES[name], often, long, graded(max(left, right)), *sides))
    heads = ("unit", "", "episodes", "in all", "strongest", "left", "right", "stronger side")
    about = (
        "<p>Intensities are 0 to 5 with the letters of FACS: A is a trace, E the most that a face can do. Left and "
        "right are the subject's own. The stronger side comes with its mean lead while the unit acted: 0 is even, 1 "
        "is one side alone.</p>"
    )
    return "<h3>Action units</h3>" + about + page.table(heads, rows, words=(1,))


def _share(label: str, share: float) -> str:
    return f"{label} {100 * share:.0f} %"


def _length(length_s: float) -> str:
    return f"{1000 * length_s:.0f} ms" if length_s < 1 else f"{length_s:.1f} s"


def _more(count: int, which: str = "strongest") -> str:
    return f"<p>The {which} {ROWS_MAX} of {count}.</p>" if count > ROWS_MAX else ""

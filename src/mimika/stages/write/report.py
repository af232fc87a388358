"""One page about a recording: what each face did, when, and how it looked; to be sent, read and printed."""

from __future__ import annotations

import importlib.util
import shlex
from collections import Counter
from datetime import date
from html import escape
from pathlib import Path, PurePath
from typing import Self

import numpy as np

from mimika._version import __version__
from mimika.data.episodes import Episode, Findings
from mimika.data.errors import OutputError
from mimika.data.frame import SourceInfo
from mimika.data.labels import FERPLUS
from mimika.data.observation import Observation
from mimika.data.opinion import Asked
from mimika.data.timeline import Timeline
from mimika.stages.write import page
from mimika.stages.write.columns import plain
from mimika.stages.write.report_chart import INKS, timeline_svg
from mimika.stages.write.report_tables import change_table, clock, episode_table, opinion_table, seconds, unit_table
from mimika.stages.write.thumbnails import Shot, Thumbnails
from mimika.stages.write.whole import Find, Recording, WholeSink

FACES_MAX = 8
BRIEF = 0.03
"""Faces that were there for less than this part of the longest get no section."""
_SHOTS_MAX = 8
_AROUND_S = 0.2
_LIMITS = (
    "Names are of the expression that a face shows, not of what the person feels.",
    "Probabilities are calibrated on photos; in other light, on turned or covered faces and in other cultures they may "
    "be off.",
    "An episode begins where a probability reaches 0.5, or an action unit intensity 1 (grade A), and lasts until it "
    "falls to 0.35 or 0.5.",
    "These numbers are no diagnosis and no ground for a decision about a person.",
)
_MICRO = "The peak of a micro-expression is how far the skin moved, in pixels of a face 150 pixels wide."
_STATES = "States other than blinks are formulas over these measurements, with their sources in the documentation."


class ReportSink(WholeSink):
    """Writes the page as one HTML file with all pictures and charts inside.

    `blur` makes faces on its pictures unrecognisable. Pictures kept until the end take half a megabyte a face at most.

    Raises:
        OutputError: also if matplotlib is missing, before anything is analysed.
    """

    def __init__(
        self,
        path: Path,
        source: SourceInfo,
        find: Find,
        force: bool = False,
        blur: bool = False,
        command: tuple[str, ...] = (),
    ) -> None:
        super().__init__(path, source, find, force)
        self._thumbnails, self._blur, self._command = Thumbnails(blur), blur, command
        self._asked: list[Asked] = []

    def __enter__(self) -> Self:
        if importlib.util.find_spec("matplotlib") is None:
            raise OutputError(str(self.path), "a report needs matplotlib: pip install 'mimika[report]'")
        return super().__enter__()

    def write(self, observation: Observation) -> None:
        """Take note of one frame."""
        super().write(observation)
        self._thumbnails.add(observation)

    def hear(self, asked: Asked) -> None:
        """Take note of what a second model said."""
        self._asked.append(asked)

    def _text(self, recording: Recording) -> str:
        name = _name(recording.source.name)
        chosen, left_out = _chosen(recording)
        parts = [self._face(recording, timeline, findings) for timeline, findings in chosen]
        if not parts:
            parts = ["<section><h2>No face</h2><p>No face was found in this recording.</p></section>"]
        elif left_out:
            parts.append(f"<p>{left_out} more faces were there only briefly and have no section of their own.</p>")
        kicker = f"Face report · {date.today():%d %B %Y}"
        return page.page(kicker, name, _lead(recording), "".join(parts), self._footer(recording))

    def _face(self, recording: Recording, timeline: Timeline, findings: Findings) -> str:
        """Return the section of one face."""
        span = (recording.start_s, recording.end_s)
        svg = timeline_svg(timeline, findings, span)
        kinds = {
            kind: [item for item in findings.episodes if item.kind == kind]
            for kind in ("expression", "micro", "state", "action_unit")
        }
        parts = [
            f'<section class="face"><h2>Face {timeline.face}</h2><p>{escape(_presence(recording, timeline))}</p>',
            _shares(timeline),
            self._shots(kinds["expression"] + kinds["micro"]),
            f'<figure role="img" aria-label="Timeline of face {timeline.face}">{svg}'
            f"<figcaption>{_caption(timeline, findings)}</figcaption></figure>",
            episode_table("Expressions", kinds["expression"], timeline),
            episode_table("Micro-expressions", kinds["micro"], timeline),
            _states(kinds["state"], timeline),
            change_table(findings),
            opinion_table([one for one in self._asked if one.face == timeline.face]),
            unit_table(kinds["action_unit"], timeline),
        ]
        return "".join(parts) + "</section>"

    def _shots(self, episodes: list[Episode]) -> str:
        """Return the pictures at the strongest moments, in the order of time."""
        found: list[tuple[float, Episode, Shot]] = []
        for episode in _varied(episodes):
            window = (episode.onset_s - _AROUND_S, episode.offset_s + _AROUND_S)
            shot = self._thumbnails.near(episode.face, episode.label, *window)
            if shot is not None and len(found) < _SHOTS_MAX:
                found.append((shot.time_s, episode, shot))
        if not found:
            return ""
        told = [
            f'<div class="shot"><img src="{shot.address}" alt="{escape(episode.label)}">'
            f"<b>{escape(episode.label)}</b><br>{100 * shot.share:.0f}&nbsp;% <span>at {clock(time_s)}</span></div>"
            for time_s, episode, shot in sorted(found, key=lambda item: item[0])
        ]
        return f'<div class="shots">{"".join(told)}</div>'

    def _footer(self, recording: Recording) -> str:
        source = recording.source
        blurred = "Faces on pictures are made unrecognisable; the lines are what was measured." if self._blur else ""
        told = page.facts(
            (
                ("File", _name(source.name)),
                ("Picture", f"{recording.size[0]} × {recording.size[1]} pixels"),
                ("Frames", f"{recording.frames:,} analysed" + (f", {source.fps:.4g} a second" if source.fps else "")),
                ("Time", f"{recording.start_s:.3f} s to {recording.end_s:.3f} s of the recording"),
                (
                    "Command",
                    shlex.join(_name(word) if PurePath(word).is_absolute() else word for word in self._command),
                ),
                ("Made by", f"mimika {__version__}, {date.today().isoformat()}"),
                ("Pictures", blurred),
            )
        )
        told_of = {_MICRO: bool(recording.episodes("micro"))}
        told_of[_STATES] = any(item.label != "blink" for item in recording.episodes("state"))
        lines = (*_LIMITS, *(line for line, wanted in told_of.items() if wanted))
        limits = "".join(f"<li>{escape(line)}</li>" for line in lines)
        return f"<section><h2>How to read this</h2><ul>{limits}</ul><h3>What was analysed</h3>{told}</section>"


def _name(path: str) -> str:
    """Return a name without its folders, which are nobody's business who is sent the page."""
    return PurePath(plain(path)).name or plain(path)


def _chosen(recording: Recording) -> tuple[list[tuple[Timeline, Findings]], int]:
    """Return the faces that get a section, in the order of their ids, and how many do not."""
    pairs = list(zip(recording.timelines, recording.findings, strict=True))
    longest = max((len(timeline) for timeline, _ in pairs), default=0)
    long = sorted((pair for pair in pairs if len(pair[0]) >= BRIEF * longest), key=lambda pair: -len(pair[0]))
    chosen = sorted(long[:FACES_MAX], key=lambda pair: pair[0].face)
    return chosen, len(pairs) - len(chosen)


def _varied(episodes: list[Episode]) -> list[Episode]:
    """Return the episodes in the order in which they deserve a picture: the strongest of each label, then the rest."""
    strongest = sorted(episodes, key=lambda item: -item.peak)
    best = {(item.kind, item.label): item for item in reversed(strongest)}
    first = [item for item in strongest if best[item.kind, item.label] is item]
    return first + [item for item in strongest if best[item.kind, item.label] is not item]


def _lead(recording: Recording) -> str:
    """Return the first lines of the page and its large numbers."""
    shown = Counter(item.label for item in recording.episodes("expression"))
    faces, micro = len(recording.timelines), len(recording.episodes("micro"))
    seen = sum(float(timeline.seconds().sum()) for timeline in recording.timelines)
    blinks = sum(item.label == "blink" for item in recording.episodes("state"))
    values = [
        (seconds(recording.length_s), "recorded"),
        _counted(faces, "face", "faces"),
        (seconds(seen), "of faces measured"),
        _counted(sum(shown.values()), "episode of an expression", "episodes of expressions"),
        *([_counted(micro, "micro-expression", "micro-expressions")] if micro else []),
        *([_counted(blinks, "blink", "blinks")] if blinks else []),
    ]
    most = ", ".join(label if count == 1 else f"{label} ({count} times)" for label, count in shown.most_common(5))
    told = f"What the faces showed: {most}." if most else "No face showed an expression for long enough to count."
    return f"<p>{escape(told)}</p>{page.tiles(values)}"


def _counted(count: int, one: str, many: str) -> tuple[str, str]:
    return str(count), one if count == 1 else many


def _presence(recording: Recording, timeline: Timeline) -> str:
    there, whole = float(timeline.seconds().sum()), recording.length_s
    share = f", {min(100 * there / whole, 100):.0f} % of the recording" if whole > 0 else ""
    width = float(np.median(timeline.boxes[:, 2]))
    return (
        f"There from {clock(timeline.time_s[0])} to {clock(timeline.time_s[-1])} for {seconds(there)}{share}; "
        f"about {width:.0f} pixels wide."
    )


def _caption(timeline: Timeline, findings: Findings) -> str:
    parts = [
        "probabilities of the expressions",
        "episodes" if findings.episodes else "",
        "action units, standing out the more the stronger they are" if np.isfinite(timeline.action_units).any() else "",
        "head pose (pitch + up, yaw + to the subject's left, roll + clockwise)",
        "openness of the eyes (1 is calmly open)" if np.isfinite(timeline.eye_openness).any() else "",
    ]
    return "From the top: " + "; ".join(part for part in parts if part) + "."


def _shares(timeline: Timeline) -> str:
    """Return a bar of how much of the time each expression had, weighed by its probability."""
    weights = timeline.seconds() if len(timeline) > 1 else np.ones(len(timeline))
    means = np.average(timeline.probabilities, axis=0, weights=weights if weights.sum() > 0 else None)
    order = [label for label in FERPLUS if means[FERPLUS.index(label)] >= 0.005]
    parts = "".join(
        f'<div style="width:{100 * means[FERPLUS.index(label)]:.2f}%;background:{INKS[label]}"></div>'
        for label in order
    )
    legend = "".join(
        f'<span><i class="dot" style="background:{INKS[label]}"></i>{label} '
        f"<b>{100 * means[FERPLUS.index(label)]:.0f} %</b></span>"
        for label in order
    )
    return f'<div class="shares">{parts}</div><div class="legend">{legend}</div>'


def _states(episodes: list[Episode], timeline: Timeline) -> str:
    """Return blinks as a count and a rate, and other states as a table."""
    blinks = [item for item in episodes if item.label == "blink"]
    minutes = float(timeline.seconds().sum()) / 60
    told = ""
    if blinks and minutes > 0:
        mean = 1000 * float(np.mean([item.duration_s for item in blinks]))
        many = f"{len(blinks)} blink" + "s" * (len(blinks) > 1)
        told = f"<p>{many}, {len(blinks) / minutes:.0f} a minute, {mean:.0f} ms long on average.</p>"
    rest = [item for item in episodes if item.label != "blink"]
    return (f"<h3>Eyes</h3>{told}" if told else "") + episode_table("States", rest, timeline)

"""What is told of a recording once its rows are complete: episodes, events, a summary for each face."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mimika.data.episodes import Episode, Findings
from mimika.data.errors import StoreMissing
from mimika.data.opinion import Asked
from mimika.data.timeline import Timeline
from mimika.events import Events
from mimika.stages.timeline.episodes import blinks, find, unit_episodes
from mimika.stages.timeline.summary import summary
from mimika.web.series import MOVEMENT, NAMES, observations_of, timelines_of

if TYPE_CHECKING:
    from mimika.data.events import Event
    from mimika.store import Recording, Store

_SPAN_S = 120.0
_OF_EXPRESSIONS = (
    *("labels", "expressions", "episodes", "episodes_per_minute", "transitions", "transitions_per_minute"),
    *("mixtures", "mixed_seconds"),
)


def conclude(
    store: Store, recording: Recording, status: str, error: str | None = None, events: Sequence[Event] | None = None
) -> Sequence[Event]:
    """Write episodes, events and summary of a recording whose rows are complete; returns the events.

    `events` are those that were told while it was made, None to find them by the rules.
    Doing it again, after a process was killed in the midst of it, gives the same.
    """
    owner, key = recording.owner, recording.id
    found = list(findings_of(store, recording))
    store.add_findings(owner, key, [each for _, each in found])
    if events is None:
        events = events_of(store, recording) if recording.mode == "expressions" else []
    store.add_events(owner, key, events, replace=True)
    told = told_of(recording, found) | asked_of(store.opinions(owner, key)) | {"error": error}
    store.update_recording(owner, key, summary=recording.summary | told, status=status)
    return events


def tend(store: Store, quiet_s: float = 600.0) -> int:
    """Conclude live recordings whose server was killed; returns how many there were.

    One that goes on after all is concluded again at its end.
    """
    found = store.abandoned(quiet_s)
    for recording in found:
        with suppress(StoreMissing):
            conclude(store, recording, "interrupted", events=store.events(recording.owner, recording.id))
    return len(found)


def findings_of(store: Store, recording: Recording) -> list[tuple[Timeline, Findings]]:
    """Return what each face did; without expressions and states where the purpose allows action units only."""
    columns = [*NAMES, MOVEMENT] if recording.kind == "video" and recording.mode == "expressions" else list(NAMES)
    table = store.rows(recording.owner, recording.id, columns=columns)
    lines = timelines_of(table, recording.name, recording.summary.get("unsure_below") or 0.0)
    if recording.mode == "expressions":
        return [(line, find(line)) for line in lines]
    return [(line, units_only(line)) for line in lines]


def units_only(timeline: Timeline) -> Findings:
    """Return the episodes of action units, and blinks."""
    episodes = sorted([*unit_episodes(timeline), *blinks(timeline)], key=lambda item: (item.onset_s, item.label))
    return Findings(timeline.face, episodes)


def events_of(store: Store, recording: Recording) -> list[Event]:
    """Return the events that the rules make of stored rows."""
    events = Events()
    found: list[Event] = []
    last = store.last_time(recording.owner, recording.id) or 0.0
    start = 0.0
    while start <= last:
        table = store.rows(recording.owner, recording.id, start_s=start, end_s=start + _SPAN_S, columns=list(NAMES))
        for observation in observations_of(table, (1, 1), recording.name):
            found += events.follow(observation)
        start += _SPAN_S
    return found + events.finish()


def told_of(recording: Recording, found: list[tuple[Timeline, Findings]]) -> dict[str, Any]:
    """Return the summary of a recording, ready for JSON."""
    faces = [summary(line, each) for line, each in found]
    if recording.mode != "expressions":
        faces = [{name: value for name, value in face.items() if name not in _OF_EXPRESSIONS} for face in faces]
    return {
        "faces": faces,
        "remarks": sorted({remark for _, each in found for remark in each.remarks}),
    }


def asked_of(asked: Sequence[Asked]) -> dict[str, Any]:
    """Return what a recording's summary says of second opinions: counts by outcome, cost, and a line for each failure.

    Nothing where none were asked for.
    """
    if not asked:
        return {}
    failed = {one.outcome: one.reason for one in asked if one.opinion is None}
    counts = Counter(one.outcome for one in asked)
    cost = sum(one.opinion.cost_usd or 0.0 for one in asked if one.opinion is not None)
    lines = [f"{counts[kind]} not had ({reason}); the local answer stands" for kind, reason in failed.items()]
    return {"second_opinion": {"outcomes": dict(counts), "cost_usd": round(cost, 6), "failures": lines}}


def episode_out(episode: Episode) -> dict[str, Any]:
    """Return an episode as it goes over the wire."""
    times = {name: round(getattr(episode, name), 4) for name in ("onset_s", "apex_s", "offset_s", "duration_s")}
    kept = {"kind": episode.kind, "label": episode.label, "side": episode.side, "face": episode.face}
    strength = {"peak": round(episode.peak, 4), "letter": episode.letter, "confidence": round(episode.confidence, 4)}
    return kept | times | strength


def opinion_out(asked: Asked) -> dict[str, Any]:
    """Return a question to a second model, and what became of it, as it goes over the wire."""
    plain = {name: value for name, value in asked.as_json().items() if name != "source"}
    return {"face": plain.pop("face_id")} | plain


def findings_out(found: list[Findings]) -> dict[str, Any]:
    """Return what all faces did as it goes over the wire, in the order of time."""
    episodes = sorted((item for each in found for item in each.episodes), key=lambda item: item.onset_s)
    transitions = sorted((item for each in found for item in each.transitions), key=lambda item: item.start_s)
    mixtures = sorted((item for each in found for item in each.mixtures), key=lambda item: item.onset_s)
    return {
        "episodes": [episode_out(item) for item in episodes],
        "transitions": [asdict(item) for item in transitions],
        "mixtures": [asdict(item) for item in mixtures],
    }

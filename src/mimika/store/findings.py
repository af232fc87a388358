"""What was found in recordings: episodes, transitions, mixed states, events."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from mimika.data._check import one_of
from mimika.data.episodes import KINDS, Episode, Findings, Mixture, Transition
from mimika.data.events import Event
from mimika.data.opinion import Asked
from mimika.store import tables
from mimika.store.database import Database
from mimika.store.recordings import own_row
from mimika.store.values import plain_json

EPISODES, EVENTS = tables.episodes, tables.events
_TRANSITION, _MIXTURE, _REMARK, _OPINION = "transition", "mixture", "remark", "opinion"
_ALL = (*KINDS, _TRANSITION, _MIXTURE, _REMARK)


class Found(Database):
    """The part of the memory that keeps what faces did."""

    def add_episodes(self, owner: str, recording: str, episodes: Sequence[Episode], *, replace: bool = False) -> None:
        """Add episodes; `replace` first forgets those of the recording, for an analysis that was done again.

        Raises:
            StoreMissing: if there is no such recording of the owner.
        """
        with self.writing() as connection:
            own_row(connection, owner, recording, lock=True)
            if replace:
                _forget(connection, recording, KINDS)
            _insert(connection, recording, [_of_episode(episode) for episode in episodes])

    def episodes(self, owner: str, recording: str, kind: str | None = None) -> list[Episode]:
        """Return the episodes of a recording in the order of time, all or those of one kind.

        Raises:
            OptionError: for an unknown kind.
            StoreMissing: if there is no such recording of the owner.
        """
        kinds = KINDS if kind is None else (one_of("kind", kind, KINDS),)
        return [_episode(row) for row in self._found(owner, recording, kinds)]

    def add_findings(self, owner: str, recording: str, findings: Sequence[Findings]) -> None:
        """Keep all that each face did, episodes, transitions and mixtures, in place of what was kept before.

        Raises:
            StoreMissing: if there is no such recording of the owner.
        """
        rows = [_of_episode(item) for each in findings for item in each.episodes]
        rows += [_of_transition(item) for each in findings for item in each.transitions]
        rows += [_of_mixture(item) for each in findings for item in each.mixtures]
        rows += [_row(_REMARK, remark, (0.0, 0.0, 0.0), each.face) for each in findings for remark in each.remarks]
        with self.writing() as connection:
            own_row(connection, owner, recording, lock=True)
            _forget(connection, recording, _ALL)
            _insert(connection, recording, rows)

    def findings(self, owner: str, recording: str) -> list[Findings]:
        """Return all that each face of a recording did, in the order of the faces.

        Raises:
            StoreMissing: if there is no such recording of the owner.
        """
        faces: dict[int, Findings] = {}
        for row in self._found(owner, recording, _ALL):
            of_face = faces.setdefault(row.face, Findings(row.face))
            if row.kind == _TRANSITION:
                of_face.transitions.append(_transition(row))
            elif row.kind == _REMARK:
                of_face.remarks.append(row.label)
            elif row.kind == _MIXTURE:
                of_face.mixtures.append(_mixture(row))
            else:
                of_face.episodes.append(_episode(row))
        return [faces[face] for face in sorted(faces)]

    def add_opinions(self, owner: str, recording: str, asked: Sequence[Asked]) -> None:
        """Add what became of questions to a second model; nothing that was kept before is changed.

        Raises:
            StoreMissing: if there is no such recording of the owner.
        """
        with self.writing() as connection:
            own_row(connection, owner, recording, lock=True)
            _insert(connection, recording, [_of_asked(one) for one in asked])

    def opinions(self, owner: str, recording: str) -> list[Asked]:
        """Return what became of all questions to a second model, in the order of time.

        Raises:
            StoreMissing: if there is no such recording of the owner.
        """
        return [Asked.from_json(row.more) for row in self._found(owner, recording, (_OPINION,))]

    def add_events(self, owner: str, recording: str, events: Sequence[Event], *, replace: bool = False) -> None:
        """Add events; `replace` first forgets those of the recording.

        Raises:
            StoreMissing: if there is no such recording of the owner.
        """
        rows = [
            {name: getattr(event, name) for name in ("rule", "phase", "face", "time_s")}
            | {"recording": recording, "more": plain_json(asdict(event))}
            for event in events
        ]
        with self.writing() as connection:
            own_row(connection, owner, recording, lock=True)
            if replace:
                connection.execute(delete(EVENTS).where(EVENTS.c.recording == recording))
            if rows:
                connection.execute(insert(EVENTS), rows)

    def events(self, owner: str, recording: str) -> list[Event]:
        """Return the events of a recording in the order of time.

        Raises:
            StoreMissing: if there is no such recording of the owner.
        """
        wanted = select(EVENTS.c.more).where(EVENTS.c.recording == recording).order_by(EVENTS.c.time_s, EVENTS.c.id)
        with self.reading() as connection:
            own_row(connection, owner, recording)
            return [Event(**more | {"value": _number(more["value"])}) for more in connection.scalars(wanted)]

    def _found(self, owner: str, recording: str, kinds: Iterable[str]) -> list[Row[Any]]:
        wanted = select(EPISODES).where(EPISODES.c.recording == recording, EPISODES.c.kind.in_(kinds))
        with self.reading() as connection:
            own_row(connection, owner, recording)
            return list(connection.execute(wanted.order_by(EPISODES.c.onset_s, EPISODES.c.id)))


def _forget(connection: Connection, recording: str, kinds: Iterable[str]) -> None:
    connection.execute(delete(EPISODES).where(EPISODES.c.recording == recording, EPISODES.c.kind.in_(kinds)))


def _insert(connection: Connection, recording: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(EPISODES), [row | {"recording": recording} for row in rows])


def _row(kind: str, label: str, times: tuple[float, float, float], face: int, **more: Any) -> dict[str, Any]:
    onset, apex, offset = (float(time) for time in times)
    empty = {"side": "", "peak": None, "confidence": None, "more": None}
    named = {"kind": kind, "label": label, "onset_s": onset, "apex_s": apex, "offset_s": offset, "face": int(face)}
    return empty | named | more


def _of_episode(item: Episode) -> dict[str, Any]:
    values = {"side": item.side, "peak": plain_json(float(item.peak)), "confidence": plain_json(float(item.confidence))}
    return _row(item.kind, item.label, (item.onset_s, item.apex_s, item.offset_s), item.face, **values)


def _of_transition(item: Transition) -> dict[str, Any]:
    times = (item.start_s, item.when_s, item.end_s)
    return _row(_TRANSITION, item.target, times, item.face, more={"origin": item.origin})


def _of_mixture(item: Mixture) -> dict[str, Any]:
    times = (item.onset_s, item.onset_s, item.offset_s)
    return _row(_MIXTURE, item.name, times, item.face, more={"shares": plain_json(item.shares)})


def _of_asked(asked: Asked) -> dict[str, Any]:
    label = asked.opinion.label if asked.opinion is not None else asked.outcome
    times = (asked.time_s, asked.time_s, asked.time_s)
    # 63 bits are more than some readers of JSON take for a whole number.
    return _row(_OPINION, label, times, asked.face, more=plain_json(asked.as_json() | {"look": f"{asked.look:x}"}))


def _episode(row: Row[Any]) -> Episode:
    times = (row.onset_s, row.apex_s, row.offset_s)
    return Episode(row.kind, row.label, row.side, *times, _number(row.peak), _number(row.confidence), row.face)


def _transition(row: Row[Any]) -> Transition:
    return Transition(row.more["origin"], row.label, row.onset_s, row.apex_s, row.offset_s, row.face)


def _mixture(row: Row[Any]) -> Mixture:
    shares = tuple((str(label), float(share)) for label, share in row.more["shares"])
    return Mixture(shares, row.label, row.onset_s, row.offset_s, row.face)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)

"""What the memory hands out: plain, frozen records; nothing in them reaches back into the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from mimika.data.baseline import Baseline
from mimika.data.errors import OptionError
from mimika.data.purpose import Purpose

KINDS = ("video", "live", "photo")
STATUSES = ("open", "complete", "interrupted", "failed")
JOB_STATUSES = ("queued", "running", "done", "failed", "cancelled")
SCOPES = ("read", "analyze", "admin")


@dataclass(frozen=True, slots=True)
class Recording:
    """One video, live session or photo of an owner.

    `started_at` is when it was taken if known, else when it came; times of day are timezone-aware UTC. `frames` are
    the analysed frames with or without a face, `faces` the different ones, `labels` how many rows have each label;
    `append_rows` keeps these and `duration_s` up to date. `person` is the id of a profile. `media_path` is set only
    where keeping was asked for; `expires_at` is when `sweep` deletes it, None never.
    """

    id: str
    owner: str
    name: str
    kind: str
    created_at: datetime
    started_at: datetime
    duration_s: float
    width: int
    height: int
    fps: float
    frames: int
    faces: int
    labels: dict[str, int]
    model: str
    mode: str
    purpose: Purpose | None
    person: str | None
    notes: str
    keep_media: bool
    media_path: str | None
    expires_at: datetime | None
    status: str
    summary: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return it for an answer: no path, but whether media is there."""
        return _plain(self, without=("media_path",)) | {"media": self.media_path is not None}


@dataclass(frozen=True, slots=True)
class Profile:
    """A person an owner follows over several recordings, with the neutral face if it was measured."""

    id: str
    owner: str
    name: str
    notes: str
    created_at: datetime
    baseline: Baseline | None

    def as_json(self, shape: bool = False) -> dict[str, Any]:
        """Return it for an answer; the baseline's 1,404 numbers of the shape only when wanted."""
        baseline = None if self.baseline is None else self.baseline.as_json(shape)
        return _plain(self, without=("baseline",)) | {"baseline": baseline}


@dataclass(frozen=True, slots=True)
class Job:
    """A video waiting for, in or after its analysis.

    `input_path` is the uploaded file; `time_s` is how far into the recording it has come; `worker` holds it until
    `lease_until`, then another may take it; `attempts` counts who has taken it.
    """

    id: str
    owner: str
    recording: str
    status: str
    input_path: str
    options: dict[str, Any]
    frames_done: int
    frames_total: int
    time_s: float
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    worker: str | None
    lease_until: datetime | None
    attempts: int

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ("done", "failed", "cancelled")

    def as_json(self) -> dict[str, Any]:
        """Return it for an answer, without the path of the input and who works on it."""
        return _plain(self, without=("input_path", "worker", "lease_until"))


@dataclass(frozen=True, slots=True)
class Token:
    """What a client shows to be let in; the secret itself is not here and not kept."""

    id: str
    name: str
    owner: str
    scopes: frozenset[str]
    created_at: datetime
    revoked_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        """Return it for an answer."""
        return _plain(self, without=("scopes",)) | {"scopes": [scope for scope in SCOPES if scope in self.scopes]}


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to which subject, when; ids and numbers, no images and no names of persons."""

    id: int
    at: datetime
    action: str
    owner: str
    subject: str
    details: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it for an answer."""
        return _plain(self)


def known(what: str, given: Mapping[str, Any], allowed: frozenset[str]) -> None:
    """Check that only fields that exist are named.

    Raises:
        OptionError: naming those that do not.
    """
    strange = sorted(set(given) - allowed)
    if strange:
        raise OptionError(f"{what}: no such field: {', '.join(strange)}")


def _plain(record: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:
    values = {each.name: getattr(record, each.name) for each in fields(record) if each.name not in without}
    return {name: _json(value) for name, value in values.items()}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.as_json() if isinstance(value, Purpose) else value

"""What is told of jobs, recordings and profiles over the wire: the models behind the OpenAPI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mimika.web.schemas import Mode, PurposeIn, PurposeOut

if TYPE_CHECKING:
    from mimika.store import Job, Profile, Recording


class JobOut(BaseModel):
    """A video waiting for, in or after its analysis."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(examples=["0f8d5c3e0b7a4d3f9f1c2a7b6c5d4e3f"])
    recording: str = Field(description="the recording that its rows go to")
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    options: dict[str, Any] = Field(description="what was chosen on upload")
    frames_done: int
    frames_total: int = Field(description="0 where the file does not say")
    time_s: float = Field(description="how far into the recording the analysis is")
    error: str | None = Field(description="why it failed; what could be read is in the recording")
    created_at: str
    started_at: str | None
    finished_at: str | None
    attempts: int


class JobsOut(BaseModel):
    """The newest jobs."""

    jobs: list[JobOut]


class RecordingOut(BaseModel):
    """A recording and what was found in it."""

    model_config = ConfigDict(extra="ignore")

    id: str
    name: str = Field(examples=["interview.mp4"])
    kind: Literal["video", "live", "photo"]
    created_at: str
    started_at: str
    duration_s: float
    width: int
    height: int
    fps: float
    frames: int = Field(description="analysed frames, with or without a face")
    faces: int = Field(description="different faces")
    labels: dict[str, int] = Field(description="how many rows resemble each expression")
    model: str
    mode: Mode
    purpose: PurposeOut | None
    person: str | None = Field(description="id of a profile")
    notes: str
    keep_media: bool
    media: bool = Field(description="whether the file itself is kept")
    expires_at: str | None
    status: Literal["open", "complete", "interrupted", "failed"]
    summary: dict[str, Any]


class UploadOut(BaseModel):
    """The job that was made, and the recording it fills."""

    job: JobOut
    recording: RecordingOut


class RecordingsOut(BaseModel):
    """A page of recordings, newest first; `next` goes into `after` for the page that follows."""

    recordings: list[RecordingOut]
    next: str | None


class RecordingChange(BaseModel):
    """What can be changed of a recording; `retention_days` null keeps it for ever."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, min_length=1, max_length=200)
    notes: str | None = Field(None, max_length=20_000)
    person: str | None = Field(None, max_length=64)
    retention_days: float | None = Field(None, gt=0, le=36_500)


class ProfileIn(BaseModel):
    """A person who is followed over several recordings."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200, examples=["P07"])
    notes: str = Field("", max_length=20_000)


class ProfileChange(BaseModel):
    """What can be changed of a profile."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, min_length=1, max_length=200)
    notes: str | None = Field(None, max_length=20_000)


class ProfileOut(BaseModel):
    """A profile; `baseline` tells of the neutral face, without its shape."""

    model_config = ConfigDict(extra="ignore")

    id: str
    name: str
    notes: str
    created_at: str
    baseline: dict[str, Any] | None


class ProfilesOut(BaseModel):
    """All profiles, by name."""

    profiles: list[ProfileOut]


class SpanIn(BaseModel):
    """A stretch of a recording in which the person looks neutral; `face` is needed where there are several."""

    model_config = ConfigDict(extra="forbid")

    recording: str = Field(max_length=64)
    start_s: float = Field(ge=0, le=1e7, allow_inf_nan=False)
    end_s: float = Field(gt=0, le=1e7, allow_inf_nan=False)
    face: int | None = Field(None, ge=0, le=1 << 31)


class LiveStart(BaseModel):
    """The first message of a live socket."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["start"]
    token: str | None = Field(None, max_length=200)
    options: dict[str, Any] = Field(default_factory=dict)
    purpose: PurposeIn | None = None
    record: bool = False
    name: str | None = Field(None, max_length=200)
    person: str | None = Field(None, max_length=64)
    resume: str | None = Field(None, max_length=64)


def job_out(job: Job) -> JobOut:
    """Return a job as it goes over the wire."""
    return JobOut.model_validate(job.as_json() | {"options": job.options.get("choice", {})})


def recording_out(recording: Recording) -> RecordingOut:
    """Return a recording as it goes over the wire; no labels where the purpose allows action units only."""
    plain = recording.as_json()
    purpose = recording.purpose
    if purpose is not None:
        told = {name: getattr(purpose, name) for name in ("kind", "ground", "note", "declared_by", "declared_at")}
        plain["purpose"] = told | {"mode": recording.mode}
    return RecordingOut.model_validate(plain)


def profile_out(profile: Profile) -> ProfileOut:
    """Return a profile as it goes over the wire."""
    return ProfileOut.model_validate(profile.as_json())
